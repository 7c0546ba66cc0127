"""The user's files before a run, so that a run that was denied leaves them byte for byte."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from guard import regular
from guard.private import temporary

_LIMIT: Final = 500_000_000
"""Bytes of one file that is kept in memory."""


class Snapshot:
    """What some files held, in memory; of an environment, whether it was there."""

    def __init__(self, files: Iterable[Path], environment: Path | None) -> None:
        """Read all of `files` that are there. Raises `OSError`."""
        self._contents = {path: _content(path) for path in files}
        new = environment is not None and not os.path.lexists(environment)
        self._new = environment if new else None

    def restore(self) -> None:
        """Put back what has changed since, each file in one step. Raises `OSError`."""
        for path, content in self._contents.items():
            if _content(path) == content:
                continue
            if content is None:
                path.unlink(missing_ok=True)
            else:
                _replace(path, content)
        if self._new is not None and (self._new / "pyvenv.cfg").is_file():
            with contextlib.suppress(OSError):
                shutil.rmtree(self._new)


def _content(path: Path) -> bytes | None:
    try:
        content = regular.read(path, limit=_LIMIT)
    except FileNotFoundError:
        return None
    if len(content) > _LIMIT:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
    return content


def _replace(path: Path, content: bytes) -> None:
    with temporary(path.parent) as part:
        part.write_bytes(content)
        if path.exists():
            shutil.copymode(path, part)
        part.replace(path)
