"""The members of a ZIP archive in which pickles are kept, found in every place that has one.

A wheel must have one reading; an archive within it need not, and PyTorch's own are padded with
extra fields that a strict reader refuses. All that matters here is that no pickle is missed. So the
directory is not believed: every reader gets to a member by its local header, and each of these is
looked at, with its content taken as stored and as deflated.

Essential reading: APPNOTE 4.3.7 (local header) and 4.3.12 (directory).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

_LOCAL: Final = b"PK\x03\x04"
_CENTRAL: Final = b"PK\x01\x02"
_LOCAL_SIZE: Final = 30
_METHODS: Final = frozenset({0, 8, 12})
"""Stored, deflated, and bzip2, which is known by its own magic."""

_SHOWN: Final = 64


def members(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield the end of the name in every local header, and where the content begins."""
    at = data.find(_LOCAL)
    while 0 <= at <= len(data) - _LOCAL_SIZE:
        name, extra = struct.unpack_from("<2H", data, at + 26)
        begin = at + _LOCAL_SIZE
        end = begin + name
        yield data[max(begin, end - _SHOWN) : end], end + extra
        at = data.find(_LOCAL, at + 1)


def has_other_methods(data: bytes) -> bool:
    """Tell whether a header says that something is compressed in a way that is not read here."""
    return any(
        method not in _METHODS
        for signature, place in ((_LOCAL, 8), (_CENTRAL, 10))
        for method in _numbers(data, signature, place)
    )


def _numbers(data: bytes, signature: bytes, place: int) -> Iterator[int]:
    at = data.find(signature)
    while at >= 0:
        yield int.from_bytes(data[at + place : at + place + 2], "little")
        at = data.find(signature, at + 1)
