"""ZIP files made by hand, byte for byte: every field of every record can be made to lie.

The layouts are written down here a second time on purpose, so that a mistake in the reader's own
is not repeated by its tests. Contents are harmless text.
"""

from __future__ import annotations

import struct
import textwrap
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from guard.artifact.container import Limits, from_bytes
from guard.artifact.defect import Defect

Fields = Mapping[str, Any]
NOTHING: Fields = MappingProxyType({})

STORED, DEFLATED = 0, 8
DESCRIPTOR, UTF8 = 1 << 3, 1 << 11
NOON, CHRISTMAS = 12 << 11, 44 << 9 | 12 << 5 | 24


def deflated(content: bytes) -> bytes:
    """The deflate stream of `content`, by itself."""
    compress = zlib.compressobj(wbits=-15)
    return compress.compress(content) + compress.flush()


def extra(identifier: int, payload: bytes) -> bytes:
    """One extra field."""
    return struct.pack("<2H", identifier, len(payload)) + payload


def zip64(*values: int) -> bytes:
    """The ZIP64 extra field with `values` of 64 bits."""
    return extra(1, struct.pack(f"<{len(values)}Q", *values))


def unicode_path(name: bytes, of: bytes) -> bytes:
    """The Info-ZIP field that gives the member named `of` another `name`."""
    return extra(0x7075, struct.pack("<BL", 1, zlib.crc32(of)) + name)


@dataclass(frozen=True, kw_only=True)
class Part:
    """One member: a local header with its data, and a record of the directory.

    `local` and `central` have the fields that only that header has otherwise, also `name` and
    `extra`. `data` is what lies in the file; the content is compressed for it unless it is given.
    """

    name: bytes = b"who.py"
    content: bytes = b'WHO = "a"\n'
    method: int = STORED
    data: bytes | None = None
    flags: int = 0
    mode: int = 0o100644
    extra: bytes = b""
    comment: bytes = b""
    descriptor: bytes = b""
    local: Fields = field(default_factory=dict)
    central: Fields = field(default_factory=dict)
    is_listed: bool = True

    @property
    def stream(self) -> bytes:
        if self.data is not None:
            return self.data
        return deflated(self.content) if self.method == DEFLATED else self.content

    @property
    def summary(self) -> tuple[int, int, int]:
        """What a data descriptor says."""
        return zlib.crc32(self.content), len(self.stream), len(self.content)

    def in_file(self) -> bytes:
        """The local header, the data and the descriptor."""
        said = {**self._said(b"PK\3\4"), **self.local}
        lengths = len(said["name"]), len(said["extra"])
        fixed = struct.pack("<4s5H3L2H", *(said[name] for name in _SAID_TWICE), *lengths)
        named: bytes = fixed + said["name"] + said["extra"]
        return named + self.stream + self.descriptor

    def in_directory(self, offset: int) -> bytes:
        """The record of the directory, for a local header at `offset`."""
        only_here = {"made_by": 3 << 8 | 20, "disk": 0, "internal": 0, "external": self.mode << 16}
        said = {**self._said(b"PK\1\2"), **only_here, "offset": offset, **self.central}
        signature, *rest = (said[name] for name in _SAID_TWICE)
        lengths = len(said["name"]), len(said["extra"]), len(self.comment)
        where = said["disk"], said["internal"], said["external"], said["offset"]
        fixed = struct.pack("<4s6H3L5H2L", signature, said["made_by"], *rest, *lengths, *where)
        named: bytes = fixed + said["name"] + said["extra"]
        return named + self.comment

    def _said(self, signature: bytes) -> dict[str, Any]:
        crc, compressed_size, size = self.summary
        return {
            "signature": signature,
            "needed": 20,
            "flags": self.flags,
            "method": self.method,
            "time": NOON,
            "date": CHRISTMAS,
            "crc": crc,
            "compressed_size": compressed_size,
            "size": size,
            "name": self.name,
            "extra": self.extra,
        }


_SAID_TWICE = (
    *("signature", "needed", "flags", "method", "time", "date"),
    *("crc", "compressed_size", "size"),
)


def streamed(part: Part, *, wide: bool = False, signature: bytes = b"PK\7\x08") -> Part:
    """The member as a tool writes it that cannot seek: its sizes follow its data."""
    layout = "<L2Q" if wide else "<3L"
    sizes = 0xFFFFFFFF if wide else 0
    return replace(
        part,
        flags=part.flags | DESCRIPTOR,
        local={"crc": 0, "compressed_size": sizes, "size": sizes}
        | ({"extra": zip64(0, 0)} if wide else {}),
        descriptor=signature + struct.pack(layout, *part.summary),
    )


def archive(
    *parts: Part,
    before: bytes = b"",
    comment: bytes = b"",
    after: bytes = b"",
    end: Fields = NOTHING,
    end64: Fields | None = None,
) -> bytes:
    """An archive of `parts`, with bytes where none belong and with whatever its end is to say.

    `end64` asks for the ZIP64 records and says what is otherwise in them; `locator` and `disks`
    are fields of the locator.
    """
    body, directory, count = before, b"", 0
    for part in parts:
        if part.is_listed:
            directory += part.in_directory(len(body))
            count += 1
        body += part.in_file()
    said = {"disk": 0, "start": 0, "here": count, "entries": count, "size": len(directory)}
    said |= {"offset": len(body), "comment_length": len(comment)}
    body += directory
    if end64 is not None:
        body += _end64({**said, "at": len(body), **end64})
    here = {**said, **end}
    return body + struct.pack("<4s4H2LH", b"PK\5\6", *here.values()) + comment + after


def _end64(said: dict[str, Any]) -> bytes:
    remaining = said.get("remaining", 44)
    counts = (said[name] for name in ("disk", "start", "here", "entries", "size", "offset"))
    record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", remaining, 45, 45, *counts)
    target = said.get("locator", said["at"])
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, target, said.get("disks", 1))
    extensible: bytes = said.get("extensible", b"")
    return record + extensible + locator


# What the end record says when the ZIP64 record says it.
WIDE_END: Fields = MappingProxyType(
    {"here": 0xFFFF, "entries": 0xFFFF, "size": 0xFFFFFFFF, "offset": 0xFFFFFFFF}
)


def told(content: bytes, limits: Limits | None = None) -> str:
    """What the reader says about `content`, wrapped: of its structure or else of its data."""
    lines = said(content, limits).splitlines()
    return "\n".join(textwrap.fill(line, 88, subsequent_indent="  ") for line in lines)


def said(content: bytes, limits: Limits | None = None) -> str:
    """What the reader says about `content`, a line for each defect."""
    container = from_bytes(content, limits or Limits())
    defects = container.defects or tuple(container.damages())
    return "\n".join(map(_line, defects))


def _line(defect: Defect) -> str:
    of = f" of {defect.member!r}" if defect.member is not None else ""
    return f"{defect.kind} at byte {defect.offset}{of}: {defect.message}"
