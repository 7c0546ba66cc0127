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
from guard.model import Absent, Fact, FileKind, Unknown
from guard.private import private_folder, write_private

_READER: Final = "1"
"""Raised whenever `guard.artifact` comes to see something else in the same bytes."""


class Contents:
    """Reads what has arrived, and keeps the result under `folder`. Used by many threads."""

    def __init__(self, folder: Path, *, use_results: bool = True) -> None:
        self._folder = folder
        self._use_results = use_results

    def of(self, path: Path, sha256: str, kind: FileKind) -> Fact[Content]:
        """Return the content of the file at `path`, in quarantine; Unknown if it cannot be read."""
        if kind is not FileKind.WHEEL:
            return Absent("only wheels are opened")
        key = _key(sha256, path.name)
        if self._use_results and (known := self._known(key)) is not None:
            return known
        from guard.artifact.wheel import inspect  # noqa: PLC0415 - 50 ms, only when needed

        try:
            content = inspect(path, path.name)
        except OSError as error:
            return Unknown(f"it could not be read: {error.strerror or error}")
        self._keep(key, content)
        return content

    def _known(self, key: str) -> Content | None:
        try:
            return _DECODER.decode((self._folder / f"{key}.json").read_bytes())
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None

    def _keep(self, key: str, content: Content) -> None:
        with contextlib.suppress(OSError):  # a result that cannot be kept is found again
            private_folder(self._folder)
            write_private(self._folder / f"{key}.json", msgspec.json.encode(content))


_DECODER: Final = msgspec.json.Decoder(Content)


def _key(sha256: str, filename: str) -> str:
    return hashlib.sha256(f"{_READER}\n{sha256}\n{filename}".encode()).hexdigest()
