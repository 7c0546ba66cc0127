"""`guard poetry …`: poetry itself behind the gateway, in the project around the working folder."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from guard.cli.uv_words import Plan
from guard.cli.wrapped_other import Other
from guard.errors import UnsupportedError
from guard.gateway import poetry_project, poetry_settings
from guard.gateway.poetry_project import Project
from guard.gateway.project import Sources
from guard.install import configuration
from guard.install.configuration import Configuration
from guard.model import Index, index_url
from guard.wrappers.coverage import Classified
from guard.wrappers.tools import Tool

_OF_THE_LOCK: Final = frozenset({"install", "sync"})
"""The commands that take the releases that `poetry.lock` names."""

_ENDS: Final = (".whl", ".zip", ".tar.gz", ".tar.bz2")


def run(found: Classified, words: Sequence[str], tool: Tool) -> int:
    """Run poetry's `words` behind the gateway; return the exit code."""
    asks = found.command in {("add",), ("debug", "resolve")}
    asked = tuple(_asked(found.positionals)) if asks else ()
    project = poetry_project.of_poetry(
        Path.cwd(),
        plugins=not found.has("--no-plugins"),
        beside=[Path(word) for word in found.positionals if Path(word).is_dir()],
    )
    pins = project.pins if project and found.command[0] in _OF_THE_LOCK else ()
    plan = Plan(prepare=tuple(words), requirements=(*asked, *pins))
    only = found.command[0] in {"debug", "lock"} or found.has("--lock") or found.has("--dry-run")
    return Poetry(plan, project, changes=not only).prepare(str(tool.path))


class Poetry(Other):
    """One command of poetry."""

    def __init__(self, plan: Plan, project: Project | None, *, changes: bool) -> None:
        self._project = project
        self.changes = changes
        again = {canonicalize_name(each.name) for each in plan.requirements}
        required = project.requirements if project else ()
        self._of_user = poetry_settings.read(os.environ, project)
        super().__init__(
            plan,
            prefixes=("POETRY_",),
            sources=Sources(
                requirements=tuple(r for r in required if canonicalize_name(r.name) not in again),
                files=project.files if project else (),
                locked=project.locked if project else {},
            ),
            configuration=self._configured(),
            places=poetry_settings.places(self._of_user, project) if project else (),
        )

    def _configured(self) -> Configuration:
        found: dict[str, Index] = {}
        for source in self._project.sources if self._project else ():
            url = source.url or configuration.built_in(Path(sys.executable))
            index = configuration.index(url)
            given = index.credentials or self._of_user.credentials(source.name)
            found.setdefault(index_url(url), Index(url=index.url, credentials=given))
        trusted = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
        return Configuration(
            indexes=tuple(found.values()), ca_bundle=self._of_user.certificate or trusted
        )

    def _settings(self) -> Path:
        return poetry_settings.write(self._of_user, self._folder)

    def _variables(self, authority: Path) -> dict[str, str]:
        return poetry_settings.variables(
            self._of_user,
            self._project,
            authority=authority,
            cache=self.cache,
            config=self.config,
        )


def _asked(words: Sequence[str]) -> Iterator[Requirement]:
    """Yield what is asked for by name. Raises `UnsupportedError` for what is on no index."""
    for word in words:
        if Path(word).is_dir():
            continue  # the user's own, and read with the project
        if "://" in word or word.startswith("git+") or "/" in word or word.endswith(_ENDS):
            raise UnsupportedError(
                f"`poetry add {word.partition('://')[0]}…` is not supported behind the gateway"
                if "://" in word
                else f"`poetry add {word}` is not supported behind the gateway",
                reason="a URL, a repository or a file is on no index",
                hint="name a release of an index, or a folder of your own",
            )
        name, _, constraint = word.partition("@")
        try:
            yield Requirement(word)
        except InvalidRequirement:
            found = poetry_project.requirement(name, constraint)
            if found is not None and canonicalize_name(found.name):
                yield found
