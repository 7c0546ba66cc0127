"""What a project of poetry says of its sources: read before poetry reads it, refused where needed.

Poetry follows URLs, repositories and paths that a `pyproject.toml` or a `poetry.lock` names, and
installs plugins for itself that a checkout asks for. None of that is on an index.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from guard.errors import UnsupportedError, UsageError
from guard.gateway.documents import strings, table, tables, toml
from guard.gateway.standard import check_build, folders, requirements, unjudged

_FOLDERS: Final = 500
"""Projects that name one another by their paths."""

_FOREIGN: Final = ("git", "url", "file")
_PYTHON: Final = "python"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One `[[tool.poetry.source]]`."""

    name: str
    url: str | None
    """`None` for the index that poetry has built in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What a project is to be made of."""

    root: Path
    sources: tuple[Source, ...]
    requirements: tuple[Requirement, ...]
    pins: tuple[Requirement, ...]
    """What `poetry.lock` names."""

    locked: Mapping[str, str] = field(default_factory=dict)
    """The sha256 of each file that `poetry.lock` names, by its name."""

    @property
    def files(self) -> tuple[Path, ...]:
        """What poetry may write: restored when nothing was installed."""
        return (self.root / "pyproject.toml", self.root / "poetry.lock")

    @property
    def environments(self) -> str:
        """The pattern of the names that poetry gives to environments of this project."""
        real = os.path.normcase(os.path.realpath(self.root))
        digest = hashlib.sha256(real.encode()).digest()
        return f"*-{base64.urlsafe_b64encode(digest).decode()[:8]}-py*"


def of_poetry(here: Path, *, plugins: bool = True, beside: Sequence[Path] = ()) -> Project | None:
    """Return what the project around `here` says, and others `beside`; `None` where it is none.

    Raises `UnsupportedError` and `UsageError`.
    """
    root = next((f for f in (here, *here.parents) if (f / "pyproject.toml").is_file()), None)
    if root is None:
        return None
    found: list[Requirement] = []
    for folder in _folders(root, beside):
        document = toml(folder / "pyproject.toml")
        check_build(document, folder)
        found += requirements(document, folder)
        found += _of_poetry(document, folder)
    poetry = _poetry(toml(root / "pyproject.toml"))
    if plugins:
        _refuse_plugins(poetry, root)
    locked, pins = _locked(root / "poetry.lock")
    sources = tuple(_sources(poetry, root))
    return Project(root=root, sources=sources, requirements=tuple(found), pins=pins, locked=locked)


def requirement(name: str, constraint: str) -> Requirement | None:
    """Return a requirement in poetry's words in those of the standard; `None` for no name.

    What only poetry can say of versions (`^1.2`) is left out: it is for messages alone.
    """
    said = constraint.strip()
    with contextlib.suppress(InvalidVersion):
        said = f"=={Version(said)}"
    try:
        SpecifierSet(said)
    except InvalidSpecifier:
        said = ""
    try:
        return Requirement(f"{name}{said}")
    except InvalidRequirement:
        return None


def _folders(root: Path, beside: Sequence[Path]) -> Iterator[Path]:
    """Yield the folders of all projects that poetry would look at: those that paths lead to."""
    waiting, seen = [root, *beside], set()
    while waiting:
        folder = waiting.pop(0).resolve()
        if folder in seen or not (folder / "pyproject.toml").is_file():
            continue
        seen.add(folder)
        if len(seen) > _FOLDERS:
            raise UsageError(f"more than {_FOLDERS} projects belong to `{root}`")
        yield folder
        document = toml(folder / "pyproject.toml")
        waiting += folders(document, folder)
        for _, entry in _entries(_poetry(document)):
            if isinstance(path := table(entry).get("path"), str):
                waiting.append(folder / path)


def _of_poetry(document: Mapping[str, Any], folder: Path) -> Iterator[Requirement]:
    for name, entry in _entries(_poetry(document)):
        foreign = next((kind for kind in _FOREIGN if kind in table(entry)), None)
        if foreign:
            raise unjudged(f"`{name}`, asked for by `{foreign}`,", folder)
        path = table(entry).get("path")
        if path is not None and not (folder / str(path)).is_dir():
            raise unjudged(f"the file `{path}`", folder)
        said = entry if isinstance(entry, str) else table(entry).get("version", "")
        found = requirement(name, str(said)) if path is None and name != _PYTHON else None
        if found is not None:
            yield found


def _entries(poetry: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """Yield the names of dependencies, and what is said of each."""
    groups = [table(each).get("dependencies") for each in table(poetry.get("group")).values()]
    builds = table(poetry.get("build-constraints")).values()
    own = (poetry.get("dependencies"), poetry.get("dev-dependencies"))
    for group in (*own, *groups, *builds):
        for name, entry in table(group).items():
            for each in entry if isinstance(entry, list) else [entry]:
                yield name, each


def _sources(poetry: Mapping[str, Any], root: Path) -> Iterator[Source]:
    """Yield the sources, and the one that is built in where poetry would ask that, too."""
    entries = list(tables(poetry.get("source", [])))
    for entry in entries:
        name, url = str(entry.get("name", "")), entry.get("url")
        if name.lower() == "pypi":
            yield Source(name=name, url=None)
        elif isinstance(url, str):
            if not url.startswith(("http://", "https://")) or url.endswith((".htm", ".html")):
                raise UnsupportedError(
                    f"the source `{name}` is not supported behind the gateway",
                    reason=f"`{root}` names it, and it has no project pages",
                    hint="name an index with a Simple API",
                )
            yield Source(name=name, url=url)
    primary = any(str(e.get("priority", "primary")).lower() == "primary" for e in entries)
    if not primary and not any(str(e.get("name")).lower() == "pypi" for e in entries):
        yield Source(name="PyPI", url=None)


def _refuse_plugins(poetry: Mapping[str, Any], root: Path) -> None:
    if poetry.get("requires-plugins") or (root / ".poetry" / "plugins").exists():
        raise UnsupportedError(
            "plugins of the project are not supported",
            reason=f"`{root}` has them, and they run in poetry itself with every command",
            hint="`--no-plugins`, or take `requires-plugins` and the folder `.poetry` away",
        )


def _locked(path: Path) -> tuple[dict[str, str], tuple[Requirement, ...]]:
    """Return the files and the releases of a `poetry.lock`. Raises `UnsupportedError`."""
    if not path.is_file():
        return {}, ()
    document = toml(path)
    files: dict[str, str] = {}
    pins: list[Requirement] = []
    older = table(table(document.get("metadata")).get("files"))
    for package in tables(document.get("package", [])):
        source = table(package.get("source"))
        kind, name = source.get("type"), str(package.get("name", ""))
        if kind in _FOREIGN:
            raise unjudged(f"`{name}`, a package by `{kind}` in `{path.name}`,", path.parent)
        if kind == "directory":
            continue
        pin = requirement(name, str(package.get("version", "")))
        pins += [pin] if pin is not None else []
        for entry in tables(package.get("files", older.get(name, []))):
            for filename in strings(entry.get("file")):
                digest = str(entry.get("hash", ""))
                if digest.startswith("sha256:"):
                    files[filename] = digest.removeprefix("sha256:")
    return files, tuple(pins)


def _poetry(document: Mapping[str, Any]) -> Mapping[str, Any]:
    return table(table(document.get("tool")).get("poetry"))
