"""The files of a release, whose names must say whose they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from packaging.utils import NormalizedName, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from guard.inventory._base import Skipped, shown
from guard.inventory._document import Table
from guard.model import File, FileKind

_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252}[A-Za-z0-9])?")
_FILENAME: Final = re.compile(r"[^/\\]{1,255}")
_HEX: Final = re.compile(r"[0-9a-f]+")
_STRONG: Final = {"sha256": 64, "sha384": 96, "sha512": 128}
_SDISTS: Final = (
    *(".tar.gz", ".tgz", ".zip", ".tar", ".tar.bz2", ".tbz"),
    *(".tar.xz", ".txz", ".tar.lz", ".tlz", ".tar.lzma", ".tar.zst"),
)
"""How the names of source distributions end, to pip and uv."""


@dataclass(frozen=True, slots=True)
class Release:
    """A project and, where it is known, the one version."""

    project: NormalizedName
    version: Version | None

    def __str__(self) -> str:
        return f"{self.project} {self.version}" if self.version else str(self.project)


def name(text: str, table: Table) -> NormalizedName:
    """Return the normalized name of a project. Raises `UsageError`."""
    if not _NAME.fullmatch(text):
        raise table.wrong(f"no project can have the name {shown(text)}")
    return canonicalize_name(text)


def version(text: str | None, table: Table) -> Version | None:
    """Return a version, if one is given. Raises `UsageError`."""
    try:
        return Version(text) if text is not None else None
    except ValueError:  # also of a number without an end
        raise table.wrong(f"no version is {shown(text)}") from None


def digests(text: str | None, table: Table) -> dict[str, str]:
    """Return the digest in `sha256:…`, if it is one worth comparing. Raises `UsageError`."""
    if text is None:
        return {}
    algorithm, colon, digest = text.partition(":")
    if not colon:
        raise table.wrong(f"no hash is {shown(text)}")
    return strong(algorithm, digest, table)


def strong(algorithm: str, digest: str, table: Table) -> dict[str, str]:
    """Return a digest of sha256, sha384 or sha512; a weaker one is none. Raises `UsageError`."""
    algorithm, digest = algorithm.lower().replace("-", ""), digest.lower()
    length = _STRONG.get(algorithm)
    if length is None:
        return {}
    if len(digest) != length or not _HEX.fullmatch(digest):
        raise table.wrong(f"no {algorithm} digest is {shown(digest)}")
    return {algorithm: digest}


def distribution(filename: str, release: Release, row: Table, *, url: str = "") -> File | Skipped:
    """Return a wheel or a source distribution, with the `hash` and `size` that `row` says.

    What no installer takes is skipped. Raises `UsageError` on the file of another release: it
    would be installed as what it is.
    """
    if not _FILENAME.fullmatch(filename):
        raise row.wrong(f"no file has the name {shown(filename)}")
    if not is_distribution(filename):
        return Skipped(f"{release}: {shown(filename)} is neither a wheel nor an sdist")
    found = version_in(filename, release.project)
    if found is None or release.version not in {None, found}:
        raise row.wrong(
            f"{shown(filename)} is listed under {release}",
            reason="a file belongs to the project and version in its name",
            hint="somebody has changed this document, or its tool is wrong: write it anew",
        )
    return File(
        project=release.project,
        version=found,
        filename=filename,
        kind=FileKind.WHEEL if filename.endswith(".whl") else FileKind.SDIST,
        url=url,
        hashes=digests(row.text("hash"), row),
        size=row.size("size"),
    )


def archive(filename: str, release: Release, row: Table, *, url: str) -> File | Skipped:
    """Return what a URL or path leads to: only a wheel must be named for its release.

    `main.zip` is a source distribution too, where nobody looks for it by its name.
    """
    if filename.endswith(".whl"):
        return distribution(filename, release, row, url=url)
    if not _FILENAME.fullmatch(filename):
        raise row.wrong(f"no file has the name {shown(filename)}")
    return File(
        project=release.project,
        version=release.version,
        filename=filename,
        kind=FileKind.SDIST,
        url=url,
        hashes=digests(row.text("hash"), row),
        size=row.size("size"),
    )


def source_tree(release: Release, url: str) -> File:
    """Return what stands for a repository or folder, as in `guard.plan`."""
    return File(
        project=release.project,
        version=release.version,
        filename=url.rstrip("/").rpartition("/")[2] or str(release.project),
        kind=FileKind.SOURCE_TREE,
        url=url,
    )


def is_distribution(filename: str) -> bool:
    """Tell whether a file is named as wheels and source distributions are."""
    return filename.endswith((".whl", *_SDISTS))


def version_in(filename: str, project: NormalizedName) -> Version | None:
    """Return the version that the name of a file of `project` says, if it is one."""
    if filename.endswith(".whl"):
        return _wheel_version(filename, project)
    return _sdist_version(filename, project) if is_distribution(filename) else None


def parted(read: Iterable[File | Skipped]) -> tuple[tuple[File, ...], tuple[Skipped, ...]]:
    """Return the files, and what is none."""
    items = tuple(read)
    files = tuple(each for each in items if isinstance(each, File))
    return files, tuple(each for each in items if isinstance(each, Skipped))


def _wheel_version(filename: str, project: NormalizedName) -> Version | None:
    try:
        found, version_, _, _ = parse_wheel_filename(filename)
    except ValueError:
        return None
    return version_ if found == project else None


def _sdist_version(filename: str, project: NormalizedName) -> Version | None:
    """Return the version in a name that begins with `project`.

    Both may have dashes, as in `foo-bar-1.0-1.zip`, so only one who knows the project can tell.
    """
    suffix = max((end for end in _SDISTS if filename.endswith(end)), key=len)
    return next(_versions(filename.removesuffix(suffix), project), None)


def _versions(stem: str, project: NormalizedName) -> Iterator[Version]:
    for dash in re.finditer("-", stem):
        if canonicalize_name(stem[: dash.start()]) == project:
            try:
                yield Version(stem[dash.end() :])
            except InvalidVersion:
                continue
