"""The store in a folder: private files, on the disk before anybody counts on them."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from guard.mirror.store._base import CHUNK, Store, opened, path_of, refused, verified
from guard.private import private_folder, temporary


class FolderStore(Store):
    """Files by their digest. Several processes of one machine may share it."""

    def __init__(self, folder: Path) -> None:
        """Make the folder, and remove what killed processes left. Raises `MirrorError`."""
        self.folder: Path = folder
        self._incoming = folder / "incoming"
        try:
            private_folder(folder)
            private_folder(self._incoming)
            _sweep(self._incoming)
        except OSError as error:
            raise refused(error) from None

    def put(self, sha256: str, source: Path | bytes) -> None:
        """Copy them beside, bring them to the disk, and only then give them their name."""
        path = self.folder / path_of(sha256)
        try:
            if path.exists():
                return
            _shelf(path.parent)
            with temporary(self._incoming) as part:
                with opened(source) as stream, part.open("r+b") as target:
                    _claim(target)
                    for chunk in verified(stream, sha256):
                        target.write(chunk)
                    target.flush()
                    os.fsync(target.fileno())
                part.replace(path)
                _settle(path.parent)
                _settle(self._incoming)
        except OSError as error:
            raise refused(error) from None

    def has(self, sha256: str) -> bool:
        """Tell whether the file is there."""
        try:
            (self.folder / path_of(sha256)).stat()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise refused(error) from None
        return True

    def size(self, sha256: str) -> int:
        """Return the size of the file."""
        try:
            return (self.folder / path_of(sha256)).stat().st_size
        except OSError as error:
            raise refused(error) from None

    def chunks(self, sha256: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield parts of the file."""
        path = self.folder / path_of(sha256)
        try:
            with path.open("rb") as stream:
                stream.seek(start)
                left = sys.maxsize if end is None else end - start
                while left > 0 and (chunk := stream.read(min(CHUNK, left))):
                    left -= len(chunk)
                    yield chunk
        except OSError as error:
            raise refused(error) from None

    def check(self) -> None:
        """Write a file, and remove it again."""
        try:
            with temporary(self._incoming) as part:
                part.write_bytes(b"guard")
        except OSError as error:
            raise refused(error) from None


def _shelf(folder: Path) -> None:
    """Make `folder` where it is missing, to stay."""
    if not folder.exists():
        private_folder(folder.parent)
        private_folder(folder)
        _settle(folder.parent)
        _settle(folder.parent.parent)


def _settle(folder: Path) -> None:
    """Bring the names in `folder` to the disk; where folders cannot be opened, they are."""
    if os.name == "posix":
        number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def _sweep(incoming: Path) -> None:
    """Remove the files that no process writes any more."""
    for part in incoming.glob(".*.part"):
        with contextlib.suppress(OSError), part.open("r+b") as stream:
            _claim(stream)
            part.unlink()


def _claim(stream: BinaryIO) -> None:
    """Hold a file for as long as it is open. Raises `OSError` where another process holds it."""
    if sys.platform != "win32":
        import fcntl  # noqa: PLC0415 - there is none elsewhere

        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
