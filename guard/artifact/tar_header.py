"""The header of a member of a tar archive: a block whose every field has one reading.

Essential reading, in order: POSIX.1-2017, pax, "ustar Interchange Format"; the GNU tar manual,
"Basic Tar Format". Of the two magics, readers take the one for the other: what they read
differently then must be empty. A field that one reader cannot parse is where it stops, silently
or not, and where another one reads on; so all of them are checked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from struct import Struct
from typing import Final

from guard.artifact.tar_blocks import BLOCK
from guard.artifact.zip_fault import ArchiveError, ambiguous

_FIELDS: Final = Struct("100s8s8s8s12s12s8sc100s8s32s32s8s8s155s12s")
_POSIX: Final = b"ustar\x0000"
_GNU: Final = b"ustar  \0"

# Leading spaces, missing terminators, signs and base 256 are read by some and refused by others.
_NUMBER: Final = re.compile(rb"([0-7]+)[\0 ]+")
_NUMBER_OR_NONE: Final = re.compile(rb"(?:[0-7]+[\0 ]+|\0+)")
_TEXT: Final = re.compile(rb"([^\0]*)\0*")

_SUM_AT: Final = 148
_PLACES: Final = {"mode": 100, "size": 124, "time": 136, "checksum": _SUM_AT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What one block says. Nothing is said of what it means."""

    offset: int
    """Of the block, from the beginning of the tar archive."""

    type: bytes
    """The typeflag, one byte."""

    name: bytes
    """With its prefix, if it has one."""

    link: bytes
    mode: int
    size: int
    is_gnu: bool
    """By the magic: GNU's, or that of POSIX."""


def header(block: bytes, offset: int) -> Header:
    """Return what `block` says, which was found at `offset`. Raises `ArchiveError`."""
    if len(block) != BLOCK:
        raise ValueError(block)
    name, mode, uid, gid, size, time, checksum, kind, link, *more = _FIELDS.unpack(block)
    magic, user, group, major, minor, prefix, padding = more
    if magic not in {_POSIX, _GNU}:
        message = f"the magic of a header is {magic!r}: some readers take any, others refuse it"
        raise ambiguous(message, offset=offset + 257)
    _compare_sums(block, _number("checksum", checksum, offset), offset)
    if not all(map(_NUMBER_OR_NONE.fullmatch, (uid, gid, major, minor))):
        raise _unclear("unclear numbers of owner or device", (uid, gid, major, minor), offset)
    if not all(map(_TEXT.fullmatch, (name, link, user, group, prefix))):
        raise _unclear("something behind the end of a text", (name, link, prefix), offset)
    if name.startswith(b"\0"):
        raise ambiguous("a header without a name", offset=offset)
    is_gnu = magic == _GNU
    if padding.strip(b"\0") or (is_gnu and prefix.strip(b"\0")):
        raise _unclear("fields that only some readers know", (prefix, padding), offset)
    _number("time", time, offset)
    first = prefix.rstrip(b"\0")
    return Header(
        offset=offset,
        type=kind,
        name=(first + b"/" if first else b"") + name.rstrip(b"\0"),
        link=link.rstrip(b"\0"),
        mode=_number("mode", mode, offset),
        size=_number("size", size, offset),
        is_gnu=is_gnu,
    )


def _number(what: str, field: bytes, offset: int) -> int:
    found = _NUMBER.fullmatch(field)
    if found is None:
        raise ambiguous(
            f"the {what} of a header is {field!r}, not octal digits and their end: readers take "
            "it for different numbers, or refuse it",
            offset=offset + _PLACES[what],
        )
    return int(found[1], 8)


def _compare_sums(block: bytes, said: int, offset: int) -> None:
    """POSIX: the sum of all bytes as unsigned ones, those of the checksum taken for spaces."""
    found = sum(block) - sum(block[_SUM_AT : _SUM_AT + 8]) + 8 * ord(" ")
    if found != said:
        raise ambiguous(
            f"the checksum of a header is {said}, the sum of its bytes {found}: some readers stop "
            "here, others look for the next header",
            offset=offset + _SUM_AT,
        )


def _unclear(what: str, fields: tuple[bytes, ...], offset: int) -> ArchiveError:
    seen = ", ".join(repr(field[:40].rstrip(b"\0")) for field in fields)
    return ambiguous(f"a header has {what}: {seen}", offset=offset)
