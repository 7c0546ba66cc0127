"""`guard pdm …`: pdm itself behind the gateway, in the project around the working folder."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from guard.cli.become import become
from guard.cli.uv_words import Plan
from guard.cli.wrapped_other import Other
from guard.errors import UnsupportedError
from guard.gateway import pdm_project, pdm_settings
from guard.gateway.pdm_project import Project
from guard.gateway.project import Sources
from guard.install import configuration
from guard.install.configuration import Configuration
from guard.model import Credentials, Index
from guard.wrappers.coverage import Classified
from guard.wrappers.coverage.environment import for_passed
from guard.wrappers.tools import Tool

_OF_THE_LOCK: Final = frozenset({"install", "sync"})
"""The commands that take the releases that `pdm.lock` names."""

_HEAD: Final = 1 << 20
"""Bytes of a script in which its metadata are looked for."""


def run(found: Classified, words: Sequence[str], tool: Tool) -> int:
    """Run pdm's `words` behind the gateway; return the exit code."""
    if found.command == ("run",):
        _check_script(found.trailing)
        become([str(tool.path), *words], for_passed("pdm", os.environ))
    asked = tuple(_asked(found.positionals)) if found.command == ("add",) else ()
    project = pdm_project.of_pdm(
        Path.cwd(),
        os.environ,
        hooks=":all" not in ",".join(found.values("--skip")).split(","),
        beside=[Path(word) for word in found.positionals if Path(word).is_dir()],
    )
    pins = project.pins if project and found.command[0] in _OF_THE_LOCK else ()
    plan = Plan(prepare=tuple(words), requirements=(*asked, *pins), refresh=found.has("--refresh"))
    only = found.command[0] in {"lock", "show"} or found.has("--no-sync") or found.has("--dry-run")
    return Pdm(plan, project, changes=not only).prepare(str(tool.path))


def _check_script(trailing: Sequence[str]) -> None:
    """Refuse a script for which pdm would install what its metadata name (PEP 723)."""
    path = Path(trailing[0]) if trailing else Path()
    if path.is_file():
        with path.open("rb") as stream:
            if b"# /// " in stream.read(_HEAD):
                raise UnsupportedError(
                    f"`pdm run {path.name}` is not supported",
                    reason="pdm would install what it names, and run it, in one go",
                    hint=f"`guard uv run {path}`",
                )


class Pdm(Other):
    """One command of pdm."""

    def __init__(self, plan: Plan, project: Project | None, *, changes: bool) -> None:
        self._project = project
        self.changes = changes
        self._of_user = pdm_settings.read(os.environ, project)
        again = {canonicalize_name(each.name) for each in plan.requirements}
        required = project.requirements if project else ()
        super().__init__(
            plan,
            prefixes=("PDM_",),
            sources=Sources(
                requirements=tuple(r for r in required if canonicalize_name(r.name) not in again),
                files=project.files if project else (),
                locked=project.locked if project else {},
            ),
            configuration=self._configured(),
            places=tuple(pdm_settings.places(self._of_user, project)) if project else (),
        )

    def _configured(self) -> Configuration:
        found: dict[str, Index] = {}
        for source in self._of_user.sources(self._project):
            url = source.url or (
                configuration.built_in(Path(sys.executable)) if source.name == "pypi" else ""
            )
            if not url:
                continue
            index = configuration.index(url)
            given = index.credentials
            if given is None and source.username:
                given = Credentials(source.username, source.password or "")
            found.setdefault(index.url, Index(url=index.url, credentials=given))
        return Configuration(
            indexes=tuple(found.values()),
            ca_bundle=os.environ.get("REQUESTS_CA_BUNDLE")
            or os.environ.get("CURL_CA_BUNDLE")
            or self._certificate,
        )

    @property
    def _certificate(self) -> str | None:
        said = self._of_user.own.get("pypi.ca_certs")
        return said if isinstance(said, str) else None

    def _settings(self) -> Path:
        return pdm_settings.write(self._of_user, self._folder)

    def _variables(self, authority: Path) -> dict[str, str]:
        _ = authority  # pdm heeds the variables that all tools have
        return pdm_settings.variables(self._of_user, cache=self.cache, config=self.config)


def _asked(words: Sequence[str]) -> Iterator[Requirement]:
    """Yield what is asked for by name. Raises `UnsupportedError` for what is on no index."""
    for word in words:
        if Path(word).is_dir():
            continue  # the user's own, and read with the project
        try:
            requirement = Requirement(word)
        except InvalidRequirement:
            requirement = None
        if requirement is None or requirement.url is not None:
            shown = requirement.name if requirement else word.partition("://")[0]
            raise UnsupportedError(
                f"`pdm add {shown}…` is not supported behind the gateway",
                reason="a URL, a repository or a file is on no index",
                hint="name a release of an index, or a folder of your own",
            )
        yield requirement
