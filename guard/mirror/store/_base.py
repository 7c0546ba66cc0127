"""What every store does."""

from __future__ import annotations

import hashlib
import io
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, Final

from guard.errors import MirrorError

CHUNK: Final = 1 << 20
"""Bytes at once."""

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class Store(ABC):
    """A place for bytes. Used by many threads at once; raises `MirrorError`."""

    folder: Path | None = None
    """Where the objects are files, for whoever can send those faster: `path_of` is below it."""

    @abstractmethod
    def put(self, sha256: str, source: Path | bytes) -> None:
        """Write the bytes of that digest, unless they are there.

        They are there to stay when this returns, and nobody ever sees half of them. Bytes that are
        not those of the digest are refused.
        """

    @abstractmethod
    def has(self, sha256: str) -> bool:
        """Tell whether the bytes of that digest are there."""

    @abstractmethod
    def size(self, sha256: str) -> int:
        """Return how many bytes of that digest there are."""

    @abstractmethod
    def chunks(self, sha256: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield the bytes of that digest, from `start` to before `end`, as they are."""

    @abstractmethod
    def check(self) -> None:
        """Find out whether it can be written to, and writes nothing twice: at the start."""

    def get(self, sha256: str) -> bytes:
        """Return the bytes of that digest, and only those: of what is small."""
        content = b"".join(self.chunks(sha256))
        if hashlib.sha256(content).hexdigest() != sha256:
            raise MirrorError(f"what the mirror's store has as {sha256} is something else")
        return content

    def source(self, sha256: str) -> Path | bytes:
        """Return what `put` of another store takes: the file itself, where there is one."""
        return self.folder / path_of(sha256) if self.folder else self.get(sha256)

    def presigned(self, sha256: str, lifetime: timedelta) -> str | None:  # noqa: ARG002
        """Return an address of the bytes that needs no key and does not last; `None`: no such."""
        return None


def path_of(sha256: str) -> str:
    """Return where the bytes of that digest are. Raises `MirrorError` for what is no digest."""
    if not _DIGEST.fullmatch(sha256):
        raise MirrorError(f"{sha256[:80]!r} is no sha256")
    return f"sha256/{sha256[:2]}/{sha256}"


def opened(source: Path | bytes) -> BinaryIO:
    """Return what reads it."""
    return io.BytesIO(source) if isinstance(source, bytes) else source.open("rb", buffering=0)


def verified(stream: BinaryIO, sha256: str, size: int = CHUNK) -> Iterator[bytes]:
    """Yield what is read from `stream`. Raises `MirrorError` at the end if it is something else."""
    digest = hashlib.sha256()
    while chunk := stream.read(size):
        digest.update(chunk)
        yield chunk
    if digest.hexdigest() != sha256:
        raise MirrorError(f"bytes for the mirror's store are not those of {sha256}")


def refused(error: Exception) -> MirrorError:
    """Return the error for the user: what the system or the server says."""
    said = str(error).strip().splitlines()
    return MirrorError(
        "the mirror's store could not be used",
        reason=said[0][:200] if said else type(error).__name__,
        hint="it is asked again with every request",
    )
