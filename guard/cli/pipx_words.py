"""`guard pipx …`: pipx itself behind the gateway, and the pip or uv that it starts.

`pipx run` takes two steps: what it needs is prepared behind the gateway, with a program that does
nothing; then the user's program is started as pipx would, without any of it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from guard.cli.pipx_program import NOWHERE, REPORT, start
from guard.cli.uv_words import Plan
from guard.cli.wrapped_other import Other
from guard.errors import UnsupportedError
from guard.gateway import child, indexes, pipx_home, settings
from guard.gateway.pipx_home import Home, Installed
from guard.gateway.project import Sources
from guard.install import configuration
from guard.install._base import scratch
from guard.install.configuration import Configuration
from guard.private import private_folder
from guard.request import IndexOptions, Request, read
from guard.wrappers.coverage import Classified
from guard.wrappers.coverage.environment import for_passed
from guard.wrappers.tools import Tool

_NAMED: Final = frozenset({"--preinstall", "--with", "--spec"})
_AGAIN: Final = frozenset(
    {"inject", "reinstall", "reinstall-all", "repair", "upgrade", "upgrade-all"}
)
"""The commands that install once more what is there."""


def run(found: Classified, words: Sequence[str], tool: Tool) -> int:
    """Run pipx's `words` behind the gateway; return the exit code."""
    (command,) = found.command
    plan = Plan(prepare=tuple(words), requirements=tuple(_asked(found, command)))
    home = pipx_home.home(
        str(tool.path), for_passed("pipx", os.environ), globally=found.has("--global")
    )
    if command == "run":
        return _run(found, words, plan, home, tool)
    names = found.positionals[:1] if command == "inject" else found.positionals
    everything = command.endswith("-all") or command == "repair"
    there = tuple(pipx_home.installed(home, () if everything else names))
    if command not in _AGAIN:
        there = ()
    return Pipx(plan, home, found, there).prepare(str(tool.path))


def _run(found: Classified, words: Sequence[str], plan: Plan, home: Home, tool: Tool) -> int:
    """Prepare a program behind the gateway, and become it."""
    if not found.trailing:
        raise UnsupportedError("`pipx run` without a program is not supported")
    app, *given = found.trailing
    spec = next(iter(found.values("--spec")), None)
    _check_program(app, found)
    own = [*_without(words[: found.at], found, ("--spec", "--python-args"))]
    nothing = [*own, "--spec", spec or app, NOWHERE, "-I", "-S", "-c", REPORT]
    with scratch() as place:
        report = place / "python"
        plan = plan._replace(prepare=(*nothing, str(report)))
        code = Pipx(plan, home, found, ()).prepare(str(tool.path))
        python = report.read_text(encoding="utf-8") if code == 0 else ""
    if code:
        return code
    python_args = " ".join(found.values("--python-args"))
    return start(Path(python), app, given, named=spec is None, python_args=python_args.split())


def _check_program(app: str, found: Classified) -> None:
    """Raise `UnsupportedError` for a program that is on no index."""
    if "uv" in found.values("--backend"):
        raise UnsupportedError(
            "`pipx run --backend uv` is not supported",
            reason="uv would start your program with the gateway around it",
            hint="`guard uvx`, or leave the option out",
        )
    if Path(app).is_file() or app.endswith(".py") or "://" in app:
        raise UnsupportedError(
            "`pipx run` of a script is not supported",
            reason="pipx would run it while it is still behind the gateway",
            hint="`guard uv run SCRIPT`",
        )
    if Path("__pypackages__").exists():
        raise UnsupportedError(
            "`pipx run` beside a folder `__pypackages__` is not supported",
            reason="what lies in the current folder is somebody's checkout, and would be run",
            hint="change to another folder",
        )


def _asked(found: Classified, command: str) -> Iterator[Requirement]:
    """Yield what is asked for by name. Raises `UnsupportedError` for what is on no index."""
    words: list[str] = []
    if command in {"install", "upgrade"}:  # `upgrade --install` takes what `install` does
        words += found.positionals
    elif command == "inject":
        words += found.positionals[1:]
    elif command == "run" and not found.has("--spec"):
        words += found.trailing[:1]
    words += [word for value in found.values(*_NAMED) for word in value.split(",")]
    for word in words:
        try:
            requirement = Requirement(word)
        except InvalidRequirement:
            raise _nowhere(word) from None
        if requirement.url is not None:
            raise _nowhere(requirement.name)
        yield requirement
    if files := tuple(map(Path, found.values("--requirement"))):
        wanted = read(Request(requirement_files=files))
        if wanted.direct or wanted.indexes[1:]:
            raise UnsupportedError(
                "a requirements file with URLs, paths or indexes is not supported",
                reason="they are on no index of the gateway",
                hint="`guard install -r`, into an environment",
            )
        yield from wanted.requirements


def _nowhere(word: str) -> UnsupportedError:
    shown = word.partition("://")[0] + "://…" if "://" in word else word
    return UnsupportedError(
        f"`{shown}` is not supported behind the gateway",
        reason="a URL, a repository, a file or a folder is on no index",
        hint="name a release of an index; `guard install` judges files",
    )


def _without(words: Sequence[str], found: Classified, names: Sequence[str]) -> Iterator[str]:
    """Yield pipx's own words without some options and their values."""
    written = {given.written for given in found.options if given.option.name in names}
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if word in written:
            waiting.pop(0)
        elif word != "--" and not any(word.startswith(f"{name}=") for name in written):
            yield word


class Pipx(Other):
    """One command of pipx."""

    def __init__(
        self, plan: Plan, home: Home, found: Classified, there: Sequence[Installed]
    ) -> None:
        self._home = home
        self._runs = found.command == ("run",)
        urls = [*found.values("--index-url"), *(url for each in there for url in each.indexes)]
        backends = {home.backend, *found.values("--backend"), *(each.backend for each in there)}
        self._of_pip = _of_pip(urls)
        required = [requirement for each in there for requirement in each.requirements]
        changed = {each.name for each in there}
        changed |= {canonicalize_name(r.name) for r in plan.requirements}
        suffix = "".join(found.values("--suffix"))
        names = changed | {f"{name}{suffix}" for name in changed}
        super().__init__(
            plan._replace(requirements=(*plan.requirements, *required)),
            prefixes=("PIPX_", "PIP_", *(["UV_"] if "uv" in backends else [])),
            sources=Sources(),
            configuration=_merged(self._of_pip, urls) if "uv" in backends else self._of_pip,
            places=(
                (home.shared.parent, home.shared.name),
                *((home.environments, name) for name in sorted(names) if not self._runs),
            ),
        )
        self._uv = child.environment if "uv" in backends else None

    def _settings(self) -> Path:
        if self._uv is None:
            return self._folder
        return settings.write(self._folder, os.environ, here=Path.cwd())

    def _environment(self, proxy: str, authority: Path) -> dict[str, str]:
        given = super()._environment(proxy, authority)
        if self._uv is not None:
            given |= self._uv(
                os.environ, proxy=proxy, authority=authority, cache=self.cache, config=self.config
            )
            given |= {name: value for name, value in self._kept.items() if name[:5] == "PIPX_"}
            given |= self._variables(authority)
        return given

    def _variables(self, authority: Path) -> dict[str, str]:
        nobody = self._folder / "nobody"
        private_folder(nobody)
        first, *rest = [f"{index.url}/" for index in self._of_pip.indexes] or [""]
        given = {
            "PIP_CERT": str(authority),
            # A newer pip trusts the system as well, which is what these two say it is. To say so to
            # pip itself is an error for an older one, and pipx may use both in one run.
            "SSL_CERT_DIR": str(nobody),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_CACHE_DIR": str(self.cache / "pip"),
            "PIP_ONLY_BINARY": ":all:",
            "PIP_INDEX_URL": first,
            "PIP_EXTRA_INDEX_URL": " ".join(rest),
            "PIPX_FETCH_PYTHON": "never",
        }
        if not first:
            given["PIP_NO_INDEX"] = "1"
        if self._runs:
            given |= {
                "PIPX_HOME": str(self.cache / "pipx"),
                "PIPX_SHARED_LIBS": str(self._home.shared),
                "PIPX_DEFAULT_BACKEND": "pip",
            }
        return given


def _of_pip(urls: Sequence[str]) -> Configuration:
    """Return pip's configuration, with the indexes that pipx was given."""
    found = configuration.for_pip([], python=Path(sys.executable))
    known = {index.url: index for index in found.indexes}
    for index in map(configuration.index, urls):
        known.setdefault(index.url, index)
    for index in known.values():
        if index.flat or not index.url.startswith(("http://", "https://")):
            raise UnsupportedError(
                f"the index `{index.url}` is not supported behind the gateway",
                reason="it is read without project pages, or from a folder",
                hint="serve it as a Simple API index, or use `guard install`",
            )
    return replace(found, indexes=tuple(known.values()))


def _merged(of_pip: Configuration, urls: Sequence[str]) -> Configuration:
    """Return the indexes of uv and of pip: pipx may start either."""
    asked = IndexOptions(extra_index_urls=tuple(urls))
    found = {index.url: index for index in indexes.configured(asked, ()).indexes}
    for index in of_pip.indexes:
        found.setdefault(index.url, index)
    return replace(of_pip, indexes=tuple(found.values()))
