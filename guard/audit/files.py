"""Files of an environment, which may be anything: a device, a pipe, a link to itself."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

_CHUNK: Final = 1 << 20
_LARGEST: Final = 16 << 30
"""Bytes: a file with holes says that it has terabytes, and takes none. Real ones have a tenth."""

_OPENING: Final = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""A pipe with nobody at its other end must not hold the audit up."""


@contextlib.contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a regular file, whatever links lead to it. Raises `OSError`."""
    with open(path, "rb", buffering=0, opener=lambda name, _: os.open(name, _OPENING)) as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise OSError(None, "not a regular file", str(path))
        yield stream


def read(path: Path, limit: int) -> bytes | None:
    """Return what a file holds; `None` where there is none. Raises `OSError` beyond `limit`."""
    try:
        with opened(path) as stream:
            if os.fstat(stream.fileno()).st_size > limit:
                raise OSError(None, f"longer than {limit} bytes", str(path))
            content = b"".join(iter(lambda: stream.read(_CHUNK), b""))
    except (FileNotFoundError, NotADirectoryError):
        return None
    return content


def digest(path: Path, algorithm: str) -> tuple[int, bytes]:
    """Return the size and the digest of a file. Raises `OSError`, also of one larger than any."""
    hasher, size = hashlib.new(algorithm), 0
    with opened(path) as stream:
        if os.fstat(stream.fileno()).st_size > _LARGEST:
            raise OSError(None, f"longer than {_LARGEST} bytes", str(path))
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            hasher.update(chunk)
    return size, hasher.digest()


def words(error: OSError) -> str:
    """Return why a file could not be read."""
    return error.strerror or str(error)
