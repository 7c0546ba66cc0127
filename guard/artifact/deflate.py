"""DEFLATE streams: read by zlib-ng, which is zlib's own code made faster, or else by zlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from zlib import crc32, decompressobj, error
else:
    try:
        from zlib_ng.zlib_ng import crc32, decompressobj, error
    except ImportError:  # it offers no wheel for this platform
        from zlib import crc32, decompressobj, error

__all__ = ["RAW", "crc32", "decompressobj", "error"]

RAW: Final = -15
"""`wbits` of a bare stream, without the header of zlib or gzip."""
