"""The plan: a PEP 751 `pylock.toml`, read strictly, as the files it chooses for one environment."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urldefrag, urlsplit, urlunsplit

from packaging.markers import Environment
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
from packaging.specifiers import SpecifierSet
from packaging.tags import Tag
from packaging.utils import (
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import Version

from guard import attestation_identities
from guard.errors import UsageError
from guard.model import Absent, Admitted, File, FileKind, Listing, Origin, Unknown
from guard.publisher import IdentityPattern, Provenance

_LIMIT: Final = 50_000_000
"""Bytes of one lock file."""

Chosen = PackageVcs | PackageDirectory | PackageArchive | PackageWheel | PackageSdist


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One file of a plan."""

    file: File
    direct: bool = False
    """Asked for by URL or path somewhere: `[packages.archive]`, `vcs` or `directory`."""

    identities: tuple[IdentityPattern, ...] = ()
    """PEP-751: `attestation-identities`, who may have published the project's files."""


def is_lock(path: Path) -> bool:
    """Tell whether `path` is named as PEP 751 names a lock file."""
    return is_valid_pylock_path(path)


def read(path: Path) -> Pylock:
    """Return the lock file at `path`. Raises `UsageError`."""
    try:
        with path.open("rb") as stream:
            body = stream.read(_LIMIT + 1)
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


def lock(admitted: Sequence[Admitted], *, python: str) -> Pylock:
    """Return the lock of exactly these files, with their publishers as they were verified.

    PEP-751: `attestation-identities` SHOULD be recorded where they are known.
    """
    packages = sorted((_package(item) for item in admitted), key=lambda package: package.name)
    return Pylock(
        lock_version=Version("1.0"),
        created_by="guard",
        requires_python=SpecifierSet(f">={python}"),
        packages=packages,
    )


def serialize(lock: Pylock) -> bytes:
    """Return `lock` as TOML."""
    import tomli_w  # noqa: PLC0415 - only for writing

    return tomli_w.dumps(lock.to_dict()).encode()


def _package(admitted: Admitted) -> Package:
    candidate = admitted.verdict.candidate
    file, listing, proved = candidate.file, candidate.listing, candidate.provenance
    uploaded = listing.upload_time if isinstance(listing, Listing) else listing
    identities = proved.identities if isinstance(proved, Provenance) else ()
    wheel = PackageWheel(
        name=file.filename,
        url=file.url,
        size=admitted.path.stat().st_size,
        upload_time=None if isinstance(uploaded, Absent | Unknown) else uploaded,
        hashes={"sha256": admitted.sha256},
    )
    return Package(
        name=file.project,
        version=file.version,
        index=candidate.origin.url if isinstance(candidate.origin, Origin) else None,
        wheels=[wheel],
        attestation_identities=attestation_identities.tables(identities) or None,
    )


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
        file = _file(package, chosen, folder)
        identities = attestation_identities.patterns(package)
        yield Planned(file=file, direct=package.is_direct, identities=identities)


def every_file(package: Package, folder: Path) -> tuple[File, ...]:
    """Return the files that a package of a lock names, for any environment. Raises `UsageError`."""
    alone = (package.sdist, package.archive, package.vcs, package.directory)
    named = [*(package.wheels or ()), *(each for each in alone if each is not None)]
    return tuple(_file(package, each, folder) for each in named)


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
