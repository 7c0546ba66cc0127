"""The plan: a PEP 751 `pylock.toml`, read strictly, as the files it chooses for one environment."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urldefrag, urlsplit, urlunsplit

from packaging.markers import Environment, Marker
from packaging.pylock import (
    Package,
    PackageArchive,
    PackageDirectory,
    PackageSdist,
    PackageVcs,
    PackageWheel,
    Pylock,
    PylockSelectError,
    PylockUnsupportedVersionError,
    PylockValidationError,
    is_valid_pylock_path,
)
from packaging.tags import Tag
from packaging.utils import (
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import Version

from guard import attestation_identities, regular
from guard.errors import UnsupportedError, UsageError
from guard.model import File, FileKind
from guard.publisher import IdentityPattern

_LIMIT: Final = 50_000_000
"""Bytes of one lock file."""

_MOST_FILES: Final = 5_000
_MOST_BYTES: Final = 20 << 30
"""What a lock for every platform may hold. PyTorch alone has 20 wheels of 800 MB."""

Chosen = PackageVcs | PackageDirectory | PackageArchive | PackageWheel | PackageSdist


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One file of a plan."""

    file: File
    direct: bool = False
    """Asked for by URL or path somewhere: `[packages.archive]`, `vcs` or `directory`."""

    identities: tuple[IdentityPattern, ...] = ()
    """PEP-751: `attestation-identities`, who may have published the project's files."""

    marker: Marker | None = None
    """PEP-751: where the package is wanted; `None` where it always is."""


def is_lock(path: Path) -> bool:
    """Tell whether `path` is named as PEP 751 names a lock file."""
    return is_valid_pylock_path(path)


def read(path: Path) -> Pylock:
    """Return the lock file at `path`. Raises `UsageError`."""
    try:
        body = regular.read(path, limit=_LIMIT)
    except OSError as error:
        raise UsageError(f"`{path}` could not be read", reason=error.strerror) from None
    if len(body) > _LIMIT:
        raise UsageError(f"`{path}` is larger than {_LIMIT} bytes")
    return parse(body, name=str(path))


def parse(body: bytes, *, name: str, own_files: bool = False) -> Pylock:
    """Return the lock file that `body` says. Raises `UsageError`.

    With `own_files`, wheels of another project's name are left out: uv 0.13.8 copies into its plan
    what a hostile page lists beside the project's own.
    """
    try:
        document: dict[str, Any] = tomllib.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # also numbers and nesting without an end
        raise UsageError(f"`{name}` is not TOML", reason=str(error)) from None
    if own_files:
        _leave_out_strangers(document)
    return understood(document, name=name)


def understood(document: Mapping[str, Any], *, name: str) -> Pylock:
    """Return the lock file that the tables of `document` say. Raises `UsageError`."""
    try:
        return Pylock.from_dict(document)
    except (PylockValidationError, PylockUnsupportedVersionError) as error:
        raise UsageError(f"`{name}` is no lock file of PEP 751", reason=str(error)) from None


def _leave_out_strangers(document: dict[str, Any]) -> None:
    for package in document.get("packages", ()):
        if isinstance(package, dict) and isinstance(package.get("wheels"), list):
            package["wheels"] = [w for w in package["wheels"] if not _is_strange(w, package)]


def _is_strange(wheel: dict[str, Any], package: dict[str, Any]) -> bool:
    """Tell whether a wheel is named for another project. One that has no name is judged later."""
    filename = wheel.get("name") or _last_segment(str(wheel.get("url") or wheel.get("path") or ""))
    try:
        return parse_wheel_filename(filename)[0] != canonicalize_name(str(package.get("name")))
    except InvalidWheelFilename:
        return True


def select(
    lock: Pylock, *, environment: Environment, tags: Sequence[Tag], folder: Path
) -> tuple[Planned, ...]:
    """Return the files that `lock` chooses for an environment. Raises `UsageError`.

    Relative paths in the lock are relative to `folder`.
    """
    try:
        return tuple(_planned(lock, environment, tags, folder))
    except (PylockSelectError, ValueError) as error:
        raise UsageError(
            "the lock file has nothing for this environment",
            reason=str(error),
            hint="lock again for this interpreter, or name another one with `--python`",
        ) from None


def _planned(
    lock: Pylock, environment: Environment, tags: Sequence[Tag], folder: Path
) -> Iterator[Planned]:
    for package, chosen in lock.select(environment=environment, tags=tags):
        yield _chosen(package, chosen, folder)


def every(lock: Pylock, *, folder: Path) -> tuple[Planned, ...]:
    """Return all wheels of `lock`, whatever they are for; of what has none, what would be built.

    Raises `UsageError`. Relative paths in the lock are relative to `folder`.
    """
    found = tuple(
        replace(_chosen(package, chosen, folder), marker=package.marker)
        for package in lock.packages
        for chosen in package.wheels or _alone(package)[:1]
    )
    size = sum(item.file.size or 0 for item in found)
    if len(found) > _MOST_FILES or size > _MOST_BYTES:
        raise UnsupportedError(
            f"a lock for every platform would hold {len(found)} files, {size >> 20} MB",
            reason=f"each would be fetched and judged; the most is {_MOST_FILES} files and "
            f"{_MOST_BYTES >> 20} MB",
            hint="lock for one platform, there, or have fewer: `[tool.uv] environments`",
        )
    return found


def every_file(package: Package, folder: Path) -> tuple[File, ...]:
    """Return the files that a package of a lock names, for any environment. Raises `UsageError`."""
    named = [*(package.wheels or ()), *_alone(package)]
    return tuple(_file(package, each, folder) for each in named)


def _alone(package: Package) -> list[Chosen]:
    """Return what a package has beside wheels: one at most, in an honest lock."""
    found = (package.archive, package.sdist, package.vcs, package.directory)
    return [each for each in found if each is not None]


def _chosen(package: Package, chosen: Chosen, folder: Path) -> Planned:
    return Planned(
        file=_file(package, chosen, folder),
        direct=isinstance(chosen, PackageArchive | PackageVcs | PackageDirectory),
        identities=attestation_identities.patterns(package),
    )


def _file(package: Package, chosen: Chosen, folder: Path) -> File:
    match chosen:
        case PackageWheel() | PackageSdist():
            return _distribution(package, chosen, folder)
        case PackageArchive():
            return _archive(package, chosen, folder)
        case PackageVcs() | PackageDirectory():
            url = _url(getattr(chosen, "url", None), chosen.path, folder)
            return _tree(package, url)


def _distribution(package: Package, chosen: PackageWheel | PackageSdist, folder: Path) -> File:
    url = _url(chosen.url, chosen.path, folder)
    filename = _plain(chosen.name or _last_segment(url))
    wheel = isinstance(chosen, PackageWheel)
    return File(
        project=package.name,
        version=_version(package, filename, wheel=wheel),
        filename=filename,
        kind=FileKind.WHEEL if wheel else FileKind.SDIST,
        url=url,
        hashes=_hashes(chosen.hashes),
        size=chosen.size,
    )


def _archive(package: Package, chosen: PackageArchive, folder: Path) -> File:
    url = _url(chosen.url, chosen.path, folder)
    filename = _plain(_last_segment(url))
    wheel = filename.endswith(".whl")
    return File(
        project=package.name,
        version=_version(package, filename, wheel=True) if wheel else package.version,
        filename=filename,
        kind=FileKind.WHEEL if wheel else FileKind.SDIST,
        url=url,
        hashes=_hashes(chosen.hashes),
        size=chosen.size,
    )


def _version(package: Package, filename: str, *, wheel: bool) -> Version:
    """Return the version in a file's name, if that is the name of a file of `package`."""
    try:
        name, version = (
            parse_wheel_filename(filename)[:2] if wheel else parse_sdist_filename(filename)
        )
    except ValueError as error:
        raise UsageError("the lock file names a file that is none", reason=str(error)) from None
    if name != package.name or package.version not in {None, version}:
        raise UsageError(
            f"the lock file has `{filename}` under {package.name} {package.version or ''}".strip(),
            hint="lock again: a file belongs to the project and version in its name",
        )
    return version


def _plain(filename: str) -> str:
    if not re.fullmatch(r"[^/\\\x00-\x1f\x7f]{1,255}", filename):
        raise UsageError(
            "the lock file names a file that is none", reason=f"{filename[:80]!r} is no file name"
        )
    return filename


def _tree(package: Package, url: str) -> File:
    return File(
        project=package.name,
        version=package.version,
        filename=_last_segment(url) or str(package.name),
        kind=FileKind.SOURCE_TREE,
        url=url,
    )


def _hashes(given: Mapping[str, str] | None) -> dict[str, str]:
    return {name.lower(): digest.lower() for name, digest in (given or {}).items()}


def _url(url: str | None, path: str | None, folder: Path) -> str:
    """Return where a file is, without credentials: its `url`, or else its `path`."""
    try:
        if url is None:
            return (folder / (path or "")).resolve().as_uri()
        parts = urlsplit(urldefrag(url).url)
    except (OSError, RuntimeError, ValueError):  # not repeated: it may hold a password
        raise UsageError("the lock file names a URL or path that is none") from None
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, parts.query, ""))


def _last_segment(url: str) -> str:
    return unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2])
