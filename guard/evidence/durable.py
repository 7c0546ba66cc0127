"""Private files that are on the disk by the time their writer goes on."""

from __future__ import annotations

import os
from pathlib import Path

from guard.private import private_folder, replacing


def write_durably(path: Path, content: bytes) -> None:
    """Replace `path` by `content` in one step, and wait for the disk.

    Raises `OSError`, and then nothing has changed.
    """
    private_folder(path.parent)
    with replacing(path) as part, part.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def settle(folder: Path) -> None:
    """Wait until the names in `folder` are on the disk too. Raises `OSError`."""
    if os.name != "posix":
        return  # a folder cannot be waited for
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
