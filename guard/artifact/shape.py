"""The folders that make an archive a wheel: its one `.dist-info`, and its `.data` if it has one.

Essential reading: PEP 427. pip takes every folder that ends in `.data` for one of a wheel, uv only
the one that is named like the `.dist-info`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from packaging.utils import canonicalize_name
from packaging.version import Version

from guard.artifact.container import Member
from guard.artifact.defect import Defect, DefectKind
from guard.artifact.metadata import Filename, read_filename

_INFO = ".dist-info"
_DATA = ".data"


@dataclass(frozen=True, slots=True)
class Shape:
    """The parts of a wheel by name."""

    files: Mapping[str, Member]
    said: Filename | None
    """What the filename says; `None` where it says nothing."""

    stem: str
    """What `.dist-info` and `.data` begin with."""

    @property
    def info(self) -> str:
        """The folder of METADATA, WHEEL and RECORD."""
        return self.stem + _INFO

    @property
    def data(self) -> str:
        """The folder of what does not go to the root of the wheel's library."""
        return self.stem + _DATA

    @property
    def any_platform(self) -> bool:
        """Tell whether the filename promises that there is no native code."""
        return self.said is not None and all(tag.platform == "any" for tag in self.said.tags)

    def defect(self, kind: DefectKind, message: str, name: str | None = None) -> Defect:
        """Return a defect with the place of the member `name`, if there is one."""
        member = self.files.get(name) if name is not None else None
        return Defect(
            kind=kind, message=message, member=name, offset=member.offset if member else None
        )


def shape(members: Sequence[Member], filename: str) -> tuple[Shape, list[Defect]]:
    """Return the parts of a wheel of the name `filename`, and what is wrong with them."""
    files = {member.name: member for member in members if not member.is_directory}
    said = read_filename(filename)
    problems = [said] if isinstance(said, str) else []
    known = None if isinstance(said, str) else said
    folders = sorted({member.name.partition("/")[0] for member in members})
    infos = [name for name in folders if name.casefold().endswith(_INFO)]
    right = [name for name in infos if known is None or _belongs(name, known)]
    stem = (right or infos or [filename.removesuffix(".whl") + _INFO])[0][: -len(_INFO)]
    problems += _problems(folders, infos, right, stem)
    found = Shape(files, known, stem)
    return found, [found.defect(DefectKind.METADATA_MISMATCH, message) for message in problems]


def _problems(folders: list[str], infos: list[str], right: list[str], stem: str) -> Iterator[str]:
    if not infos:
        yield "there is no .dist-info folder"
    elif len(infos) > 1:
        yield f"there are {len(infos)} .dist-info folders: {', '.join(map(repr, infos[:4]))}"
    elif not right:
        yield f"{infos[0]!r} is not the .dist-info folder of this filename"
    for folder in folders:
        if folder.casefold().endswith(_DATA) and folder != stem + _DATA:
            yield f"{folder!r} is not the .data folder of this wheel: only some unpack it"


def _belongs(folder: str, said: Filename) -> bool:
    name, _, version = folder.removesuffix(_INFO).rpartition("-")
    try:
        return canonicalize_name(name) == said.name and Version(version) == said.version
    except ValueError:  # no version, or a number without an end
        return False
