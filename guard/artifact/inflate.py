"""Compressed files, told by their magic and decompressed to no more than is asked for."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import lzma
import zlib
from collections.abc import Iterator
from typing import Final

from guard.artifact import deflate

_PIECE: Final = 8192
_AS_GZIP: Final = 16 + zlib.MAX_WBITS
_STREAMS: Final = 1000
"""Streams that may follow each other in one file: each costs time and may hold nothing."""

_GZIP: Final = b"\x1f\x8b\x08"
_BZIP2: Final = b"BZh"
_XZ: Final = b"\xfd7zXZ\0"
_LZMA: Final = b"]\0\0"
_ZLIB: Final = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_ZFILE: Final = b"ZF0x"
"""What joblib wrote before zlib until 0.9, with a size in 20 characters and sometimes a space."""

_MAGICS: Final = (_GZIP, _BZIP2, _XZ, _LZMA, *_ZLIB)
COMPRESSED: Final = (*_MAGICS, _ZFILE)


def is_compressed(head: bytes) -> bool:
    """Tell whether a file begins like one of gzip, bzip2, xz, LZMA or zlib."""
    return head.startswith(COMPRESSED)


def inflate(data: bytes, limit: int) -> tuple[bytes, bool]:
    """Return the first `limit` bytes of what `data` hold, and whether there may be more.

    Where they are damaged, that is the end: a reader has used what comes before when it finds out.
    """
    if data.startswith(_ZFILE):
        data = data[20:].removeprefix(b" ")
    magic = next((magic for magic in _MAGICS if data.startswith(magic)), None)
    if magic is None:
        return b"", False
    if magic == _GZIP and (begin := _begins(data, limit)) is not None:
        return begin, True
    part = data if magic in _ZLIB else _streams(data, magic)
    found = bytearray()
    with contextlib.suppress(
        EOFError, MemoryError, OSError, ValueError, lzma.LZMAError, zlib.error
    ):
        for piece in _pieces(magic, part):
            found += piece
            if len(found) > limit:
                return bytes(found[:limit]), True
    return bytes(found), len(part) < len(data)


def _begins(data: bytes, limit: int) -> bytes | None:
    """Return the first `limit` bytes of a gzip file that goes on for longer than that by far.

    It is what the reader below comes to, which takes as much of the same stream before it answers:
    where this much is no sound piece of it, `None` leaves it to that one.
    """
    if limit >= _PIECE:
        return None
    try:
        found = deflate.decompressobj(_AS_GZIP).decompress(data[:_PIECE], _PIECE)
    except deflate.error:
        return None
    return found[:limit] if len(found) == _PIECE else None


def _streams(data: bytes, magic: bytes) -> bytes:
    """Return the first streams of `data`, so many as are read."""
    at = 0
    for _ in range(_STREAMS):
        at = data.find(magic, at + 1)
        if at < 0:
            return data
    return data[:at]


def inflate_raw(data: bytes, at: int, limit: int) -> tuple[bytes, bool]:
    """Return the first `limit` bytes of the bare deflate stream at `at`, and whether it goes on."""
    stream = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    found = bytearray()
    with contextlib.suppress(zlib.error):
        while not stream.eof and len(found) < limit:
            piece = stream.unconsumed_tail
            if not piece:
                piece = data[at : at + _PIECE]
                at += len(piece)
            if not piece:
                break
            found += stream.decompress(piece, min(_PIECE, limit - len(found)))
        return bytes(found), not stream.eof and len(found) == limit
    return bytes(found), False


def _pieces(magic: bytes, data: bytes) -> Iterator[bytes]:
    if magic in _ZLIB:
        yield from _zlib_pieces(data)
        return
    # The readers that people use: a checksum counts for them when everything is out already.
    reader = _reader(magic, io.BytesIO(data))
    while piece := reader.read1(_PIECE):
        yield piece


def _reader(magic: bytes, stream: io.BytesIO) -> gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile:
    if magic == _GZIP:
        return gzip.GzipFile(fileobj=stream)
    return bz2.BZ2File(stream) if magic == _BZIP2 else lzma.LZMAFile(stream)


def _zlib_pieces(data: bytes) -> Iterator[bytes]:
    stream = zlib.decompressobj()
    for start in range(0, len(data), _PIECE):
        piece = data[start : start + _PIECE]
        while piece and not stream.eof:
            yield stream.decompress(piece, _PIECE)
            piece = stream.unconsumed_tail
    if not stream.eof:
        raise EOFError
