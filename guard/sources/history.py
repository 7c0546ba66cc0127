"""The nearest earlier attested files: what a new one of the release line is held to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from packaging.version import Version

from guard.model import File
from guard.simple import PageFile, ProjectPage
from guard.simple.page import version_of

_LOOKED_AT: Final = 20
"""Attested releases to go back over; beyond that nothing says much about the next one."""

_SETTLED: Final = timedelta(days=30)
"""How long a release must have been up before another for it to be what that is held to."""

_TOGETHER: Final = timedelta(days=7)
"""From the first attested file of a release to the last that still came with it."""


def earlier_attested(page: ProjectPage, file: File) -> Iterator[tuple[Version, PageFile]]:
    """Yield for each earlier attested release the file that is most like `file`.

    The nearest one that was settled when `file` came is first: the second release of a takeover
    would otherwise be compared with the first one. Raises `PageError`.
    """
    came = _uploaded(page, file.filename)
    unsettled = []
    for version, entry in _nearest_first(page, file):
        if came and entry.upload_time and came - entry.upload_time < _SETTLED:
            unsettled.append((version, entry))
        else:
            yield version, entry
    yield from unsettled


def _nearest_first(page: ProjectPage, file: File) -> Iterator[tuple[Version, PageFile]]:
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
    """Yield the attested files of `version` that `file` can be compared with, the best one first.

    What was added to an old release later proves nothing about it: a stolen token can do that.
    """
    began = min(filter(None, (_uploaded(page, name) for name in attested)), default=None)
    first = [name for name in attested if _together(began, _uploaded(page, name))]
    tail = _tail(file.filename)
    same = [name for name in first if _tail(name) == tail]
    if same:
        yield from same
        return
    names = (n for n in page.filenames if _tail(n) == tail and n not in attested)
    like = (name for name in names if version_of(name, page.name) == version)
    if any(_together(began, _uploaded(page, name)) for name in like):
        return
    yield from sorted(first, key=lambda name: _extension(name) != _extension(file.filename))


def _together(began: datetime | None, uploaded: datetime | None) -> bool:
    """Tell whether a file came with its release; where an index gives no times, all of them did."""
    return began is None or uploaded is None or uploaded - began <= _TOGETHER


def _uploaded(page: ProjectPage, filename: str) -> datetime | None:
    entry = page.file(filename)
    return entry.upload_time if entry else None


def _tail(filename: str) -> str:
    """Return what two files of different releases have in common: the tags, or the extension."""
    if filename.endswith(".whl"):
        return "-".join(filename.rsplit("-", 3)[1:])
    return _extension(filename)


def _extension(filename: str) -> str:
    return filename[filename.rfind(".") :]
