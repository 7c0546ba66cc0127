"""A source distribution as a document: one reading of its bytes, and everything wrong with it.

Essential reading, in order: PEP 625 (the filename), the source distribution format (PEP 517: the
folder; PEP 643: PKG-INFO), the core metadata specification. Only `.tar.gz` is read: PEP 625 allows
no other, PyPI takes no other, and a `.zip` is one more reader to disagree with.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from packaging.utils import canonicalize_name
from packaging.version import Version

from guard.artifact.content import Content, kept
from guard.artifact.defect import Defect, DefectKind
from guard.artifact.examine import LIMIT, Examiner, Look
from guard.artifact.metadata import Filename, Metadata, read_metadata
from guard.artifact.paths import unsafe_paths
from guard.artifact.tar import Tar, TarMember
from guard.artifact.zip_fault import ArchiveError
from guard.artifact.zip_limits import Limits

if TYPE_CHECKING:
    from guard.artifact.source import Scanner

_DEFAULT: Final = Limits()
_SUFFIX: Final = ".tar.gz"
_INFO: Final = "PKG-INFO"
_INFO_LIMIT: Final = 8 << 20
_LONGEST: Final = 255  # what file systems allow
_MOST_DEFECTS: Final = 50


def inspect(path: Path, filename: str, scanner: Scanner | None = None) -> Content:
    """Return what the source distribution at `path` holds, as a file of the name `filename`.

    Whatever the bytes, there is a `Content` with its defects. Raises only `OSError`.
    """
    with path.open("rb") as stream:
        return read(stream, filename, scanner=scanner)


def read(
    stream: BinaryIO, filename: str, limits: Limits = _DEFAULT, *, scanner: Scanner | None = None
) -> Content:
    """Return what `stream` holds. Raises only what `stream` raises.

    An archive that has no single reading has no content: its defects are all there is to say.
    """
    tar = Tar(stream, limits)
    try:
        return _Reader(tar, filename, Examiner(scanner)).content()
    except ArchiveError as error:
        defects = kept([error.defect, *_unsafe(tar.members)])
        return Content(filename=filename, entries=len(tar.members), defects=defects)


class _Reader:
    """One reading: what was found so far."""

    def __init__(self, tar: Tar, filename: str, examiner: Examiner) -> None:
        self.examiner = examiner
        self.tar = tar
        self.filename = filename
        self.said = _read_filename(filename)
        self.known = None if isinstance(self.said, str) else self.said
        self.info: TarMember | None = None
        self.info_content: bytes | None = None
        self.size = 0

    def content(self) -> Content:
        """Return the facts. Raises `ArchiveError`."""
        for member, chunks in self.tar.entries():
            if not member.is_directory and member.special is None:
                self._read(member, chunks)
        members = self.tar.members
        metadata, problems = self._metadata()
        return Content(
            filename=self.filename,
            name=metadata.name,
            version=metadata.version,
            metadata_sha256=metadata.sha256,
            requires_dist=metadata.requires_dist,
            url_requirements=metadata.url_requirements,
            licensing=metadata.licensing,
            entries=len(members),
            size=self.size,
            pickles=tuple(self.examiner.found_pickles),
            traces=tuple(self.examiner.traces),
            defects=kept(
                [*_unsafe(members), *self._misplaced(), *problems, *self.examiner.defects]
            ),
        )

    def _read(self, member: TarMember, chunks: Iterator[bytes]) -> None:
        """Read the content of a file: all of every file passes here, once and in order."""
        is_info = self.info is None and self._is_info(member.name)
        looks: tuple[Look, ...] = ()
        kept_chunks: list[bytes] = []
        size = 0
        for chunk in chunks:
            if not size:
                looks = self.examiner.asking(member.name, member.size, chunk)
            if (looks or is_info) and size < LIMIT:
                kept_chunks.append(chunk[: LIMIT - size])
            size += len(chunk)
        self.size += size
        data = b"".join(kept_chunks)
        for look in looks:
            look(member.name, data, size=size, offset=member.offset)
        if is_info:
            self.info = member
            self.info_content = data

    def _is_info(self, name: str) -> bool:
        folder, _, file = name.partition("/")
        return file == _INFO and self._is_ours(folder)

    def _is_ours(self, folder: str) -> bool:
        """Tell whether `folder` is what the filename says; if it says nothing, any will do."""
        if self.known is None:
            return True
        found = _parsed(folder)
        return not isinstance(found, str) and found == self.known

    def _misplaced(self) -> Iterator[Defect]:
        """Yield what is wrong with the filename, and with the one folder that all must be in."""
        kind = DefectKind.METADATA_MISMATCH
        if isinstance(self.said, str):
            yield Defect(kind=kind, message=self.said)
        first: dict[str, TarMember] = {}
        for member in self.tar.members:
            folder, slash, _ = member.name.partition("/")
            if slash:
                first.setdefault(folder, member)
            else:
                yield _at(member, kind, "outside of the folder that a source distribution is")
        if len(first) > 1:
            names = ", ".join(repr(name[:80]) for name in islice(first, 4))
            yield Defect(kind=kind, message=f"{len(first)} top-level folders, not one: {names}")
        for name, member in first.items():
            if not self._is_ours(name):
                yield _at(member, kind, f"in {name[:80]!r}, which is not what the filename says")

    def _metadata(self) -> tuple[Metadata, list[Defect]]:
        kind = DefectKind.METADATA_MISMATCH
        if self.info is None or self.info_content is None:
            return Metadata(), [Defect(kind=kind, message=f"there is no {_INFO}")]
        if self.info.size > _INFO_LIMIT:
            message = f"{self.info.size} bytes, more than the {_INFO_LIMIT} that it may have"
            return Metadata(), [_at(self.info, kind, message)]
        metadata, problems = read_metadata(self.info_content, self.known)
        return metadata, [_at(self.info, kind, f"{_INFO}: {problem}") for problem in problems]


def _read_filename(filename: str) -> Filename | str:
    """PEP-625: `{distribution}-{version}.tar.gz`. Return what it says, or why it says nothing."""
    if not filename.endswith(_SUFFIX):
        return f"the filename of a source distribution ends in {_SUFFIX}"
    return _parsed(filename.removesuffix(_SUFFIX))


def _parsed(stem: str) -> Filename | str:
    name, _, version = stem.rpartition("-")
    if len(stem) > _LONGEST - len(_SUFFIX):
        return "longer than a filename can be"
    try:
        said = canonicalize_name(name, validate=True), Version(version)
    except ValueError as error:
        return f"not a name and a version: {error}"
    return Filename(*said, build=(), tags=frozenset())


def _unsafe(members: Sequence[TarMember]) -> Iterator[Defect]:
    kind = DefectKind.UNSAFE_PATH
    special = (_at(m, kind, m.special) for m in members if m.special is not None)
    yield from islice(special, _MOST_DEFECTS)
    found = list(islice(unsafe_paths((m.name, m.mode) for m in members), _MOST_DEFECTS))
    if found:
        offsets: dict[str | None, int] = {member.name: member.offset for member in members}
        yield from (replace(defect, offset=offsets[defect.member]) for defect in found)


def _at(member: TarMember, kind: DefectKind, message: str) -> Defect:
    return Defect(kind=kind, message=message, member=member.name, offset=member.offset)
