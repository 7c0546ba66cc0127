"""The form of an upload, read as it comes: a few short fields, and one file onto the disk."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

from guard.errors import RefusedError
from guard.sources.provenance import LIMIT as PROVENANCE

FILE: Final = "content"
_FIELD: Final = 64 << 10
_LIMITS: Final = {
    ":action": _FIELD,
    "name": _FIELD,
    "version": _FIELD,
    "filetype": _FIELD,
    "requires_python": _FIELD,
    "sha256_digest": _FIELD,
    "attestations": PROVENANCE,
}
"""The fields that are kept, and how many bytes of each; METADATA says the others better."""

_PARTS: Final = 2000
_HEAD: Final = 8 << 10
_OTHERS: Final = 16 << 20
"""Bytes of the fields that nobody looks at, of which a description may be long."""


class Form:
    """Takes the bytes of one body. Raises `RefusedError`."""

    def __init__(self, content_type: str, place: Path, *, limit: int) -> None:
        """`place` is where the file is written, up to `limit` bytes."""
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary")
        if kind != b"multipart/form-data" or not boundary:
            raise bad("it is no form with a file: multipart/form-data")
        self.fields: dict[str, str] = {}
        self.filename: str | None = None
        self.sha256 = ""
        self.size = 0
        self._place = place
        self._limit = limit
        self._stream: IO[bytes] | None = None
        self._hasher = hashlib.sha256()
        self._parts = self._head = self._others = 0
        self._complete = False
        self._reading: Callable[[bytes], None] = self._skip
        self._header = b""
        self._value = b""
        self._disposition = b""
        self._name = ""
        self._field = bytearray()
        self._parser = MultipartParser(boundary, self._callbacks())

    def feed(self, chunk: bytes) -> None:
        """Read on. Raises `OSError`, too."""
        try:
            self._parser.write(chunk)
        except FormParserError:
            raise bad("its form could not be read") from None

    def finish(self) -> None:
        """Say that there is no more."""
        if not self._complete or self.filename is None:
            raise bad("its form is not whole")

    def close(self) -> None:
        """Close the file."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._on_header,
            "on_header_value": self._on_value,
            "on_header_end": self._on_header_end,
            "on_headers_finished": self._on_headers,
            "on_part_data": lambda data, start, end: self._reading(data[start:end]),
            "on_part_end": self._end,
            "on_end": self._on_end,
        }

    def _begin(self) -> None:
        self._parts += 1
        self._head = 0
        self._header = self._value = self._disposition = b""
        if self._parts > _PARTS:
            raise bad("its form has too many fields")

    def _on_header(self, data: bytes, start: int, end: int) -> None:
        self._count(end - start)
        self._header += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._count(end - start)
        self._value += data[start:end]

    def _count(self, size: int) -> None:
        self._head += size
        if self._head > _HEAD:
            raise bad("a field of its form has too long a head")

    def _on_header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header = self._value = b""

    def _on_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        self._field = bytearray()
        if self._name == FILE:
            if self.filename is not None:
                raise bad("there is more than one file in its form")
            self.filename = options.get(b"filename", b"").decode("utf-8", "replace")
            self._stream = self._place.open("xb")
            self._reading = self._write
        elif self._name in _LIMITS:
            self._reading = self._collect
        else:
            self._reading = self._skip

    def _write(self, data: bytes) -> None:
        self.size += len(data)
        if self.size > self._limit:
            raise RefusedError(f"the file has more than {self._limit} bytes", status=413)
        self._hasher.update(data)
        if self._stream is not None:
            self._stream.write(data)

    def _collect(self, data: bytes) -> None:
        self._field += data
        if len(self._field) > _LIMITS[self._name]:
            raise bad(f"`{self._name}` is too long")

    def _skip(self, data: bytes) -> None:
        self._others += len(data)
        if self._others > _OTHERS:
            raise bad("its form is too long")

    def _end(self) -> None:
        if self._name == FILE:
            self.sha256 = self._hasher.hexdigest()
            self.close()
        elif self._name in _LIMITS:
            if self._name in self.fields:
                raise bad(f"`{self._name}` is said twice")
            self.fields[self._name] = self._field.decode("utf-8", "replace")
        self._name, self._reading = "", self._skip

    def _on_end(self) -> None:
        self._complete = True


def bad(reason: str) -> RefusedError:
    """Return the refusal of a form that is not as it should be."""
    return RefusedError("this is no upload", status=400, reason=reason)
