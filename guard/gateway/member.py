"""One member of a ZIP file that is somewhere else, read in as few parts as will do.

This is for a resolver in a hurry, and no judgement: whatever is odd about the archive is found when
all of it is here. What was read is then compared with what `guard.artifact` reads.
"""

from __future__ import annotations

import struct
import zlib
from typing import Final, Protocol

_END: Final = struct.Struct("<4s4H2LH")
_ENTRY: Final = struct.Struct("<4s6H3L5H2L")
_LOCAL: Final = struct.Struct("<4s5H3L2H")
_STORED, _DEFLATED = 0, 8
_ENCRYPTED: Final = 1
_COMMENT: Final = 1 << 16
_ABSENT: Final = 0xFFFFFFFF
_DIRECTORY: Final = 32 << 20
"""Bytes of the largest directory that is read."""

_HEAD: Final = 1 << 10
"""Bytes that a local header takes at most, with its name and what else it says."""


class Read(Protocol):
    """Reads a part of a file; without a start, its end."""

    def __call__(self, start: int | None, size: int) -> bytes:
        """Return `size` bytes from `start` on; less at the end of the file."""


def member_of(read: Read, ending: bytes, *, limit: int) -> bytes:
    """Return the content of the one member below one folder whose name ends so.

    Raises `ValueError`, `struct.error` or `zlib.error` for bytes that are no such archive.
    """
    entry = _find(_directory(read), ending)
    _, _, _, flags, method, _, _, crc, packed, size, name, *_, offset = entry
    if flags & _ENCRYPTED or max(packed, size) > limit or method not in {_STORED, _DEFLATED}:
        raise ValueError("it is encrypted, too large, or packed in a way of its own")
    head = read(offset, _HEAD + packed)
    signature, *_, name_size, extra_size = _LOCAL.unpack_from(head)
    begin = _LOCAL.size + name_size + extra_size
    if signature != b"PK\x03\x04" or name_size != name or begin + packed > len(head):
        raise ValueError("its directory leads to something else")
    content = _unpacked(head[begin : begin + packed], method, size)
    if len(content) != size or zlib.crc32(content) != crc:
        raise ValueError("it is not what its directory says")
    return content


def _directory(read: Read) -> bytes:
    tail = read(None, _END.size + _COMMENT)
    place = tail.rfind(b"PK\x05\x06")
    if place < 0:
        raise ValueError("it is no ZIP file")
    *_, size, offset, _ = _END.unpack_from(tail, place)
    if _ABSENT in {size, offset} or size > _DIRECTORY:
        raise ValueError("its directory is too large")
    return read(offset, size)


def _find(directory: bytes, ending: bytes) -> tuple[int, ...]:
    """Return the fields of the one entry; the directory is searched, for it may be long."""
    found: list[tuple[int, ...]] = []
    place = directory.find(ending)
    while place >= 0:
        start = directory.rfind(b"PK\x01\x02", 0, place)
        if start >= 0:
            fields = _ENTRY.unpack_from(directory, start)
            begin, end = start + _ENTRY.size, place + len(ending)
            name = directory[begin : begin + fields[10]]
            if begin + fields[10] == end and name.count(b"/") == 1:
                found.append(fields)
        place = directory.find(ending, place + 1)
    if len(found) != 1:
        raise ValueError(f"{len(found)} files in it are METADATA")
    return found[0]


def _unpacked(packed: bytes, method: int, size: int) -> bytes:
    if method == _STORED:
        return packed
    return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, size + 1)
