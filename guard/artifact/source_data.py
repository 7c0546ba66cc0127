"""What is hidden in data, by its structure: long encoded texts, and bytes after the end of a file.

Essential reading: the PNG, GIF89a and RIFF specifications.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Final

_STEP: Final = 1024
_WINDOW: Final = 256
_SHORTEST: Final = 1024
"""Characters of an encoded text that could hold a program worth hiding."""

_AFTER_END: Final = 64
"""Bytes after the end of a picture that may be there by accident: padding, a line end."""

_HEAD: Final = 3072
_RUN: Final = re.compile(rb"[A-Za-z0-9+/_\-\r\n]{200,}={0,2}")
_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-\r\n"
_LONG: Final = 1 << 20
_HEX: Final = re.compile(rb"(?:[0-9a-fA-F]{2}){100,}")
_CODE: Final = re.compile(
    rb"\b(?:import (?:os|sys|subprocess|base64|socket|requests|urllib)|exec\(|eval\(|subprocess\.|"
    rb"#!/|powershell|child_process|__import__\(|os\.system)"
)
_PACKED: Final = (
    b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"PK\x03\x04", b"\x28\xb5\x2f\xfd", b"\x7fELF", b"MZ",
    b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\xe3\0\0\0", b"x\x9c", b"x\xda", b"x\x01", b"x^",
)  # fmt: skip
_ASSETS: Final = (
    b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"BM", b"\0\0\x01\0", b"%PDF", b"wOFF", b"wOF2",
    b"\0\x01\0\0", b"OTTO", b"OggS", b"ID3", b"fLaC", b"0\x82", b"<svg", b"<?xml", b"II*\0",
    b"MM\0*", b"\0asm", b"glTF", b"\x93NUMPY", b"0\x81",
)  # fmt: skip
_RANDOM: Final = 225
"""Of 256 values, how many are in so many random bytes at least (the mean is 256)."""

_BLOCKS: Final = 1_000_000
"""Of a GIF: more than fit into one that could be shown."""

_GIF_HEADER: Final = 13
_RIFF_HEADER: Final = 12
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/=\r\n]{512}")


def blobs(data: bytes) -> Iterator[int]:
    """Yield where an encoded text begins that holds a program, or nothing that can be told."""
    read = 0
    for position in range(0, len(data) - _WINDOW, _STEP):
        if position < read or data.find(b" ", position, position + _WINDOW) >= 0:
            continue
        start = _start(data, position)
        run = _RUN.match(data, start, start + _LONG) if start is not None else None
        if run is None:
            continue
        if run.end() - run.start() >= _SHORTEST and _is_payload(run[0]):
            yield run.start()
        read = run.end()


def _start(data: bytes, position: int) -> int | None:
    """Return where the run of characters begins that goes over `position`, or soon after it."""
    before = data[max(0, position - _STEP) : position]
    first = position - (len(before) - len(before.rstrip(_ALPHABET)))
    run = _RUN.search(data, first, position + 2 * _WINDOW)
    return run.start() if run is not None else None


def _is_payload(text: bytes) -> bool:
    text = text[:_HEAD].translate(None, b"\r\n")
    try:
        if _HEX.match(text):
            head = bytes.fromhex(text[: len(text) // 2 * 2].decode("ascii"))
        else:
            head = base64.b64decode(text[: len(text) // 4 * 4].translate(_URL_SAFE))
    except (ValueError, binascii.Error):
        return False
    if head.startswith(_ASSETS):
        return False
    if head.startswith(_PACKED) or _CODE.search(head):
        return True
    return len(head) >= 2 * _STEP and len(set(head)) >= _RANDOM and _is_even(head)


_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")


def _is_even(data: bytes) -> bool:
    """Tell whether no value is much more frequent than others, as in what is encrypted."""
    return max(map(data.count, set(data))) < len(data) // 64


def after_end(data: bytes) -> int | None:
    """Return where something begins after the end of a picture or a sound, or in its place."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        end = _png(data)
    elif data.startswith((b"GIF87a", b"GIF89a")):
        end = _gif(data)
    elif data.startswith(b"RIFF"):
        return _riff(data)
    else:
        return None
    return end if end is not None and _matters(data, end) else None


def _matters(data: bytes, end: int) -> bool:
    rest = data[end : end + _HEAD]
    return len(rest) > _AFTER_END and bool(rest.strip(b"\0\r\n \xff"))


def _png(data: bytes) -> int | None:
    position = 8
    while position + 12 <= len(data):
        length = int.from_bytes(data[position : position + 4])
        kind = data[position + 4 : position + 8]
        position += 12 + length
        if kind == b"IEND":
            return position
    return None


def _gif(data: bytes) -> int | None:
    position = _GIF_HEADER + (_colours(data[10]) if len(data) > _GIF_HEADER else 0)
    blocks = 0
    while position < len(data) and blocks < _BLOCKS:
        block = data[position : position + 1]
        if block == b";":
            return position + 1
        if block == b"!":
            position += 2
        elif block == b"," and position + 10 < len(data):
            position += 11 + _colours(data[position + 9])
        else:
            return None
        while position < len(data) and data[position]:
            position += data[position] + 1
            blocks += 1
        position += 1
    return position if blocks >= _BLOCKS else None


def _colours(flags: int) -> int:
    """Return the bytes of the table of colours that the flags of a GIF announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _riff(data: bytes) -> int | None:
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > _RIFF_HEADER and _matters(data, end + end % 2):
        return end
    if data[8:12] != b"WAVE":
        return None
    samples = data.find(b"data", _RIFF_HEADER, 4096)
    found = _BASE64.match(data, samples + 8) if samples >= 0 else None
    return found.start() if found is not None else None
