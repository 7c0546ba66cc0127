"""The bytes of a tar archive as they are decompressed, each seen once and in order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from guard.artifact.zip_fault import ambiguous

BLOCK: Final = 512
"""POSIX, pax: everything in an archive begins at a multiple of this."""


class Blocks:
    """A position in a stream that knows no way back. Offsets are bytes of the tar archive."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.at = 0
        self._pieces = pieces
        self._piece = b""
        self._used = 0

    def until(self, end: int, member: str | None = None) -> Iterator[bytes]:
        """Yield the bytes up to `end` that nobody has read yet. Raises `ArchiveError`.

        Several such iterators may be about: none yields what another one did.
        """
        while self.at < end:
            if self._used == len(self._piece) and not self._advance():
                raise ambiguous(
                    f"the archive breaks off at byte {self.at}, before its end mark: some readers "
                    "take that for its end, others refuse it",
                    offset=self.at,
                    member=member,
                )
            piece = self._piece[self._used : self._used + end - self.at]
            self._used += len(piece)
            self.at += len(piece)
            yield piece

    def take(self, size: int, member: str | None = None) -> bytes:
        """Return the next `size` bytes. Raises `ArchiveError`."""
        return b"".join(self.until(self.at + size, member))

    def skip_padding(self, member: str | None = None) -> None:
        """Go on to the next block. Raises `ArchiveError` if there is anything on the way."""
        at = self.at
        if self.take(-at % BLOCK, member).strip(b"\0"):
            message = "something is hidden between the end of the content and the next block"
            raise ambiguous(message, offset=at, member=member)

    def rest(self) -> Iterator[bytes]:
        """Yield everything that is left."""
        while self._used < len(self._piece) or self._advance():
            yield from self.until(self.at + len(self._piece) - self._used)

    def _advance(self) -> bool:
        self._piece, self._used = next(self._pieces, b""), 0
        return bool(self._piece)
