"""What pipx has installed, and from where: read before pipx upgrades it from there again."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from guard.errors import InstallerError, UnsupportedError
from guard.gateway.documents import strings, table

_PATIENCE: Final = 60
"""Seconds."""

_LIMIT: Final = 10_000_000
"""Bytes of one `pipx_metadata.json`."""

_HARMLESS: Final = frozenset({"--pre", "--no-cache-dir", "--quiet", "-q"})
_INDEX: Final = frozenset({"--index-url", "-i"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Where pipx has its environments, as it says itself."""

    environments: Path
    shared: Path
    """The environment with the pip that all others use."""

    backend: str
    """What installs where nothing else was said: `pip` or `uv`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """One environment, and what pipx would put into it again."""

    name: str
    """Of its folder."""

    requirements: tuple[Requirement, ...]
    indexes: tuple[str, ...]
    """The indexes with which it was installed."""

    backend: str | None


def home(tool: str, environ: Mapping[str, str], *, globally: bool) -> Home:
    """Ask pipx where its environments are. Raises `InstallerError`."""
    command = [tool, "environment", *(["--global"] if globally else [])]
    try:
        done = subprocess.run(
            command,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InstallerError("pipx could not be started", reason=str(error), exit_code=70) from None
    said: dict[str, str] = {}
    for line in done.stdout.splitlines():  # what was set comes first, what it comes to last
        name, equals, value = line.partition("=")
        if equals and value:
            said[name] = value
    if done.returncode or not said.get("PIPX_LOCAL_VENVS") or not said.get("PIPX_SHARED_LIBS"):
        raise InstallerError(
            "pipx does not say where its environments are",
            exit_code=done.returncode or 70,
            output=done.stderr,
        )
    return Home(
        environments=Path(said["PIPX_LOCAL_VENVS"]),
        shared=Path(said["PIPX_SHARED_LIBS"]),
        backend=said.get("PIPX_RESOLVED_BACKEND", "pip"),
    )


def installed(place: Home, names: Sequence[str]) -> Iterator[Installed]:
    """Yield what is installed under `names`, or all there is where no name is given.

    Raises `UnsupportedError` for what was installed from elsewhere than an index.
    """
    wanted = {canonicalize_name(name) for name in names}
    for path in sorted(place.environments.glob("*/pipx_metadata.json")):
        name = path.parent.name
        if wanted and canonicalize_name(name) not in wanted:
            continue
        yield _read(_document(path), name)


def _read(document: Mapping[str, Any], name: str) -> Installed:
    main = table(document.get("main_package"))
    packages = [main, *map(table, table(document.get("injected_packages")).values())]
    backend = document.get("backend")
    return Installed(
        name=name,
        requirements=tuple(_requirement(each, name) for each in packages),
        indexes=tuple(url for each in packages for url in _indexes(each, name)),
        backend=backend if isinstance(backend, str) else None,
    )


def _requirement(package: Mapping[str, Any], name: str) -> Requirement:
    said = str(package.get("package_or_url") or package.get("package") or "")
    try:
        requirement = Requirement(said)
    except InvalidRequirement:
        requirement = None
    if requirement is None or requirement.url is not None or package.get("lock_file"):
        raise UnsupportedError(
            f"`{name}` was not installed from an index",
            reason="what it was installed from would be installed again, and is not judged",
            hint=f"`pipx uninstall {name}`, or name the others one by one",
        )
    return requirement


def _indexes(package: Mapping[str, Any], name: str) -> Iterator[str]:
    """Yield the indexes among the words for pip that an environment was made with."""
    waiting = list(strings(package.get("pip_args") or []))
    while waiting:
        word = waiting.pop(0)
        if word in _INDEX and waiting:
            yield waiting.pop(0)
        elif word not in _HARMLESS:
            raise UnsupportedError(
                f"`{name}` was installed with `{word.partition('=')[0]}` for pip",
                reason="words for another tool are not read, and pipx would repeat them",
                hint=f"`pipx uninstall {name}`, and `guard pipx install {name}`",
            )


def _document(path: Path) -> Mapping[str, Any]:
    try:
        with path.open("rb") as stream:
            document = json.loads(stream.read(_LIMIT))
    except (OSError, ValueError, RecursionError):
        return {}  # which is no name, and so is refused
    return table(document)
