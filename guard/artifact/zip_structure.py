"""The structure of an archive as a whole: stage after stage, as long as there is one reading.

A stage relies on what the one before has shown, so it runs only if nothing was wrong until then.
Sizes and paths are judged apart from that: a policy that lets one of them pass must not let pass
what was not looked at. No stage costs more than the directory, which is limited before it is read.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from guard.artifact.defect import Defect
from guard.artifact.paths import shown, unsafe_paths
from guard.artifact.zip_directory import RawEntry, raw_entries
from guard.artifact.zip_end import find_directory
from guard.artifact.zip_entry import Entry, understand
from guard.artifact.zip_fault import ArchiveError, ambiguous, oversized
from guard.artifact.zip_limits import Limits
from guard.artifact.zip_local import tiling_defects
from guard.artifact.zip_records import Content
from guard.artifact.zip_stream import Member

_MOST_DEFECTS: Final = 50
_TAR_BLOCK: Final = 512
_TAR_CHECKSUM: Final = slice(148, 156)


def structure(content: Content, limits: Limits) -> tuple[tuple[Member, ...], tuple[Defect, ...]]:
    """Return the members of the archive and what is wrong with it, the first 50 defects of it.

    Where the directory cannot be read at all, there are no members.
    """
    try:
        directory = find_directory(content, limits)
        raw = tuple(raw_entries(content, directory))
    except ArchiveError as error:
        return (), (error.defect,)
    entries, defects = _understood(raw)
    stages = (
        _doubles(entries),
        tiling_defects(content, entries, directory.offset),
        _second_format(content),
    )
    for stage in stages:  # a generator that is not iterated does nothing
        defects = defects or tuple(itertools.islice(stage, _MOST_DEFECTS))
    excess = tuple(itertools.islice(_excess(entries, len(content), limits), _MOST_DEFECTS))
    return _members(entries), excess + defects + _unsafe(entries)


def _understood(raw: Sequence[RawEntry]) -> tuple[tuple[Entry, ...], tuple[Defect, ...]]:
    """Return the entries that can be understood, and what is wrong with the others."""
    entries, defects = [], []
    for each in raw:
        try:
            entries.append(understand(each))
        except ArchiveError as error:
            defects.append(error.defect)
            if len(defects) == _MOST_DEFECTS:
                break
    return tuple(entries), tuple(defects)


def _excess(entries: Sequence[Entry], available: int, limits: Limits) -> Iterator[Defect]:
    """Yield what makes the archive too large to be read, by its own account."""
    for entry in entries:
        if entry.size > limits.member_bytes:
            message = f"{entry.size} bytes in one member, more than {limits.member_bytes}"
            yield oversized(message, offset=entry.raw.at + 24, member=entry.name).defect
    total = sum(entry.size for entry in entries)
    if total > limits.total_bytes:
        message = f"{total} bytes in all members, more than {limits.total_bytes}"
        yield oversized(message, offset=0).defect
    if total > limits.spared_bytes and total > limits.ratio * available:
        message = (
            f"{total} bytes in all members, {total // available} times the {available} bytes of "
            f"the file; at most {limits.ratio} times as many are read"
        )
        yield oversized(message, offset=0).defect


def _doubles(entries: Sequence[Entry]) -> Iterator[Defect]:
    """Yield the members whose name another member has already."""
    if len({entry.name for entry in entries}) == len(entries):
        return
    first: dict[str, Entry] = {}
    for entry in entries:
        other = first.setdefault(entry.name, entry)
        if other is not entry:
            yield ambiguous(
                f"two members are named {shown(entry.name)}, one at byte {other.offset} and one "
                f"at byte {entry.offset}: readers keep the first, the last, or refuse",
                offset=entry.raw.at,
                member=entry.name,
            ).defect


def _second_format(content: Content) -> Iterator[Defect]:
    """Yield a defect if the file can be read as a tar archive as well.

    The first header of a tar archive may have any name, also one that begins like a ZIP file. It
    is known by its magic, or, before POSIX, by its checksum alone.
    """
    block = content[:_TAR_BLOCK]
    if len(block) == _TAR_BLOCK and (block[257:262] == b"ustar" or _sums_up(block)):
        yield ambiguous("a ZIP archive and a tar archive at once", offset=0).defect


def _sums_up(block: bytes) -> bool:
    """Tell whether `block` has the checksum of a tar header: its bytes with that field blank."""
    field = block[_TAR_CHECKSUM]
    try:
        checksum = int(field.strip(b"\0 "), 8)
    except ValueError:
        return False
    return checksum == sum(block) - sum(field) + len(field) * ord(" ")


def _members(entries: Sequence[Entry]) -> tuple[Member, ...]:
    return tuple(map(_member, entries))


def _member(entry: Entry) -> Member:
    record = entry.raw.record
    return Member(
        entry.name,
        entry.offset,
        entry.size,
        entry.compressed_size,
        record.crc,
        record.method,
        entry.mode,
        entry.is_directory,
    )


def _unsafe(entries: Sequence[Entry]) -> tuple[Defect, ...]:
    paths = ((entry.name, entry.mode) for entry in entries)
    found = tuple(itertools.islice(unsafe_paths(paths), _MOST_DEFECTS))
    if not found:
        return ()
    offsets: dict[str | None, int] = {entry.name: entry.offset for entry in entries}
    return tuple(replace(defect, offset=offsets[defect.member]) for defect in found)
