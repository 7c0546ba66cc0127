"""What a project of pdm says of its sources: read before pdm reads it, refused where needed."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from packaging.requirements import InvalidRequirement, Requirement

from guard.errors import UnsupportedError, UsageError
from guard.gateway.documents import strings, table, tables, toml
from guard.gateway.standard import check_build, folders, parsed, requirements, unjudged

_FOLDERS: Final = 500
"""Projects of one workspace."""

_FOREIGN: Final = ("git", "hg", "svn", "bzr", "url")
_EDITABLE: Final = re.compile(r"-e\s+(file:[^#\s]+|\.[^#\s]*)(?:#.*)?")
_HOOKS: Final = re.compile(r"(?:pre|post)_(?:install|lock|invoke)")
_VARIABLE: Final = re.compile(r"\$\{([A-Za-z0-9_]+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One place that pdm takes packages from."""

    name: str
    url: str | None
    """`None` where only the user's configuration says it."""

    username: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What a project is to be made of."""

    root: Path
    folders: tuple[Path, ...]
    sources: tuple[Source, ...]
    requirements: tuple[Requirement, ...]
    pins: tuple[Requirement, ...]
    """What `pdm.lock` names."""

    locked: Mapping[str, str] = field(default_factory=dict)
    """The sha256 of each file that `pdm.lock` names, by its URL or its name."""

    @property
    def files(self) -> tuple[Path, ...]:
        """What pdm may write: restored when nothing was installed."""
        own = (self.root / "pdm.lock", self.root / ".pdm-python")
        return (*own, *(folder / "pyproject.toml" for folder in self.folders))

    @property
    def environments(self) -> str:
        """The pattern of the names that pdm gives to environments of this project elsewhere."""
        digest = hashlib.md5(self.root.as_posix().encode(), usedforsecurity=False).digest()
        return f"{self.root.name}-{base64.urlsafe_b64encode(digest).decode()[:8]}-*"


def of_pdm(
    here: Path, environ: Mapping[str, str], *, hooks: bool = True, beside: Sequence[Path] = ()
) -> Project | None:
    """Return what the project around `here` says, and others `beside`; `None` where it is none.

    Raises `UnsupportedError` and `UsageError`.
    """
    root = next((f for f in (here, *here.parents) if (f / "pyproject.toml").is_file()), None)
    if root is None:
        return None
    _refuse_plugins(root)
    found: list[Requirement] = []
    places = tuple(_folders(root, beside))
    for folder in places:
        document = toml(folder / "pyproject.toml")
        check_build(document, folder)
        found += requirements(document, folder)
        found += _of_pdm(document, folder)
    pdm = _pdm(toml(root / "pyproject.toml"))
    if hooks:
        _refuse_hooks(pdm, root)
    locked, pins = _locked(root / "pdm.lock")
    return Project(
        root=root,
        folders=places,
        sources=tuple(_sources(pdm, root, environ)),
        requirements=tuple(found),
        pins=pins,
        locked=locked,
    )


def expanded(url: str, environ: Mapping[str, str]) -> str:
    """Return a URL as pdm asks it: with the values of the variables that its user part names."""
    scheme, _, rest = url.partition("://")
    who, at, place = rest.rpartition("@")
    said = _VARIABLE.sub(lambda match: environ.get(match[1], match[0]), who)
    return f"{scheme}://{said}{at}{place}"


def _folders(root: Path, beside: Sequence[Path]) -> Iterator[Path]:
    """Yield the folders of all projects that pdm would look at."""
    for parent in root.parents:
        path = parent / "pyproject.toml"
        if path.is_file() and _pdm(toml(path)).get("workspace"):
            raise UnsupportedError(
                f"`{root}` may belong to the workspace `{parent}`",
                reason="pdm would work on that one",
                hint="change to the folder of the workspace",
            )
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
        for pattern in strings(table(_pdm(document).get("workspace")).get("members", [])):
            waiting += sorted(folder.glob(pattern.lstrip("/")))
        for entry in _development(document):
            if match := _EDITABLE.fullmatch(entry):
                waiting.append(_editable(match[1], folder))


def _development(document: Mapping[str, Any]) -> Iterator[str]:
    for group in table(_pdm(document).get("dev-dependencies")).values():
        yield from strings(group)


def _editable(written: str, folder: Path) -> Path:
    path = written.removeprefix("file://").replace("/${PROJECT_ROOT}", str(folder))
    return folder / path


def _of_pdm(document: Mapping[str, Any], folder: Path) -> Iterator[Requirement]:
    for entry in _development(document):
        match = _EDITABLE.fullmatch(entry)
        if entry.startswith("-e"):
            if match is None or not _editable(match[1], folder).is_dir():
                raise unjudged(f"`{entry.partition('://')[0]}…` of `dev-dependencies`", folder)
        else:
            yield from parsed([entry], folder)
    resolution = table(_pdm(document).get("resolution"))
    for name, said in table(resolution.get("overrides")).items():
        if ":" in str(said) or "/" in str(said):
            raise unjudged(f"`{name}`, an override by URL or path,", folder)


def _sources(pdm: Mapping[str, Any], root: Path, environ: Mapping[str, str]) -> Iterator[Source]:
    for entry in tables(pdm.get("source", [])):
        name, url = str(entry.get("name", "")), entry.get("url")
        if entry.get("type", "index") != "index":
            raise UnsupportedError(
                f"the source `{name}` is not supported behind the gateway",
                reason=f"`{root}` names it, and it has no project pages",
                hint="name an index with a Simple API",
            )
        given = (entry.get("username"), entry.get("password"))
        username, password = (each if isinstance(each, str) else None for each in given)
        written = expanded(url, environ) if isinstance(url, str) else None
        yield Source(name=name, url=written, username=username, password=password)


def _refuse_plugins(root: Path) -> None:
    if (root / ".pdm-plugins").exists():
        raise UnsupportedError(
            "plugins of the project are not supported",
            reason=f"`{root}` has them, and they run in pdm itself with every command",
            hint="take the folder `.pdm-plugins` away",
        )


def _refuse_hooks(pdm: Mapping[str, Any], root: Path) -> None:
    for name in table(pdm.get("scripts")):
        if _HOOKS.fullmatch(name):
            raise UnsupportedError(
                f"the script `{name}` of `{root}` is not supported behind the gateway",
                reason="pdm would run it with the gateway around it, and without a network",
                hint=f"`--skip=:all`, and then `pdm run {name}`",
            )


def _locked(path: Path) -> tuple[dict[str, str], tuple[Requirement, ...]]:
    """Return the files and the releases of a `pdm.lock`. Raises `UnsupportedError`."""
    if not path.is_file():
        return {}, ()
    files: dict[str, str] = {}
    pins: list[Requirement] = []
    for package in tables(toml(path).get("package", [])):
        name = str(package.get("name", ""))
        if kind := next((kind for kind in _FOREIGN if kind in package), None):
            raise unjudged(f"`{name}`, a package by `{kind}` in `{path.name}`,", path.parent)
        if "path" in package:
            if not (path.parent / str(package["path"])).is_dir():
                raise unjudged(f"the file `{package['path']}` in `{path.name}`", path.parent)
            continue
        try:
            pins.append(Requirement(f"{name}=={package.get('version', '')}"))
        except InvalidRequirement:
            continue
        for entry in tables(package.get("files", [])):
            where, digest = entry.get("url") or entry.get("file"), str(entry.get("hash", ""))
            if isinstance(where, str) and digest.startswith("sha256:"):
                files[where] = digest.removeprefix("sha256:")
    return files, tuple(pins)


def _pdm(document: Mapping[str, Any]) -> Mapping[str, Any]:
    return table(table(document.get("tool")).get("pdm"))


def saved_environment(project: Project, environ: Mapping[str, str]) -> Path | None:
    """Return the environment whose Python pdm remembers, if it is one."""
    path = project.root / ".pdm-python"
    try:
        said = environ.get("PDM_PYTHON") or path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    place = Path(os.path.abspath(said)).parent.parent  # noqa: PTH100 - links are not followed
    return place if said and (place / "pyvenv.cfg").is_file() else None
