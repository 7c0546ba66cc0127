"""The nearest earlier attested files: what a new one of the release line is held to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from packaging.version import Version

from guard.model import File
from guard.simple import PageFile, ProjectPage
from guard.simple.page import version_of
from guard.sources.likeness import extension, tail, together

_LOOKED_AT: Final = 20
"""Settled releases to go back over; beyond that nothing says much about the next one."""

_SETTLED: Final = timedelta(days=30)
"""How long a release must have been up before another for it to be what that is held to."""

_STALE: Final = timedelta(days=365)
"""How long ago a release may be and still tell more than those that came since."""


def earlier_attested(page: ProjectPage, file: File) -> Iterator[tuple[Version, PageFile]]:
    """Yield for each earlier attested release the file that is most like `file`.

    The nearest one that was settled when `file` came is first: the second release of a takeover
    would otherwise be compared with the first one. Where there is none, because the project is
    young or has slept, it is the oldest of the new ones. Raises `PageError`.
    """
    came = _uploaded(page, file.filename)
    rest = _nearest_first(page, file, came)
    young: list[tuple[datetime, Version, PageFile]] = []
    for version, entry in rest:
        uploaded = entry.upload_time
        if came and uploaded and came - uploaded < _SETTLED:
            young.append((uploaded, version, entry))
            continue
        slept = came and uploaded and came - uploaded > _STALE
        if slept:
            yield from _by_age(young)
        yield version, entry
        if not slept:
            yield from ((v, e) for _, v, e in young)
        yield from rest
        return
    yield from _by_age(young)


def _by_age(
    young: list[tuple[datetime, Version, PageFile]],
) -> Iterator[tuple[Version, PageFile]]:
    """Yield the oldest first: what was added last may bear any number."""
    yield from ((version, entry) for _, version, entry in sorted(young, key=lambda each: each[0]))


def _nearest_first(
    page: ProjectPage, file: File, came: datetime | None
) -> Iterator[tuple[Version, PageFile]]:
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
    left = _LOOKED_AT
    for version in sorted(earlier, reverse=True):
        attested = earlier[version]
        began = min(filter(None, (_uploaded(page, name) for name in attested)), default=None)
        # New releases do not count: anybody can make more of them than are looked at.
        left -= not (came and began and came - began < _SETTLED)
        if left < 0:
            return
        for filename in _alike(page, file, version, attested, began):
            entry = page.file(filename)
            if entry is not None:
                yield version, entry
                break


def _alike(
    page: ProjectPage, file: File, version: Version, attested: list[str], began: datetime | None
) -> Iterator[str]:
    """Yield the attested files of `version` that `file` can be compared with, the best one first.

    What was added to an old release later is left out.
    """
    first = [name for name in attested if together(began, _uploaded(page, name))]
    ours = tail(file.filename)
    same = [name for name in first if tail(name) == ours]
    if same:
        yield from same
        return
    names = (n for n in page.filenames if tail(n) == ours and n not in attested)
    like = (name for name in names if version_of(name, page.name) == version)
    if any(together(began, _uploaded(page, name)) for name in like):
        return
    yield from sorted(first, key=lambda name: extension(name) != extension(file.filename))


def _uploaded(page: ProjectPage, filename: str) -> datetime | None:
    entry = page.file(filename)
    return entry.upload_time if entry else None
