"""One record of the directory: a name, two sizes, a place and a kind, each said in one way."""

from __future__ import annotations

import functools
import stat
from struct import Struct
from typing import Final, NamedTuple

from guard.artifact.paths import shown
from guard.artifact.zip_directory import RawEntry
from guard.artifact.zip_extra import ZIP64, extra_fields
from guard.artifact.zip_fault import ambiguous
from guard.artifact.zip_records import (
    CENTRAL,
    DEFLATED,
    DESCRIPTOR_FLAG,
    SENTINEL32,
    STORED,
    UTF8_FLAG,
)

# APPNOTE 4.4.4: bits 1 and 2 say how hard the compressor tried, and no reader cares.
_FLAGS: Final = 0b110 | DESCRIPTOR_FLAG | UTF8_FLAG
_FORBIDDEN_FLAGS: Final = {
    0: "the member is encrypted",
    4: "the member is compressed by an enhanced method",
    5: "the member is a patch of another file",
    6: "the member is strongly encrypted",
    13: "the headers are encrypted",
}
_NEWEST: Final = 63  # APPNOTE 4.4.3.2: version 6.3 is the last that a reader may need
# APPNOTE 4.4.15: the low bits are MS-DOS attributes on every system.
_DOS_DIRECTORY: Final = 0x10
_DOS_SPECIAL: Final = {0x08: "a volume label", 0x40: "a device", 0x400: "a reparse point"}
_WIDE: Final = Struct("<Q")


class Entry(NamedTuple):
    """A record of the directory, understood: what its member must be like."""

    raw: RawEntry
    name: str
    offset: int
    size: int
    compressed_size: int
    wide: bool
    """Whether a ZIP64 field holds any of the three numbers."""

    is_directory: bool
    """Whether the name says that this is a folder."""

    @property
    def mode(self) -> int:
        """The Unix mode, 0 where there is none: readers take it whatever the system says."""
        return self.raw.record.external_attributes >> 16


def understand(raw: RawEntry) -> Entry:
    """Return what `raw` says, if it says it in one way only. Raises `ArchiveError` otherwise."""
    name = _name(raw)
    _refuse_features(raw, name)
    size, compressed_size, offset, wide = _numbers(raw, name)
    is_directory = name.endswith("/")
    _refuse_two_kinds(raw, name, size, is_directory=is_directory)
    if raw.record.method == STORED and size != compressed_size:
        raise ambiguous(
            f"stored as it is, but {compressed_size} bytes in the file and {size} by itself",
            offset=raw.at + 20,
            member=name,
        )
    return Entry(raw, name, offset, size, compressed_size, wide, is_directory)


def _name(raw: RawEntry) -> str:
    at = raw.at + CENTRAL.size
    if not raw.name:
        raise ambiguous("a member has no name", offset=at)
    try:
        name = raw.name.decode("utf-8" if raw.record.flags & UTF8_FLAG else "ascii")
    except UnicodeDecodeError:
        raise _undecodable(raw, at) from None
    if "\0" in name:
        raise ambiguous(
            f"a NUL in the name: {shown(name)} to some readers, "
            f"{shown(name.partition(chr(0))[0])} to others",
            offset=at + raw.name.index(b"\0"),
            member=name,
        )
    return name


def _undecodable(raw: RawEntry, at: int) -> Exception:
    """Explain a name that is no UTF-8 although it says so, or not ASCII although it should be."""
    # APPNOTE appendix D.1: without bit 11, a name is in code page 437. Many readers differ.
    dos = shown(raw.name.decode("cp437"))
    other = shown(raw.name.decode("utf-8", "replace"))
    if raw.record.flags & UTF8_FLAG:
        message = f"the name is not the UTF-8 that it says it is: {other}, or {dos}"
    else:
        message = f"the name is not ASCII and does not say that it is UTF-8: {other}, or {dos}"
    return ambiguous(message, offset=at)


def _refuse_features(raw: RawEntry, name: str) -> None:
    """Refuse what only some readers support, one by one."""
    record = raw.record
    if unknown := record.flags & ~_FLAGS:
        bit = (unknown & -unknown).bit_length() - 1
        what = _FORBIDDEN_FLAGS.get(bit, "of no known meaning")
        raise ambiguous(
            f"flag bit {bit} is set ({what}): some readers obey it, others do not look",
            offset=raw.at + 8,
            member=name,
        )
    if record.method not in {STORED, DEFLATED}:
        raise ambiguous(
            f"compressed by method {record.method}: pip reads more methods than uv; "
            "only stored (0) and deflated (8) are read by every reader",
            offset=raw.at + 10,
            member=name,
        )
    if record.needed > _NEWEST:
        raise ambiguous(
            f"version {record.needed / 10} of the format is needed: some readers refuse it",
            offset=raw.at + 6,
            member=name,
        )
    # APPNOTE 4.4.11: the first disk is disk 0. No other is here.
    if record.disk:
        raise ambiguous(f"the member is on disk {record.disk}", offset=raw.at + 34, member=name)
    if record.comment_length:
        raise ambiguous(
            f"{record.comment_length} bytes of comment in the central directory, which a reader "
            "that does not skip them takes for the next record",
            offset=raw.at + CENTRAL.size + record.name_length + record.extra_length,
            member=name,
        )


def _numbers(raw: RawEntry, name: str) -> tuple[int, int, int, bool]:
    """Return size, compressed size and offset, from the ZIP64 field where they are not here.

    APPNOTE 4.5.3: the field has those values, in that order, whose 32-bit fields are -1, and no
    others.
    """
    record = raw.record
    numbers = [record.size, record.compressed_size, record.offset]
    if not raw.extra and SENTINEL32 not in numbers:
        return record.size, record.compressed_size, record.offset, False
    at = raw.at + CENTRAL.size + record.name_length
    wide = extra_fields(raw.extra, offset=at, member=name).get(ZIP64)
    absent = [place for place, number in enumerate(numbers) if number == SENTINEL32]
    if wide is None and not absent:
        return record.size, record.compressed_size, record.offset, False
    if not absent or wide is None or len(wide) != _WIDE.size * len(absent):
        raise ambiguous(
            f"{len(absent)} numbers are left to the ZIP64 field, which "
            f"{'is not there' if wide is None else f'has {len(wide)} bytes'}: some readers take "
            "0xffffffff for a number, others take other bytes for it",
            offset=at,
            member=name,
        )
    for place, (number,) in zip(absent, _WIDE.iter_unpack(wide), strict=True):
        numbers[place] = number
    size, compressed_size, offset = numbers
    return size, compressed_size, offset, True


def _refuse_two_kinds(raw: RawEntry, name: str, size: int, *, is_directory: bool) -> None:
    """Refuse a member that is a file by one of its marks and a folder by another."""
    kind = "folder" if is_directory else "file"
    if is_directory and (size or raw.record.crc):
        raise ambiguous(
            f"a folder by its name, but with {size} bytes of content and CRC "
            f"{raw.record.crc:#010x}: some readers write a file, others drop it",
            offset=raw.at + 16,
            member=name,
        )
    if other := _contradiction(raw.record.external_attributes, is_directory=is_directory):
        raise ambiguous(f"a {kind} by its name, but {other}", offset=raw.at + 38, member=name)


@functools.lru_cache(maxsize=256)  # an archive has few different attributes
def _contradiction(attributes: int, *, is_directory: bool) -> str | None:
    """Return what else than its name says a member is by its attributes, if anything."""
    kind = stat.S_IFMT(attributes >> 16)
    for bit, what in _DOS_SPECIAL.items():
        if attributes & bit:
            return f"{what} by its MS-DOS attributes"
    if is_directory and kind == stat.S_IFREG:
        return "a file by its mode"
    if not is_directory and kind == stat.S_IFDIR:
        return "a folder by its mode"
    if not is_directory and attributes & _DOS_DIRECTORY:
        return "a folder by its MS-DOS attributes"
    return None
