"""The nearest earlier attested files: what a new one of the release line is held to."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from packaging.version import Version

from guard.model import File
from guard.simple import PageFile, ProjectPage
from guard.simple.page import version_of

_LOOKED_AT: Final = 20
"""Attested releases to go back over; beyond that nothing says much about the next one."""


def earlier_attested(page: ProjectPage, file: File) -> Iterator[tuple[Version, PageFile]]:
    """Yield for each earlier attested release the file that is most like `file`, nearest first.

    Releases are ordered by version, so that a backport is compared with its own line. A release in
    which the like file (same kind, same tags) was not attested says nothing. Raises `PageError`.
    """
    if file.version is None or not page.attested:
        return
    earlier: dict[Version, list[str]] = {}
    for filename in page.attested:
        version = version_of(filename, page.name)
        if version is not None and version < file.version:
            earlier.setdefault(version, []).append(filename)
    for version in islice(sorted(earlier, reverse=True), _LOOKED_AT):
        for filename in _alike(page, file, version, earlier[version]):
            entry = page.file(filename)
            if entry is not None:
                yield version, entry
                break


def _alike(page: ProjectPage, file: File, version: Version, attested: list[str]) -> Iterator[str]:
    """Yield the attested files of `version` that `file` can be compared with, best first."""
    tail = _tail(file.filename)
    same = [name for name in attested if _tail(name) == tail]
    if same:
        yield from same
        return
    names = (name for name in page.filenames if _tail(name) == tail)
    if any(version_of(name, page.name) == version for name in names):
        return
    yield from sorted(attested, key=lambda name: _extension(name) != _extension(file.filename))


def _tail(filename: str) -> str:
    """Return what two files of different releases have in common: the tags, or the extension."""
    if filename.endswith(".whl"):
        return "-".join(filename.rsplit("-", 3)[1:])
    return _extension(filename)


def _extension(filename: str) -> str:
    return filename[filename.rfind(".") :]
