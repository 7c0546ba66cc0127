"""ZIP files, read strictly: a file has exactly one reading, or it has a defect.

Installers read an archive by its end (pip, uv on a local file) or by its beginning (uv as it
streams), and each forgives other faults, so one file can install differently. This reader takes
nothing but what all of them agree on: a single end record in the last bytes of the file, a
directory that ends there, local headers that repeat it word for word, and members that cover every
byte before it once. Content is then held to its headers as it is read.
"""

from __future__ import annotations

import mmap
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from guard.artifact.defect import Defect
from guard.artifact.zip_fault import ArchiveError, oversized
from guard.artifact.zip_limits import Limits
from guard.artifact.zip_records import Content
from guard.artifact.zip_stream import Member, member_chunks, member_whole
from guard.artifact.zip_structure import structure

__all__ = ["ArchiveError", "Container", "Limits", "Member", "from_bytes", "open_container"]

_DEFAULT: Final = Limits()
# After so many bytes of content, the pages of the file that were read are handed back.
_KEPT: Final = 64 << 20


class Container:
    """An open archive: its members, what is wrong with its structure, and the way to its content.

    Only the directory is held in memory. Nothing is shared between two readings, so threads may
    read different members at once.
    """

    members: tuple[Member, ...]
    """In the order of the directory. Where there are defects, only what could be made out of it:
    something to show, and one of several readings."""

    defects: tuple[Defect, ...]
    """What the structure alone shows: nothing was decompressed. Empty only if it is sound."""

    def __init__(self, content: Content, limits: Limits = _DEFAULT) -> None:
        self._content = content
        self._limits = limits
        self._yielded = 0
        self.members, self.defects = structure(content, limits)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file. No content can be read any more."""
        if isinstance(self._content, mmap.mmap):
            self._content.close()

    def whole(self, member: Member) -> bytes | None:
        """Return the content of `member` if it is small and sound, as nearly every one is.

        `None` says nothing: `chunks` yields what there is, or raises what is wrong.
        """
        content = (
            member_whole(self._content, member)
            if member.size <= self._limits.member_bytes
            else None
        )
        if content is not None:
            self._count(content)
        return content

    def chunks(self, member: Member) -> Iterator[bytes]:
        """Yield the content of `member` in pieces of at most 1 MiB. Raises `ArchiveError`.

        It raises when the data are not exactly what the headers promise: size, compressed size,
        CRC, one deflate stream and nothing else. The CRC is known at the end only, so nothing that
        was yielded counts unless the iteration ends by itself.
        """
        self._refuse_more_than(self._limits.member_bytes, member)
        return self._counted(member_chunks(self._content, member))

    def read(self, member: Member, *, limit: int) -> bytes:
        """Return the content of `member`. Raises `ArchiveError`, also beyond `limit` bytes."""
        self._refuse_more_than(limit, member)
        return b"".join(self.chunks(member))

    def damages(self) -> Iterator[Defect]:
        """Read every member once, and yield a defect for each that its headers belie."""
        for member in self.members:
            try:
                for _ in self.chunks(member):
                    pass
            except ArchiveError as error:
                yield error.defect

    def _counted(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Yield `chunks`, and keep a large file from filling the memory that it is mapped to."""
        for chunk in chunks:
            self._count(chunk)
            yield chunk

    def _count(self, chunk: bytes) -> None:
        self._yielded += len(chunk)
        if self._yielded > _KEPT:
            self._yielded = 0
            self._hand_back()

    def _hand_back(self) -> None:
        # Only advice: pages that are wanted again come from the file again. Windows has none.
        if sys.platform != "win32" and isinstance(self._content, mmap.mmap):
            self._content.madvise(mmap.MADV_DONTNEED)

    @staticmethod
    def _refuse_more_than(limit: int, member: Member) -> None:
        if member.size > limit:
            message = f"{member.size} bytes, more than the {limit} that are read of it"
            raise oversized(message, offset=member.offset, member=member.name)


def open_container(path: Path, limits: Limits = _DEFAULT) -> Container:
    """Open the archive at `path`, which nobody may change meanwhile. Raises `OSError` only.

    Whatever its bytes are, there is a container: a file that is not a ZIP archive at all is one
    without members and with a defect that says so.
    """
    with path.open("rb") as stream:
        empty = not stream.seek(0, 2)
        # An empty file cannot be mapped.
        content = b"" if empty else mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    return Container(content, limits)


def from_bytes(content: bytes, limits: Limits = _DEFAULT) -> Container:
    """Read the archive that `content` is, as `open_container` does."""
    return Container(content, limits)
