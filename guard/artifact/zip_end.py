"""Where the central directory is: said in the last bytes of the file, or nowhere.

Readers look for the end record in different ways: backwards or forwards, in the last 64 KiB or in
all of the file, believing the length of its comment or not. They all agree on one place only: the
last 22 bytes. An archive comment would move it away from there, and could itself hold another
archive, so there may be none; no build tool writes one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from guard.artifact.zip_fault import ArchiveError, ambiguous, oversized
from guard.artifact.zip_limits import Limits
from guard.artifact.zip_records import (
    CENTRAL,
    END,
    END64,
    END64_SIGNATURE,
    END_SIGNATURE,
    LOCATOR,
    LOCATOR_SIGNATURE,
    SENTINEL16,
    SENTINEL32,
    Content,
    End64Record,
    EndRecord,
    Locator,
)

_LONGEST_COMMENT: Final = 0xFFFF
_COMMENT_LENGTH: Final = 20  # bytes from the beginning of the end record
# APPNOTE 4.3.14.1: the size of the remaining record, so without the 12 bytes up to that field.
_END64_REMAINING: Final = END64.size - 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """The place of the central directory, and how many members it says it has."""

    offset: int
    size: int
    entries: int


def find_directory(content: Content, limits: Limits) -> Directory:
    """Return the one place where every reader finds the directory. Raises `ArchiveError`."""
    at = len(content) - END.size
    end = _end_record(content)
    _refuse_a_rival(content, at)
    directory_end, directory = _end64(content, at, end)
    _refuse_excess(directory, limits, at)
    if directory.offset + directory.size != directory_end:
        raise ambiguous(
            f"the central directory is said to end at byte {directory.offset + directory.size}, "
            f"but what follows it begins at byte {directory_end}",
            offset=at,
        )
    return directory


def _end_record(content: Content) -> EndRecord:
    at = len(content) - END.size
    if at < 0 or content[at : at + 4] != END_SIGNATURE:
        raise _misplaced(content)
    end = EndRecord._make(END.unpack_from(content, at))
    if end.comment_length:
        raise _misplaced(content)
    # APPNOTE 4.4.19 and 4.4.20: an archive in one file is on disk 0, all of it.
    if end.disk or end.directory_disk or end.entries_here != end.entries:
        raise ambiguous(
            f"the end record says disk {end.disk}, directory on disk {end.directory_disk}, "
            f"{end.entries_here} members on this disk and {end.entries} in all: "
            "some readers obey, others take the file for the whole",
            offset=at + 4,
        )
    return end


def _misplaced(content: Content) -> ArchiveError:
    """Explain why the last 22 bytes are not the end record of an archive."""
    at = content.rfind(END_SIGNATURE, max(0, len(content) - END.size - _LONGEST_COMMENT))
    if at < 0:
        return ambiguous("not a ZIP archive: it has no end record", offset=0)
    if at + END.size > len(content):
        return ambiguous("the end record is cut off", offset=at)
    comment = EndRecord._make(END.unpack_from(content, at)).comment_length
    rest = len(content) - at - END.size
    if rest == comment:
        return ambiguous(
            f"{comment} bytes of archive comment follow the end record: "
            "some readers look for another end record in them, others skip them",
            offset=at + END.size,
        )
    return ambiguous(
        f"{rest} bytes follow the end record, which announces {comment} of comment: "
        "some readers skip them, others refuse the file or read them as an archive",
        offset=at + END.size,
    )


def _refuse_a_rival(content: Content, at: int) -> None:
    """Refuse another end record that a reader could choose because its comment fits exactly.

    That is how a forward search tells the real record. Nothing prevents a member from containing
    such bytes, so no check of the members would find it.
    """
    start = max(0, at - _LONGEST_COMMENT)
    tail = content[start:]
    found = tail.find(END_SIGNATURE)
    while found < at - start:
        length_at = found + _COMMENT_LENGTH
        comment = int.from_bytes(tail[length_at : length_at + 2], "little")
        if found + END.size + comment == len(tail):
            raise ambiguous(
                f"two end records: one at byte {start + found}, whose comment ends with the file, "
                f"and one at byte {at}; a search from the front finds the first",
                offset=start + found,
            )
        found = tail.find(END_SIGNATURE, found + 1)


def _end64(content: Content, at: int, end: EndRecord) -> tuple[int, Directory]:
    """Return where the directory must end and what it says, in 64 bits if there is a locator."""
    locator_at = at - LOCATOR.size
    if locator_at < 0 or content[locator_at : locator_at + 4] != LOCATOR_SIGNATURE:
        # A value that equals a sentinel is only true if the directory is really there: checked.
        return at, _directory(end)
    end64_at = locator_at - END64.size
    locator = Locator._make(LOCATOR.unpack_from(content, locator_at))
    if locator.disk or locator.disks != 1 or locator.end64_offset != end64_at:
        raise ambiguous(
            f"the ZIP64 locator points to byte {locator.end64_offset} of disk {locator.disk} of "
            f"{locator.disks}; the record that belongs to it would be at byte {end64_at}",
            offset=locator_at,
        )
    return end64_at, _directory(_end64_record(content, end64_at, end))


def _end64_record(content: Content, at: int, end: EndRecord) -> End64Record:
    if content[at : at + 4] != END64_SIGNATURE:
        raise ambiguous(
            "the ZIP64 locator points to something that is no ZIP64 end record: "
            "some readers go on without it, others refuse",
            offset=at,
        )
    end64 = End64Record._make(END64.unpack_from(content, at))
    # APPNOTE 4.3.14.2: version 2 of the record and its extensible data are for encryption.
    if end64.remaining_size != _END64_REMAINING:
        raise ambiguous(
            f"the ZIP64 end record says that {end64.remaining_size} bytes of it remain, but it has "
            f"{_END64_REMAINING}: the rest would be read by some readers only",
            offset=at + 4,
        )
    if end64.disk or end64.directory_disk or end64.entries_here != end64.entries:
        raise ambiguous(
            f"the ZIP64 end record says disk {end64.disk}, directory on disk "
            f"{end64.directory_disk}, {end64.entries_here} members on this disk and "
            f"{end64.entries} in all",
            offset=at + 16,
        )
    _refuse_contradiction(end, end64, at)
    return end64


def _refuse_contradiction(end: EndRecord, end64: End64Record, at: int) -> None:
    # APPNOTE 4.4.1.4: the ZIP64 value counts where the other is -1. Some readers always take it.
    for what, value, wide, sentinel in (
        ("number of members", end.entries, end64.entries, SENTINEL16),
        ("directory size", end.directory_size, end64.directory_size, SENTINEL32),
        ("directory offset", end.directory_offset, end64.directory_offset, SENTINEL32),
    ):
        if value not in {sentinel, wide}:
            raise ambiguous(
                f"{what}: {value} in the end record, {wide} in the ZIP64 end record", offset=at
            )


def _directory(end: EndRecord | End64Record) -> Directory:
    return Directory(offset=end.directory_offset, size=end.directory_size, entries=end.entries)


def _refuse_excess(directory: Directory, limits: Limits, at: int) -> None:
    """Refuse a directory that costs too much to read, or that cannot hold what it is said to."""
    if directory.entries > limits.entries:
        message = f"{directory.entries} members, more than {limits.entries}"
        raise oversized(message, offset=at)
    if directory.size > limits.directory_bytes:
        message = f"{directory.size} bytes of directory, more than {limits.directory_bytes}"
        raise oversized(message, offset=at)
    if directory.entries * CENTRAL.size > directory.size:
        raise ambiguous(
            f"{directory.entries} members are announced, but {directory.size} bytes of directory "
            f"hold {directory.size // CENTRAL.size} at most",
            offset=at,
        )
