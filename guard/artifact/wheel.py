"""A wheel as a document: one reading of its bytes, and everything that is wrong with it.

Essential reading, in order: the binary distribution format (PEP 427), the core metadata
specification, the entry points specification.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from guard.artifact import entry_points, planted, record, startup
from guard.artifact.container import open_container
from guard.artifact.content import Command, Content, kept
from guard.artifact.defect import Defect, DefectKind
from guard.artifact.examine import Examiner
from guard.artifact.gather import Archive, Gathered, gather
from guard.artifact.layout import Layout, lay_out, top_levels
from guard.artifact.metadata import Metadata, read_metadata, read_wheel
from guard.artifact.record import Record
from guard.artifact.shape import Shape, shape

if TYPE_CHECKING:
    from guard.artifact.source import Scanner

T = TypeVar("T")

_LIMITS: Final = {
    "RECORD": 64 << 20,
    "METADATA": 8 << 20,
    "WHEEL": 64 << 10,
    "entry_points.txt": 1 << 20,
}
"""Bytes of the files of `.dist-info` that are read as text; beyond these they are defects."""

_HOOKS: Final = 200
_COMMANDS: Final = 2_000
_BINARIES: Final = 20_000
"""What is described one by one; the largest honest wheels have a tenth of that."""


def inspect(path: Path, filename: str, scanner: Scanner | None = None) -> Content:
    """Return what the wheel at `path` holds, as a file of the name `filename`.

    Whatever the bytes, there is a `Content` with its defects. Raises only `OSError`.
    """
    with open_container(path) as container:
        return read(container, filename, scanner)


def read(archive: Archive, filename: str, scanner: Scanner | None = None) -> Content:
    """Return what an opened archive holds.

    One that has no single reading has no content: nothing of it is decompressed, and its defects
    are all there is to say.
    """
    if any(defect.kind is not DefectKind.UNSAFE_PATH for defect in archive.defects):
        return Content(
            filename=filename, entries=len(archive.members), defects=kept(archive.defects)
        )
    parts, problems = shape(archive.members, filename)
    examiner = Examiner(scanner)
    return _Reader(archive, parts, [*archive.defects, *problems], examiner).content(filename)


class _Reader:
    """One reading: what was found so far, and everything that is wrong."""

    def __init__(
        self, archive: Archive, shape: Shape, defects: list[Defect], examiner: Examiner
    ) -> None:
        self.archive = archive
        self.shape = shape
        self.defects = defects
        self.record: Record | None = None
        self.gathered = Gathered(examiner)

    def content(self, filename: str) -> Content:
        """Return the facts. Each member is decompressed once, here."""
        self._record()
        metadata, pure = self._metadata(), self._pure()
        points = self._entry_points()
        layout = lay_out(tuple(self.shape.files), self.shape.data, pure=pure)
        self._rest(layout)
        self._compare()
        self.defects += self.gathered.broken.values()
        self.defects += self.gathered.examiner.defects
        self.defects += planted.misplaced(self.shape, layout)
        found = (*points, *planted.commands(self.shape, layout))
        commands = self._first(_COMMANDS, found, DefectKind.SHADOWING_COMMAND, "commands")
        started = planted.hooks(self.shape, layout, self.gathered)
        hooks = self._first(_HOOKS, started, DefectKind.STARTUP_HOOK, "startup hooks")
        native = planted.binaries(self.shape, self.gathered)
        binaries = self._first(_BINARIES, native, DefectKind.UNDECLARED_BINARY, "binaries")
        said = self.shape.said
        return Content(
            filename=filename,
            name=metadata.name,
            version=metadata.version,
            tags=tuple(sorted(map(str, said.tags))) if said else (),
            metadata_sha256=metadata.sha256,
            requires_dist=metadata.requires_dist,
            url_requirements=metadata.url_requirements,
            licensing=metadata.licensing,
            top_levels=top_levels(layout.places.values()),
            landing=planted.landing(layout),
            commands=commands,
            hooks=hooks,
            binaries=binaries,
            pickles=tuple(self.gathered.examiner.found_pickles),
            traces=tuple(self.gathered.examiner.traces),
            entries=len(self.archive.members),
            size=self.gathered.size,
            defects=kept(self.defects),
        )

    def _record(self) -> None:
        """Read RECORD first: it says how everything else is to be hashed."""
        content = self._text("RECORD", DefectKind.RECORD_MISMATCH)
        if content is not None:
            self.record = record.parse(content)

    def _metadata(self) -> Metadata:
        content = self._text("METADATA", DefectKind.METADATA_MISMATCH)
        if content is None:
            return Metadata()
        metadata, problems = read_metadata(content, self.shape.said)
        self._complain("METADATA", problems)
        return metadata

    def _pure(self) -> bool:
        content = self._text("WHEEL", DefectKind.METADATA_MISMATCH)
        if content is None:
            return True
        pure, problems = read_wheel(content, self.shape.said)
        self._complain("WHEEL", problems)
        return pure

    def _entry_points(self) -> Iterable[Command]:
        content = self._text("entry_points.txt", None)
        if content is None:
            return ()
        points = entry_points.parse(content)
        self._complain("entry_points.txt", points.problems)
        name = f"{self.shape.info}/entry_points.txt"
        for bad in points.bad_names:
            message = f"a command cannot be named {bad[:80]!r}"
            self.defects.append(self.shape.defect(DefectKind.SHADOWING_COMMAND, message, name))
        offset = self.shape.files[name].offset
        return (
            Command(name=command, source=source, member=name, offset=offset)
            for source, command in points.commands
        )

    def _rest(self, layout: Layout) -> None:
        """Read what was not read yet; keep what `site` would read."""
        texts = {n for n, place in layout.places.items() if planted.is_startup_file(place)}
        for name in sorted(texts):
            if self.shape.files[name].size > startup.LIMIT:
                message = "a startup file that is too long to be read"
                self.defects.append(self.shape.defect(DefectKind.STARTUP_HOOK, message, name))
        self._gather(self.shape.files, dict.fromkeys(texts, startup.LIMIT))

    def _compare(self) -> None:
        if self.record is None:
            return  # that there is none is a defect already
        files, info = self.shape.files, self.shape.info
        differences = record.compare(self.record, self.gathered.read, files, info)
        for path, message in (*self.record.problems, *differences):
            name = path if path is not None else f"{info}/RECORD"
            self.defects.append(self.shape.defect(DefectKind.RECORD_MISMATCH, message, name))

    def _first(self, most: int, found: Iterable[T], kind: DefectKind, words: str) -> tuple[T, ...]:
        """Return the first of `found`; that there are more is a defect: one of them may matter."""
        first = tuple(islice(found, most + 1))
        if len(first) > most:
            self.defects.append(self.shape.defect(kind, f"more than {most} {words}"))
        return first[:most]

    def _text(self, file: str, missing: DefectKind | None) -> bytes | None:
        """Return a file of `.dist-info`, or `None`; `missing` is the defect of not having it."""
        name = f"{self.shape.info}/{file}"
        member, limit = self.shape.files.get(name), _LIMITS[file]
        if member is None:
            if missing is not None:
                self.defects.append(self.shape.defect(missing, f"there is no {file}"))
            return None
        if member.size > limit:
            kind = missing or DefectKind.METADATA_MISMATCH
            message = f"{member.size} bytes are more than the {limit} that such a file may have"
            self.defects.append(self.shape.defect(kind, message, name))
            return None
        self._gather({name}, {name: limit})
        return self.gathered.texts.get(name)

    def _gather(self, names: Iterable[str], limits: dict[str, int]) -> None:
        gather(
            self.archive,
            [self.shape.files[name] for name in names],
            algorithm=(self.record or Record({})).algorithm,
            limits=limits,
            into=self.gathered,
        )

    def _complain(self, file: str, problems: Iterable[str]) -> None:
        name = f"{self.shape.info}/{file}"
        kind = DefectKind.METADATA_MISMATCH
        self.defects += (
            self.shape.defect(kind, f"{file}: {message}", name) for message in problems
        )
