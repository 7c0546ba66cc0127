"""Local headers: each says what the directory says, and together with the data they fill the file.

Data descriptors are accepted when nothing depends on whether a reader looks at them: the member
is deflated, so its data end by themselves; the descriptor lies exactly behind them, with its
signature and the values of the directory; what the local header says already is the same. Build
tools write them when their output cannot seek. PyPI refuses them, but other indexes do not, and
this form has one reading. A stored member must say its size in front, because a reader that
goes through the file from its beginning could not know where it ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from struct import Struct
from typing import Final, NamedTuple

from guard.artifact.defect import Defect
from guard.artifact.paths import shown
from guard.artifact.zip_entry import Entry
from guard.artifact.zip_extra import ZIP64, extra_fields
from guard.artifact.zip_fault import ArchiveError, ambiguous
from guard.artifact.zip_records import (
    DEFLATED,
    DESCRIPTOR,
    DESCRIPTOR64,
    DESCRIPTOR_FLAG,
    DESCRIPTOR_SIGNATURE,
    LOCAL,
    LOCAL_SIGNATURE,
    SENTINEL32,
    STORED,
    Content,
    LocalHeader,
)

_WIDE: Final = Struct("<2Q")
_ZIP64_VERSION: Final = 45  # APPNOTE 4.4.3.2
# An empty deflate stream of one final block, which is what zlib writes for no bytes at all.
_EMPTY_STREAM: Final = b"\x03\x00"


class _Sums(NamedTuple):
    """What is said twice or three times about the data of a member."""

    crc: int
    compressed_size: int
    size: int


def tiling_defects(content: Content, entries: Iterable[Entry], end: int) -> Iterator[Defect]:
    """Yield what keeps the members from covering the bytes before `end`, each byte once."""
    expected: int | None = 0
    for entry in sorted(entries, key=lambda entry: entry.offset):
        if expected is not None and entry.offset != expected:
            yield _untiled(expected, entry.offset, entry.name)
        try:
            expected = _end_of(content, entry, end)
        except ArchiveError as error:
            yield error.defect
            expected = None  # where the next one should begin is not known
    if expected is not None and expected != end:
        yield _untiled(expected, end, None)


def _untiled(expected: int, found: int, member: str | None) -> Defect:
    what = f"member {shown(member)}" if member is not None else "the central directory"
    if expected == 0:
        message = f"{found} bytes before {what}: a program, or a member that is not in the "
        message += "directory; some readers start there, others skip them"
    elif found > expected:
        message = f"{found - expected} bytes between byte {expected} and {what} belong to no "
        message += "member of the directory: readers that go from header to header see them"
    else:
        message = f"{what} begins at byte {found}, but the member before it ends at byte {expected}"
    return ambiguous(message, offset=min(expected, found), member=member).defect


def _end_of(content: Content, entry: Entry, end: int) -> int:
    """Return where the bytes of `entry` end, descriptor included. Raises `ArchiveError`."""
    header = _header(content, entry, end)
    name_at = entry.offset + LOCAL.size
    data_at = name_at + header.name_length + header.extra_length
    data_end = data_at + entry.compressed_size
    if data_end > end:
        raise ambiguous(
            f"the data end at byte {data_end}, but the central directory begins at byte {end}",
            offset=data_at,
            member=entry.name,
        )
    _compare_names(content[name_at : name_at + header.name_length], entry, name_at)
    wide = None
    if header.extra_length:
        wide = _wide_sums(content[data_at - header.extra_length : data_at], entry, data_at)
    _compare(header, wide, entry)
    if entry.is_directory and header.method == DEFLATED:
        _refuse_hidden_content(content[data_at : min(data_end, data_at + 3)], entry, data_at)
    if not header.flags & DESCRIPTOR_FLAG:
        return data_end
    return _after_descriptor(content, entry, data_end, wide=wide is not None)


def _header(content: Content, entry: Entry, end: int) -> LocalHeader:
    at = entry.offset
    if at + LOCAL.size <= end:
        header = LocalHeader._make(LOCAL.unpack_from(content, at))
        if header.signature == LOCAL_SIGNATURE:
            return header
    raise ambiguous(
        f"the directory says that the member is at byte {at}, where no local header is",
        offset=at,
        member=entry.name,
    )


def _compare_names(name: bytes, entry: Entry, at: int) -> None:
    if name != entry.raw.name:
        raise ambiguous(
            f"{shown(entry.name)} in the directory, {shown(name.decode('utf-8', 'replace'))} in "
            "the local header",
            offset=at,
            member=entry.name,
        )


def _wide_sums(block: bytes, entry: Entry, end: int) -> _Sums | None:
    """Return the sizes of the ZIP64 field, if there is one, with the CRC of the directory."""
    at = end - len(block)
    wide = extra_fields(block, offset=at, member=entry.name).get(ZIP64)
    if wide is None:
        return None
    # APPNOTE 4.5.3: in the local header, it has both sizes, and nothing else.
    if len(wide) != _WIDE.size:
        raise ambiguous(
            f"the ZIP64 field of the local header has {len(wide)} bytes instead of {_WIDE.size}: "
            "readers take different bytes for the sizes",
            offset=at,
            member=entry.name,
        )
    size, compressed_size = _WIDE.unpack(wide)
    return _Sums(entry.raw.record.crc, compressed_size, size)


def _compare(header: LocalHeader, wide: _Sums | None, entry: Entry) -> None:
    """Refuse a local header that says anything else than the directory. Raises `ArchiveError`."""
    record = entry.raw.record
    plain = wide is None and not entry.wide
    if plain and header[1:9] == record[2:10]:
        return  # what nearly every member of nearly every archive is like
    for what, place, in_header, in_directory in (
        ("flags", 6, header.flags, record.flags),
        ("compression method", 8, header.method, record.method),
        ("modification time", 10, header.time, record.time),
        ("modification date", 12, header.date, record.date),
    ):
        if in_header != in_directory:
            raise _contradiction(what, place, in_header, in_directory, entry)
    # A ZIP64 field in one of them only (for an offset beyond 4 GiB) raises the version there.
    raised = not plain and max(header.needed, record.needed) == _ZIP64_VERSION
    if header.needed != record.needed and not raised:
        raise _contradiction("version needed", 4, header.needed, record.needed, entry)
    _compare_sums(_sums(header, wide, entry), entry)


def _sums(header: LocalHeader, wide: _Sums | None, entry: Entry) -> _Sums:
    """Return what the local header says, in 64 bits if it has them. Raises `ArchiveError`."""
    said = _Sums(header.crc, header.compressed_size, header.size)
    if wide is None:
        if SENTINEL32 in said[1:]:
            raise ambiguous(
                "the local header leaves a size to a ZIP64 field that it does not have: readers "
                "take 0xffffffff for the size, or refuse",
                offset=entry.offset + 18,
                member=entry.name,
            )
        return said
    for what, place, narrow, value in (
        ("compressed size", 18, said.compressed_size, wide.compressed_size),
        ("size", 22, said.size, wide.size),
    ):
        if narrow not in {SENTINEL32, value}:
            message = f"{what}: {narrow} in the local header, {value} in its ZIP64 field"
            raise ambiguous(message, offset=entry.offset + place, member=entry.name)
    return wide._replace(crc=said.crc)


def _compare_sums(said: _Sums, entry: Entry) -> None:
    """Refuse other numbers than those of the directory; with a descriptor, zero is no number.

    APPNOTE 4.4.4, bit 3: the three are zero in front of the data. Some tools say those of them
    that they know.
    """
    record = entry.raw.record
    true = _Sums(record.crc, entry.compressed_size, entry.size)
    may_wait = bool(record.flags & DESCRIPTOR_FLAG)
    if may_wait and record.method == STORED and said.compressed_size != true.compressed_size:
        raise ambiguous(
            f"stored with its size behind it: {entry.size} bytes by the directory, "
            f"{said.compressed_size} by the local header; a reader without the directory must "
            "guess where they end",
            offset=entry.offset + 18,
            member=entry.name,
        )
    for what, place, in_header, in_directory in zip(
        ("CRC", "compressed size", "size"), (14, 18, 22), said, true, strict=True
    ):
        if in_header != in_directory and not (may_wait and not in_header):
            raise _contradiction(what, place, in_header, in_directory, entry)


def _contradiction(what: str, place: int, header: int, record: int, entry: Entry) -> ArchiveError:
    return ambiguous(
        f"{what}: {header} in the local header, {record} in the central directory",
        offset=entry.offset + place,
        member=entry.name,
    )


def _refuse_hidden_content(data: bytes, entry: Entry, at: int) -> None:
    """Refuse a deflated folder whose data are not what a deflater writes for nothing."""
    if data != _EMPTY_STREAM:
        raise ambiguous(
            f"a folder with {entry.compressed_size} bytes of deflated data that are not the empty "
            "stream: some readers write a file, others drop them, others look for more",
            offset=at,
            member=entry.name,
        )


def _after_descriptor(content: Content, entry: Entry, at: int, *, wide: bool) -> int:
    """Return where the descriptor at `at` ends, if it is the one for `entry`.

    APPNOTE 4.3.9.2: its sizes have 64 bits if the local header has a ZIP64 field. The signature is
    optional by 4.3.9.3, but without it a reader cannot tell it from the CRC, so it must be there.
    """
    layout = DESCRIPTOR64 if wide else DESCRIPTOR
    true = entry.raw.record.crc, entry.compressed_size, entry.size
    # There are bytes enough: the directory follows, with a record for this very member.
    signature, *said = layout.unpack_from(content, at)
    if signature != DESCRIPTOR_SIGNATURE:
        raise ambiguous(
            "a data descriptor with its signature should follow the data, as the flags say",
            offset=at,
            member=entry.name,
        )
    if tuple(said) != true:
        raise ambiguous(
            f"CRC and sizes {tuple(said)} in the data descriptor, {true} in the central directory",
            offset=at,
            member=entry.name,
        )
    return at + layout.size
