"""The content of a member: exactly what its headers promise, to the last byte, or an error."""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import Final, NamedTuple

from guard.artifact import deflate
from guard.artifact.zip_fault import ArchiveError, ambiguous
from guard.artifact.zip_records import (
    DEFLATED,
    LOCAL,
    LOCAL_SIGNATURE,
    STORED,
    Content,
)

_LENGTHS: Final = Struct("<4s22x2H")
"""Of a local header, the signature and how long name and extra fields are."""

_PIECE: Final = 1 << 20
# What zlib has not used of its input is copied once for each piece of output, so it is small.
_INPUT: Final = 1 << 18


class Member(NamedTuple):
    """A file or folder in the archive, as both of its headers describe it."""

    name: str
    """As both headers say, decoded strictly; that of a folder ends in a slash."""

    offset: int
    """Of the local header, from the beginning of the file."""

    size: int
    """Bytes, decompressed."""

    compressed_size: int
    """Bytes in the file."""

    crc: int
    method: int
    """0 (stored) or 8 (deflated)."""

    mode: int
    """The Unix mode with the file type, 0 where there is none."""

    is_directory: bool


def member_chunks(content: Content, member: Member) -> Iterator[bytes]:
    """Yield what `member` holds, in pieces of at most 1 MiB. Raises `ArchiveError`.

    It raises as soon as the data are seen not to be what the headers say, and the CRC can only be
    compared at the end: nothing that was yielded counts unless the iteration ends by itself.
    """
    whole = member_whole(content, member)
    if whole is not None:
        yield whole
        return
    start = _data_offset(content, member)
    pieces = _inflated if member.method == DEFLATED else _stored
    crc = 0
    for piece in pieces(content, start, member):
        crc = deflate.crc32(piece, crc)
        yield piece
    if crc != member.crc:
        raise ambiguous(
            f"the content has CRC {crc:#010x}, but both headers say {member.crc:#010x}: some "
            "readers keep it, others stop with what they have written so far",
            offset=start,
            member=member.name,
        )


def member_whole(content: Content, member: Member) -> bytes | None:
    """Return what nearly every member is: at most 1 MiB, and all that its headers promise.

    `None` leaves it to `member_chunks` to say what is wrong, if anything is. Raises `ArchiveError`
    where there is no member at all.
    """
    size = member.size
    if size > _PIECE:
        return None
    start = _data_offset(content, member)
    data = content[start : start + min(member.compressed_size, 2 * _PIECE)]
    if member.method == DEFLATED:
        inflate = deflate.decompressobj(deflate.RAW)
        try:
            data = inflate.decompress(data, size + 1)
        except deflate.error:
            return None
        if not inflate.eof or inflate.unused_data:
            return None
    sound = data and len(data) == size and deflate.crc32(data) == member.crc
    return data if sound else None


def _data_offset(content: Content, member: Member) -> int:
    """Return where the data begin: they lie in the file, and a reader exists for them."""
    at = member.offset
    if at + LOCAL.size <= len(content):
        signature, name_length, extra_length = _LENGTHS.unpack_from(content, at)
        start: int = at + LOCAL.size + name_length + extra_length
        within = start + member.compressed_size <= len(content)
        readable = signature == LOCAL_SIGNATURE and member.method in {STORED, DEFLATED}
        if within and readable:
            return start
    raise ambiguous("the member cannot be read at all", offset=at, member=member.name)


def _stored(content: Content, start: int, member: Member) -> Iterator[bytes]:
    end = start + member.compressed_size
    for at in range(start, end, _PIECE):
        yield content[at : min(at + _PIECE, end)]


def _inflated(content: Content, start: int, member: Member) -> Iterator[bytes]:
    """Yield what the deflate stream holds, if it has the promised size on both of its sides."""
    inflate = deflate.decompressobj(deflate.RAW)
    at, end, left = start, start + member.compressed_size, member.size
    while not inflate.eof:
        compressed = inflate.unconsumed_tail
        if not compressed:
            compressed = content[at : min(at + _INPUT, end)]
            at += len(compressed)
        # One byte more than promised is asked for, so that a longer stream shows itself.
        most = min(_PIECE, left + 1)
        try:
            piece = inflate.decompress(compressed, most)
        except deflate.error as error:
            raise _undecipherable(error, at - len(compressed), member) from None
        if not piece and not compressed and not inflate.eof:
            raise _ends(at, "before its last block, at the end that the headers give it", member)
        if len(piece) > left:
            raise ambiguous(
                f"the headers say {member.size} bytes, the deflate stream has more: readers that "
                "believe the headers cut it there, others go on",
                offset=start,
                member=member.name,
            )
        left -= len(piece)
        if piece:
            yield piece
    if left:
        message = f"the headers say {member.size} bytes, the deflate stream has {left} fewer"
        raise ambiguous(message, offset=start, member=member.name)
    at -= len(inflate.unused_data)
    if at != end:
        raise _ends(at, f"{end - at} bytes before the end that the headers give it", member)


def _undecipherable(error: deflate.error, at: int, member: Member) -> ArchiveError:
    message = f"the data are no deflate stream ({error})"
    return ambiguous(message, offset=at, member=member.name)


def _ends(at: int, where: str, member: Member) -> ArchiveError:
    return ambiguous(
        f"the deflate stream ends {where}: readers that follow the stream and readers that follow "
        "the headers disagree about what comes next",
        offset=at,
        member=member.name,
    )
