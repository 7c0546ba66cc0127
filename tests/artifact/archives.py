"""An archive in memory, and wheels made of parts that a test may replace or leave out."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from guard.artifact.container import ArchiveError, Member
from guard.artifact.content import Content
from guard.artifact.defect import Defect, DefectKind
from guard.artifact.source import Scanner
from guard.artifact.wheel import read

INFO: Final = "frob-1.0.dist-info"
DATA: Final = "frob-1.0.data"
FILENAME: Final = "frob-1.0-py3-none-any.whl"
METADATA: Final = "Metadata-Version: 2.1\nName: frob\nVersion: 1.0\n"
WHEEL: Final = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"

Parts = Mapping[str, bytes | str | None]
_NONE: Final[Parts] = MappingProxyType({})
_PIECE: Final = 5000  # such that what is looked for may lie on both sides of a border


@dataclass(frozen=True)
class MemoryArchive:
    """What a container is to its readers: members, defects and content in pieces."""

    contents: Mapping[str, bytes]
    defects: tuple[Defect, ...] = ()
    broken: frozenset[str] = frozenset()
    claimed: Mapping[str, int] = field(default_factory=dict)
    """Sizes that the headers say, where they are not those of the content."""

    @property
    def members(self) -> tuple[Member, ...]:
        return tuple(
            Member(
                name=name,
                offset=number * 1000,
                size=self.claimed.get(name, len(content)),
                compressed_size=len(content),
                crc=0,
                method=0,
                mode=0,
                is_directory=name.endswith("/"),
            )
            for number, (name, content) in enumerate(self.contents.items())
        )

    def whole(self, member: Member) -> None:
        """Leave everything to `chunks`: what is looked for has to be found in pieces as well."""

    def chunks(self, member: Member) -> Iterator[bytes]:
        content = self.contents[member.name]
        for start in range(0, len(content), _PIECE):
            yield content[start : start + _PIECE]
        if member.name in self.broken:
            kind = DefectKind.AMBIGUOUS_ARCHIVE
            raise ArchiveError(Defect(kind=kind, message="broken", member=member.name))


def record_line(path: str, content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
    return f"{path},sha256={digest},{len(content)}"


def members(changes: Parts = _NONE, *, record: Callable[[str], str] = str) -> dict[str, bytes]:
    """The members of a harmless wheel with `changes`: `None` leaves one out.

    RECORD is right for whatever they are, until `record` rewrites it.
    """
    parts: Parts = {"frob.py": "", f"{INFO}/METADATA": METADATA, f"{INFO}/WHEEL": WHEEL} | dict(
        changes
    )
    found = {
        name: content.encode() if isinstance(content, str) else content
        for name, content in parts.items()
        if content is not None
    }
    itself = f"{INFO}/RECORD"
    if itself not in parts:
        files = [name for name in found if not name.endswith("/")]
        lines = [*(record_line(name, found[name]) for name in files), f"{itself},,", ""]
        found[itself] = record("\n".join(lines)).encode()
    return found


def content_of(
    changes: Parts = _NONE,
    *,
    filename: str = FILENAME,
    record: Callable[[str], str] = str,
    scanner: Scanner | None = None,
) -> Content:
    """What is read of such a wheel."""
    return read(MemoryArchive(members(changes, record=record)), filename, scanner)


def complaints(content: Content) -> list[tuple[str, str | None, str]]:
    """Every defect as rule, member and message."""
    return [(str(d.kind), d.member, d.message) for d in content.defects]
