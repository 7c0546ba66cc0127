"""What is inside a file that has arrived: read once in its life on a machine, then remembered.

A content follows from the bytes, the name they are read under and the reader. So it is kept by the
digests of these, and a new reader reads everything again.
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import Final

import msgspec

from guard.artifact.content import Content
from guard.model import Absent, Fact, FileKind
from guard.private import private_folder, write_private
from guard.sources.readers import Reader

_READER: Final = "3"
"""Raised whenever `guard.artifact` comes to see something else in the same bytes."""


class Contents:
    """Has what has arrived read, and keeps the result under `folder`. Used by many threads."""

    def __init__(
        self, folder: Path, reader: Reader, *, version: str, use_results: bool = True
    ) -> None:
        """`version` is that of the rules by which the reader looks at texts."""
        self._folder = folder
        self._reader = reader
        self._version = f"{_READER} {version}"
        self._use_results = use_results

    def of(self, path: Path, sha256: str, kind: FileKind) -> Fact[Content]:
        """Return the content of the file at `path`, in quarantine; Unknown if it cannot be read."""
        if kind is FileKind.SOURCE_TREE:
            return Absent("nobody opens a source tree")
        if (known := self.known(sha256, path.name)) is not None:
            return known
        content = self._reader.read(path)
        if isinstance(content, Content):
            self._keep(self._path(sha256, path.name), content)
        return content

    def close(self) -> None:
        """End the reading of files."""
        self._reader.close()

    def known(self, sha256: str, filename: str) -> Content | None:
        """Return the content of the file of that digest and name if it was read before."""
        if not self._use_results:
            return None
        try:
            return _DECODER.decode(self._path(sha256, filename).read_bytes())
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None

    def _path(self, sha256: str, filename: str) -> Path:
        key = hashlib.sha256(f"{self._version}\n{sha256}\n{filename}".encode()).hexdigest()
        return self._folder / f"{key}.json"

    def _keep(self, path: Path, content: Content) -> None:
        with contextlib.suppress(OSError):  # a result that cannot be kept is found again
            private_folder(self._folder)
            write_private(path, msgspec.json.encode(content))


_DECODER: Final = msgspec.json.Decoder(Content)
