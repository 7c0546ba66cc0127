"""What a uv project or script says of its sources: read before uv reads it, refused where needed.

A checkout may be anybody's. What it names by URL the proxy would refuse in any case; a wheel that
lies in the checkout itself, or on this machine, is on no page and passes no proxy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name

from guard.errors import UnsupportedError, UsageError
from guard.gateway import script
from guard.gateway.documents import parsed as _parsed
from guard.gateway.documents import table as _table
from guard.gateway.documents import toml as _toml

_FOLDERS: Final = 500
"""Projects of one workspace."""

_KINDS: Final = ("build-constraint", "constraint", "exclude", "override")
_FOREIGN: Final = ("git", "url")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What a project, or a script, is to be made of."""

    indexes: tuple[Mapping[str, Any], ...] = ()
    """The `[[tool.uv.index]]` tables, of all its members."""

    requirements: tuple[Requirement, ...] = ()
    files: tuple[Path, ...] = ()
    """What uv may write: restored when nothing was installed."""

    locked: Mapping[str, str] = field(default_factory=dict)
    """The sha256 of each file that `uv.lock` names, by its URL."""

    environment: Path | None = None
    """Where uv would install."""

    builds: bool = False
    """Folders of the user's own are named as sources: uv must be let build them."""

    @property
    def names(self) -> frozenset[NormalizedName]:
        """The projects that it asks for by name."""
        return frozenset(canonicalize_name(r.name) for r in self.requirements)


def of_project(here: Path) -> Sources:
    """Return what the project around `here` says. Raises `UnsupportedError` and `UsageError`."""
    own = next((f for f in (here, *here.parents) if (f / "pyproject.toml").exists()), None)
    if own is None:
        return Sources()
    root = next((f for f in (own, *own.parents) if _is_workspace(f)), own)
    indexes: list[Mapping[str, Any]] = []
    requirements: list[Requirement] = []
    files = [root / "uv.lock", own / "uv.lock"]
    builds = False
    for folder in _members(root, own):
        document = _toml(folder / "pyproject.toml")
        files.append(folder / "pyproject.toml")
        _check(document, folder)
        builds |= any("path" in source for source in _sources(_uv(document)))
        indexes += _indexes(document)
        requirements += _requirements(document)
    locked: dict[str, str] = {}
    for lock in {root / "uv.lock", own / "uv.lock"}:
        locked |= _locked(lock)
    return Sources(
        indexes=tuple(indexes),
        requirements=tuple(requirements),
        files=tuple(dict.fromkeys(files)),
        locked=locked,
        environment=root / ".venv",
        builds=builds,
    )


def of_script(path: Path) -> Sources:
    """Return what the metadata of a script says (PEP 723); nothing where it has none."""
    found = script.metadata(path)
    lock = path.with_name(f"{path.name}.lock")
    if found is None:
        return Sources(files=(path, lock))
    document = _parsed(found, path)
    _check(document, path.parent)
    return Sources(
        indexes=tuple(_indexes(document)),
        requirements=tuple(_parsed_requirements(document.get("dependencies"), path.parent)),
        files=(path, lock),
        locked=_locked(lock),
        builds=any("path" in source for source in _sources(_uv(document))),
    )


def _is_workspace(folder: Path) -> bool:
    path = folder / "pyproject.toml"
    return path.exists() and bool(_uv(_toml(path)).get("workspace"))


def _members(root: Path, own: Path) -> Iterator[Path]:
    """Yield the folders of every project that uv would look at: members, and paths they name."""
    waiting, seen = [root, own], set()
    while waiting:
        folder = waiting.pop(0).resolve()
        if folder in seen or not (folder / "pyproject.toml").exists():
            continue
        seen.add(folder)
        if len(seen) > _FOLDERS:
            raise UsageError(f"more than {_FOLDERS} projects belong to `{root}`")
        yield folder
        uv = _uv(_toml(folder / "pyproject.toml"))
        members = _table(uv.get("workspace")).get("members")
        for pattern in members if isinstance(members, list) else []:
            waiting += sorted(folder.glob(str(pattern)))
        waiting += [folder / str(source["path"]) for source in _sources(uv) if "path" in source]


def _check(document: Mapping[str, Any], folder: Path) -> None:
    """Refuse what is neither a project of an index nor the user's own folder."""
    uv = _uv(document)
    if uv.get("find-links"):
        raise _unjudged("`find-links` in [tool.uv]", folder)
    for source in _sources(uv):
        foreign = next((kind for kind in _FOREIGN if kind in source), None)
        if foreign:
            raise _unjudged(f"a source by `{foreign}` in [tool.uv.sources]", folder)
        if "path" in source and not (folder / str(source["path"])).is_dir():
            raise _unjudged(f"the file `{source['path']}` in [tool.uv.sources]", folder)
    entries = [uv.get(f"{kind}-dependencies") for kind in _KINDS]
    entries += _table(uv.get("extra-build-dependencies")).values()
    entries.append(_table(document.get("build-system")).get("requires"))
    for each in entries:
        list(_parsed_requirements(each, folder))


def _sources(uv: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for source in _table(uv.get("sources")).values():
        for each in source if isinstance(source, list) else [source]:
            if isinstance(each, dict):
                yield each


def _indexes(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    entries = _uv(document).get("index")
    return [e for e in entries if isinstance(e, dict)] if isinstance(entries, list) else []


def _requirements(document: Mapping[str, Any]) -> Iterator[Requirement]:
    project = _table(document.get("project"))
    yield from _parsed_requirements(project.get("dependencies"), Path())
    groups = (
        _table(project.get("optional-dependencies")),
        _table(document.get("dependency-groups")),
    )
    for group in groups:
        for entries in group.values():
            yield from _parsed_requirements(entries, Path())
    yield from _parsed_requirements(_uv(document).get("dev-dependencies"), Path())


def _parsed_requirements(entries: object, folder: Path) -> Iterator[Requirement]:
    for entry in entries if isinstance(entries, list) else []:
        written = _table(entry).get("requirement", entry)
        if not isinstance(written, str):
            continue
        try:
            requirement = Requirement(written)
        except InvalidRequirement:  # uv itself says what is wrong with it
            continue
        if requirement.url is not None:
            raise _unjudged(f"`{requirement.name}`, asked for by URL or path", folder)
        yield requirement


def _locked(path: Path) -> dict[str, str]:
    """Return the files of a `uv.lock`. Raises `UnsupportedError` for one that is on no index."""
    if not path.exists():
        return {}
    found: dict[str, str] = {}
    packages = _toml(path).get("package")
    for package in packages if isinstance(packages, list) else []:
        source = _table(_table(package).get("source"))
        if foreign := next((k for k in (*_FOREIGN, "path") if k in source), None):
            raise _unjudged(f"a package by `{foreign}` in `{path.name}`", path.parent)
        if not str(source.get("registry", "https://")).startswith(("http://", "https://")):
            raise _unjudged(f"a package by a folder in `{path.name}`", path.parent)
        wheels = _table(package).get("wheels")
        for wheel in wheels if isinstance(wheels, list) else []:
            url, digest = _table(wheel).get("url"), _table(wheel).get("hash")
            if "path" in _table(wheel):
                raise _unjudged(f"a wheel by its path in `{path.name}`", path.parent)
            if isinstance(url, str) and isinstance(digest, str):
                found[url] = digest.removeprefix("sha256:")
    return found


def _unjudged(what: str, folder: Path) -> UnsupportedError:
    return UnsupportedError(
        f"{what} is on no index, so it cannot be judged",
        reason=f"`{folder}` names it" if folder != Path() else None,
        hint="use a release from an index, or a folder of your own as an editable source",
    )


def _uv(document: Mapping[str, Any]) -> Mapping[str, Any]:
    return _table(_table(document.get("tool")).get("uv"))
