"""Source archives made by hand, byte for byte: every field of every header can be made to lie.

The layouts are written down here a second time on purpose, so that a mistake in the reader's own
is not repeated by its tests. Contents are harmless text.
"""

from __future__ import annotations

import io
import struct
import textwrap
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from guard.artifact.content import Content
from guard.artifact.sdist import read
from guard.artifact.zip_limits import Limits

Fields = Mapping[str, bytes]

BLOCK: Final = 512
POSIX, GNU = b"ustar\x0000", b"ustar  \0"
END: Final = bytes(2 * BLOCK)
ROOT: Final = "frob-1.0"
FILENAME: Final = f"{ROOT}.tar.gz"
PKG_INFO: Final = b"Metadata-Version: 2.1\nName: frob\nVersion: 1.0\n"

_LAYOUT = (
    *(("name", 100), ("mode", 8), ("uid", 8), ("gid", 8), ("size", 12), ("mtime", 12)),
    *(("checksum", 8), ("type", 1), ("link", 100), ("magic", 8), ("user", 32), ("group", 32)),
    *(("major", 8), ("minor", 8), ("prefix", 155), ("rest", 12)),
)


@dataclass(frozen=True, kw_only=True)
class Part:
    """One header and what follows it. `fields` are bytes that its header has otherwise."""

    name: bytes = b"frob-1.0/who.py"
    content: bytes = b'WHO = "a"\n'
    type: bytes = b"0"
    magic: bytes = POSIX
    fields: Fields = field(default_factory=dict)
    padding: bytes | None = None

    def in_file(self) -> bytes:
        """The header, the content and its padding."""
        filling = bytes(-len(self.content) % BLOCK) if self.padding is None else self.padding
        return self.header() + self.content + filling

    def header(self) -> bytes:
        """The block, with a checksum that is right unless `fields` has another one."""
        said = {
            "name": self.name,
            "mode": b"0000644\0",
            "uid": b"0000000\0",
            "gid": b"0000000\0",
            "size": b"%011o\0" % len(self.content),
            "mtime": b"14000000000\0",
            "type": self.type,
            "magic": self.magic,
            **self.fields,
            "checksum": b" " * 8,
        }
        block = b"".join(said.get(name, b"").ljust(width, b"\0") for name, width in _LAYOUT)
        checksum = self.fields.get("checksum", b"%06o\0 " % sum(block))
        return block[:148] + checksum.ljust(8, b"\0") + block[156:]


def folder(name: bytes = b"frob-1.0/") -> Part:
    return Part(name=name, content=b"", type=b"5", fields={"mode": b"0000755\0"})


def record(key: bytes, value: bytes) -> bytes:
    """One PAX record, with the length that it has."""
    rest = b" " + key + b"=" + value + b"\n"
    length = len(rest)
    while length != len(b"%d" % length) + len(rest):
        length = len(b"%d" % length) + len(rest)
    return b"%d" % length + rest


def pax(payload: bytes = b"", /, **records: bytes) -> Part:
    """A local PAX header of `records`, or of any bytes."""
    made = b"".join(record(key.encode(), value) for key, value in records.items())
    return Part(name=b"././@PaxHeader", content=payload + made, type=b"x")


def long_name(name: bytes, *, type_: bytes = b"L") -> Part:
    """GNU's header for a name of more than 100 bytes, or the target of a link."""
    return Part(name=b"././@LongLink", content=name + b"\0", type=type_, magic=GNU)


def tar(*parts: Part, end: bytes = END) -> bytes:
    """A tar archive of `parts`, up to and with `end`."""
    return b"".join(part.in_file() for part in parts) + end


def gzipped(
    content: bytes,
    *,
    header: bytes = b"\x1f\x8b\x08\0\0\0\0\0\2\xff",
    level: int = 9,
    crc: int | None = None,
    size: int | None = None,
    stream: bytes | None = None,
    after: bytes = b"",
) -> bytes:
    """A gzip file of `content`, with whatever its header, deflate stream and trailer are to be."""
    if stream is None:
        compress = zlib.compressobj(level, wbits=-15)
        stream = compress.compress(content) + compress.flush()
    crc = zlib.crc32(content) if crc is None else crc
    size = len(content) % (1 << 32) if size is None else size
    return header + stream + struct.pack("<2L", crc, size) + after


def sdist_tar(*parts: Part, info: bytes | None = PKG_INFO, end: bytes = END) -> bytes:
    """The tar archive of a source distribution with `parts` beside what it must have."""
    given = [] if info is None else [Part(name=b"frob-1.0/PKG-INFO", content=info)]
    return tar(folder(), *given, *parts, end=end)


def sdist(*parts: Part, info: bytes | None = PKG_INFO, end: bytes = END) -> bytes:
    """A source distribution with `parts` beside what it must have."""
    return gzipped(sdist_tar(*parts, info=info, end=end))


def content_of(content: bytes, filename: str = FILENAME, limits: Limits | None = None) -> Content:
    """What is read of such a file."""
    return read(io.BytesIO(content), filename, limits or Limits())


def said(content: bytes, filename: str = FILENAME, limits: Limits | None = None) -> str:
    """What the reader says about `content`, a line for each defect."""
    found = content_of(content, filename, limits).defects
    return "\n".join(
        f"{defect.kind} at byte {defect.offset}"
        + (f" of {defect.member!r}" if defect.member is not None else "")
        + f": {defect.message}"
        for defect in found
    )


def told(content: bytes, filename: str = FILENAME, limits: Limits | None = None) -> str:
    """The same, wrapped."""
    lines = said(content, filename, limits).splitlines()
    return "\n".join(textwrap.fill(line, 88, subsequent_indent="  ") for line in lines)
