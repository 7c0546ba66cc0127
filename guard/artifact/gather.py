"""One pass over an archive: every member decompressed once, for everybody who wants to know."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from guard.artifact.container import ArchiveError, Member
from guard.artifact.content import BinaryFormat
from guard.artifact.defect import Defect
from guard.artifact.examine import LIMIT, Examiner, Look
from guard.artifact.native import ENOUGH, is_bytecode, sniff
from guard.artifact.record import Read


class Archive(Protocol):
    """What is read here of a container."""

    @property
    def members(self) -> tuple[Member, ...]:
        """The members, folders included."""

    @property
    def defects(self) -> tuple[Defect, ...]:
        """What is wrong with the archive as such."""

    def whole(self, member: Member) -> bytes | None:
        """Return the content of a small member, `None` where `chunks` has to say what it is."""

    def chunks(self, member: Member) -> Iterator[bytes]:
        """Yield the content of `member`. Raises `ArchiveError` where it is not as announced."""


@dataclass(slots=True)
class Gathered:
    """What the passes found so far, by name of the member."""

    examiner: Examiner = field(default_factory=Examiner)

    read: dict[str, Read] = field(default_factory=dict)
    texts: dict[str, bytes] = field(default_factory=dict)
    formats: dict[str, BinaryFormat] = field(default_factory=dict)
    heads: dict[str, bytes] = field(default_factory=dict)
    """The first bytes of what is named like compiled Python."""

    broken: dict[str, Defect] = field(default_factory=dict)
    size: int = 0


def gather(
    archive: Archive,
    members: Iterable[Member],
    *,
    algorithm: Callable[[str], str],
    limits: Mapping[str, int],
    into: Gathered,
) -> None:
    """Read those of `members` that were not read yet, and add what is found to `into`.

    `algorithm` says in which one a member is hashed, beside sha256; `limits`, whose bytes are to
    be kept if there are no more than so many. Whatever is whole is shown to its examiner.
    """
    for member in members:
        name = member.name
        if name in into.read or name in into.broken:
            continue
        text = member.size <= limits.get(name, -1)
        asking = partial(into.examiner.asking, name, member.size)
        try:
            whole = archive.whole(member)
            if whole is not None:
                read, head, data, looks = _read_whole(whole, algorithm(name), asking)
            else:
                read, head, data, looks = _read(
                    archive.chunks(member), algorithm(name), asking, keep=text
                )
        except ArchiveError as error:
            into.broken[name] = error.defect
            continue
        into.read[name] = read
        into.size += read.size
        if text:
            into.texts[name] = data or b""
        for look in looks:
            look(name, data or b"", size=read.size, offset=member.offset)
        if found := sniff(head, read.size):
            into.formats[name] = found
        elif is_bytecode(name):
            into.formats[name] = BinaryFormat.BYTECODE
            into.heads[name] = head[:16]


def _read_whole(
    content: bytes, algorithm: str, asking: Callable[[bytes], tuple[Look, ...]]
) -> tuple[Read, bytes, bytes | None, tuple[Look, ...]]:
    """Do what `_read` does with a member of which there is one piece."""
    sha256 = hashlib.sha256(content).digest()
    named = sha256 if algorithm == "sha256" else hashlib.new(algorithm, content).digest()
    read = Read(len(content), algorithm, named, sha256.hex())
    return read, content[:ENOUGH], content, asking(content)


def _read(
    pieces: Iterable[bytes],
    algorithm: str,
    asking: Callable[[bytes], tuple[Look, ...]],
    *,
    keep: bool,
) -> tuple[Read, bytes, bytes | None, tuple[Look, ...]]:
    """Return what was read, its first bytes, who asks to see it, and the first `LIMIT` for them."""
    sha256 = hashlib.sha256()
    other = None if algorithm == "sha256" else hashlib.new(algorithm)
    head = b""
    size = 0
    kept: list[bytes] | None = [] if keep else None
    looks: tuple[Look, ...] = ()
    for piece in pieces:
        sha256.update(piece)
        if other is not None:
            other.update(piece)
        if not size and (looks := asking(piece)) and kept is None:
            kept = []
        if kept is not None and size < LIMIT:
            kept.append(piece[: LIMIT - size])
        if size < ENOUGH:
            head += piece[: ENOUGH - size]
        size += len(piece)
    digest = sha256.digest()
    named = digest if other is None else other.digest()
    read = Read(size=size, algorithm=algorithm, digest=named, sha256=digest.hex())
    return read, head, None if kept is None else b"".join(kept), looks
