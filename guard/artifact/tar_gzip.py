"""The gzip file that a source archive is: one member, and nothing beside it.

Essential reading: RFC 1952. Readers go on to a second member or stop after the first, some pass
over what follows, and some compare neither the CRC nor the size. pip asks first whether a file is
a ZIP archive, whatever it is called. Here there is one stream from the first byte to the last.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from struct import Struct
from typing import BinaryIO, Final

from guard.artifact.zip_fault import ArchiveError, ambiguous, oversized
from guard.artifact.zip_limits import Limits
from guard.artifact.zip_records import END, END_SIGNATURE

_PIECE: Final = 1 << 20
# What zlib has not used of its input is copied once for each piece of output, so it is small.
_INPUT: Final = 1 << 16

# RFC 1952, 2.3: magic, method, flags, time of the content, extra flags, system.
_HEAD: Final = Struct("<2sBBLBB")
_MAGIC: Final = b"\x1f\x8b"
_DEFLATED: Final = 8
_NAME_FLAG: Final = 1 << 3
_LONGEST_NAME: Final = 255
# RFC 1952, 2.3.1: the CRC of the content, and its size modulo 2^32.
_TRAILER: Final = Struct("<LL")

_LONGEST_COMMENT: Final = 0xFFFF
_TAR_MAGIC_AT: Final = 257
_OTHERS: Final = {
    b"": "empty",
    b"PK": "a ZIP archive",
    b"BZ": "a bzip2 file",
    b"\xfd7": "an xz file",
}


def most_bytes(available: int, limits: Limits) -> int:
    """Return how many bytes are read of an archive in a file of `available` bytes."""
    return min(limits.total_bytes, max(limits.spared_bytes, limits.ratio * available))


def inflated(stream: BinaryIO, limits: Limits) -> Iterator[bytes]:
    """Yield what the gzip file `stream` holds, in pieces of at most 1 MiB.

    Raises `ArchiveError`, with bytes of the gzip file as offsets. The CRC is known at the end only,
    so nothing that was yielded counts unless the iteration ends by itself.
    """
    available = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    start = _after_header(stream.read(_HEAD.size + _LONGEST_NAME + 1))
    _refuse_a_second_format(stream, available)
    stream.seek(start)
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    crc = size = 0
    for piece in _pieces(stream, inflate, start):
        crc = zlib.crc32(piece, crc)
        size += len(piece)
        if size > most_bytes(available, limits):
            raise oversized(
                f"more than {most_bytes(available, limits)} bytes in a file of {available}; "
                f"at most {limits.ratio} times as many are read",
                offset=start,
            )
        yield piece
    _check_the_end(stream, len(inflate.unused_data), _TRAILER.pack(crc, size % (1 << 32)))


def _refuse_a_second_format(stream: BinaryIO, available: int) -> None:
    """Refuse a file that is a ZIP archive too, by its end, or a bare tar archive, by its magic."""
    stream.seek(0)
    if stream.read(_TAR_MAGIC_AT + 5)[_TAR_MAGIC_AT:] == b"ustar":
        raise ambiguous("a gzip file and a bare tar archive at once", offset=0)
    begin = max(0, available - END.size - _LONGEST_COMMENT)
    stream.seek(begin)
    at = stream.read().rfind(END_SIGNATURE)
    if at >= 0 and begin + at + END.size <= available:
        raise ambiguous(
            "a gzip file and a ZIP archive at once: it has the end record of one, and some "
            "readers ask for that first",
            offset=begin + at,
        )


def _after_header(head: bytes) -> int:
    """Return where the deflate stream begins. Raises `ArchiveError`.

    Nobody reads the name of the content or its time, and build tools write both. Flags of other
    fields none of them sets.
    """
    if head[:2] != _MAGIC:
        what = _OTHERS.get(head[:2], "something else")
        raise ambiguous(f"not a gzip file, which a source archive is, but {what}", offset=0)
    if len(head) < _HEAD.size:
        raise ambiguous("the header of the gzip file is cut off", offset=len(head))
    _, method, flags, _, _, _ = _HEAD.unpack_from(head)
    if method != _DEFLATED or flags & ~_NAME_FLAG:
        message = f"method {method} and flags {flags:#04x} of the gzip file: some readers refuse "
        message += "them, others skip what they stand for"
        raise ambiguous(message, offset=2)
    if not flags:
        return _HEAD.size
    end = head.find(b"\0", _HEAD.size)
    if end < 0:
        message = f"the gzip file names its content in more than {_LONGEST_NAME} bytes"
        raise ambiguous(message, offset=_HEAD.size)
    return end + 1


def _pieces(stream: BinaryIO, inflate: zlib._Decompress, at: int) -> Iterator[bytes]:
    while not inflate.eof:
        compressed = inflate.unconsumed_tail
        if not compressed:
            compressed = stream.read(_INPUT)
            at += len(compressed)
        try:
            piece = inflate.decompress(compressed, _PIECE)
        except zlib.error as error:
            message = f"the data are no deflate stream ({error})"
            raise ambiguous(message, offset=at - len(compressed)) from None
        if piece:
            yield piece
        elif not compressed and not inflate.eof:
            raise ambiguous("the deflate stream breaks off before its last block", offset=at)


def _check_the_end(stream: BinaryIO, unused: int, expected: bytes) -> None:
    """Compare the trailer with what was read, and refuse whatever follows it."""
    at = stream.tell() - unused
    stream.seek(at)
    trailer = stream.read(_TRAILER.size)
    if trailer != expected:
        raise _mismatch(trailer, expected, at)
    if stream.read(1):
        raise ambiguous(
            "something follows the end of the gzip file: some readers take it for another part of "
            "the content, others pass over it or refuse it",
            offset=at + _TRAILER.size,
        )


def _mismatch(trailer: bytes, expected: bytes, at: int) -> ArchiveError:
    if len(trailer) < _TRAILER.size:
        return ambiguous("the CRC and the size at the end of the gzip file are cut off", offset=at)
    (crc, size), (found, read) = _TRAILER.unpack(trailer), _TRAILER.unpack(expected)
    return ambiguous(
        f"CRC {crc:#010x} and size {size} at the end of the gzip file, CRC {found:#010x} and size "
        f"{read} of what it holds: some readers do not compare them",
        offset=at,
    )
