"""Code that no text editor shows: native executables and compiled Python, where nobody expects it.

Essential reading, in order: the ELF specification, Microsoft's PE format, `mach-o/loader.h` and
`mach-o/fat.h`, PEP 3147 and PEP 552 (compiled Python).
"""

from __future__ import annotations

import posixpath
import struct
from collections.abc import Container
from typing import Final

from guard.artifact.content import BinaryFormat

ENOUGH: Final = 4096
"""Bytes from the beginning of a file by which its format is told."""

_MACH_O: Final = frozenset(
    bytes.fromhex(magic) for magic in ("feedface", "feedfacf", "cefaedfe", "cffaedfe", "cafebabf")
)
_FAT: Final = bytes.fromhex("cafebabe")
_JAVA: Final = 45
"""The lowest version of a Java class file, whose magic is that of a fat Mach-O."""

_EXTENSIONS: Final = """
bmp cfg css csv flac gif htm html ico ini ipynb jpeg jpg js json log map md mjs mp3 mp4 ogg pdf png
pth pxd py pyi pyx rst start svg tif tiff toml ts tsv ttf txt typed wav webp woff woff2 xml yaml yml
"""
_DATA: Final = frozenset(_EXTENSIONS.split())
"""Extensions of what is never executed as it is by an operating system."""


def sniff(head: bytes, size: int) -> BinaryFormat | None:
    """Return the format of native code that a file of `size` bytes begins with, if it does."""
    magic = head[:4]
    if magic == b"\x7fELF":
        return BinaryFormat.ELF
    if magic in _MACH_O:
        return BinaryFormat.MACH_O
    if magic == _FAT and len(head) >= 8:  # noqa: PLR2004
        (architectures,) = struct.unpack_from(">I", head, 4)
        return BinaryFormat.MACH_O if architectures < _JAVA else None
    if magic[:2] == b"MZ" and len(head) >= 64:  # noqa: PLR2004
        return BinaryFormat.PE if _is_pe(head, size) else None
    return None


def _is_pe(head: bytes, size: int) -> bool:
    (offset,) = struct.unpack_from("<I", head, 0x3C)
    if offset + 4 > len(head):  # too far in to see: possible if the file goes on that far
        return bool(offset + 4 <= size)
    return head[offset : offset + 4] == b"PE\0\0"


def undeclared(path: str, *, any_platform: bool) -> str | None:
    """Return why nobody expects native code in the file at `path`, or `None`."""
    extension = posixpath.splitext(path)[1].removeprefix(".").lower()
    if extension in _DATA:
        return f"named like a .{extension} file"
    return "in a wheel for any platform" if any_platform else None


def is_bytecode(path: str) -> bool:
    """Tell whether a file is compiled Python, by its name: that is all that the import asks."""
    return path.lower().endswith((".pyc", ".pyo"))


def bytecode(path: str, head: bytes, names: Container[str]) -> str | None:
    """Return why compiled Python at `path`, beside the files `names`, is more than left over.

    PEP-552: a file that names the time of its source is used if that is the time of the source,
    and both installers set the time of the installation. One that names a hash can be told to be
    used whatever the source says, and without a source nothing is compared.
    """
    folder, name = posixpath.split(path)
    parent, cache = posixpath.split(folder)
    in_cache = cache == "__pycache__"
    stem = name.partition(".")[0] if in_cache else posixpath.splitext(name)[0]
    source = posixpath.join(parent if in_cache else folder, f"{stem}.py")
    if source not in names:
        return "without its source"
    by_time = head[4:8] == bytes(4)
    return None if by_time else "that may run in place of its source"
