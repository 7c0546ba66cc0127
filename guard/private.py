"""Folders and files that only this user can read, written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import Final

_FOLDER: Final = 0o700
_FILE: Final = 0o600


def private_folder(path: Path) -> None:
    """Make `path` a folder that only this user can enter. Raises `OSError`."""
    path.mkdir(mode=_FOLDER, parents=True, exist_ok=True)
    if os.name == "posix":
        status = path.stat()
        if status.st_uid != os.geteuid():
            raise PermissionError(f"{path} belongs to another user")
        if status.st_mode & 0o077:
            path.chmod(_FOLDER)


def is_own(folder: Path) -> bool:
    """Tell whether `folder` is this user's: what lies in another's may be anything."""
    return os.name != "posix" or folder.stat().st_uid == os.geteuid()


def write_private(path: Path, content: bytes) -> None:
    """Replace `path` by `content` in one step. Raises `OSError`, and then nothing has changed."""
    with replacing(path) as part, part.open("wb") as stream:
        stream.write(content)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield an empty private file that takes the place of `path` at the end, if all went well.

    Raises `OSError`, and then nothing has changed.
    """
    with temporary(path.parent) as part:
        yield part
        part.replace(path)


@contextlib.contextmanager
def temporary(folder: Path) -> Iterator[Path]:
    """Yield an empty private file in `folder`, gone at the end. Raises `OSError`."""
    part = folder / f".{secrets.token_hex(8)}.part"
    try:
        with open(part, "xb", opener=_opener):
            pass
        yield part
    finally:
        part.unlink(missing_ok=True)


def open_private(path: Path, mode: str) -> FileIO:
    """Open the file at `path`, unbuffered; a new one is private from the first.

    Raises `OSError`.
    """
    return FileIO(path, mode, opener=_opener)


def _opener(path: str, flags: int) -> int:
    return os.open(path, flags, _FILE)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file at `path`, after whoever holds it now. Raises `OSError`."""
    with open(path, "ab", opener=_opener) as stream:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415 - there is none elsewhere

            msvcrt.locking(stream.fileno(), msvcrt.LK_LOCK, 1)
        else:
            import fcntl  # noqa: PLC0415

            fcntl.flock(stream, fcntl.LOCK_EX)
        yield  # closing the file gives the lock up
