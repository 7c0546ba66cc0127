"""Requirements files, in which only an exact pin names a release."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from packaging.utils import NormalizedName
from packaging.version import Version

from guard.errors import UsageError
from guard.inventory._base import Listed, shown
from guard.model import File, FileKind, index_url
from guard.request import IndexOptions, files, lines
from guard.request.specifier import Digest, Specifier, parse

_INCLUDED: Final = frozenset({"--requirement", "--constraint"})
_MOST: Final = 100
"""Files that one file includes, and they in turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One requirement, where it stands, and whether it only constrains."""

    path: Path
    number: int
    specifier: Specifier
    constraint: bool
    editable: bool = False

    @property
    def where(self) -> str:
        return f"`{self.path}`, line {self.number}"


def entries(path: Path) -> Iterator[Listed]:
    """Yield what a file and those that it includes ask for. Raises `UsageError`."""
    reader = _Reader()
    reader.read(path, constraint=False)
    limits = _Limits(line.specifier for line in reader.lines if line.constraint)
    for line in reader.lines:
        if not line.constraint:
            yield limits.on(_listed(line, index=reader.index, main=path))


def _listed(line: _Line, *, index: str | None, main: Path) -> Listed:
    project, version = line.specifier.key
    file = line.specifier.direct and _own(line.specifier.direct, project, line)
    local = line.editable and file is not None and file.url.startswith("file:")
    return Listed(
        project=project,
        version=file.version if file else version,
        files=() if file is None or local else (file,),
        hashes=line.specifier.digests,
        index=None if file else index,
        direct_url=file.url if file else None,
        local=local,
        line=line.number,
        path=None if line.path == main else line.path,
    )


def _own(file: File, project: NormalizedName, line: _Line) -> File:
    """Return the file that a URL leads to, if it can be the project's. Raises `UsageError`."""
    if file.project == project:
        return file
    if file.kind is FileKind.WHEEL:
        raise UsageError(
            f"{line.where}: {shown(file.filename)} is not a wheel of {project}",
            reason="a wheel belongs to the project in its name",
        )
    return replace(file, project=project, version=None)


class _Limits:
    """What constraints add to a requirement: the version, and the digests that are accepted."""

    def __init__(self, specifiers: Iterable[Specifier]) -> None:
        self._pins: dict[NormalizedName, set[Version]] = defaultdict(set)
        self._digests: dict[tuple[NormalizedName, Version | None], frozenset[Digest]] = {}
        for specifier in specifiers:
            project, version = specifier.key
            if version is not None:
                self._pins[project].add(version)
            self._digests[specifier.key] = self._of(*specifier.key) | specifier.digests

    def on(self, listed: Listed) -> Listed:
        """Return an entry as its constraints leave it; contrary ones leave it open."""
        pins = self._pins.get(listed.project, set())
        version = listed.version
        if version is None and listed.direct_url is None and len(pins) == 1:
            (version,) = pins
        more = self._of(listed.project, None) | self._of(listed.project, version)
        return replace(listed, version=version, hashes=listed.hashes | more)

    def _of(self, project: NormalizedName, version: Version | None) -> frozenset[Digest]:
        return self._digests.get((project, version), frozenset())


class _Reader:
    """Reads files, each once for what it asks and once for what it constrains."""

    def __init__(self) -> None:
        self.lines: list[_Line] = []
        self._indexes: list[IndexOptions] = []
        self._seen: set[tuple[Path, bool]] = set()

    @property
    def index(self) -> str | None:
        """The one index that everything comes from, if the files name exactly one place."""
        urls = {options.index_url for options in self._indexes if options.index_url}
        others = any(o.extra_index_urls or o.find_links or o.no_index for o in self._indexes)
        if others or len(urls) != 1:
            return None
        try:
            return index_url(urls.pop())
        except ValueError:  # not repeated: it may hold a password
            raise UsageError("a requirements file names an index that is none") from None

    def read(self, path: Path, *, constraint: bool) -> None:
        """Read the file at `path`, and those that it includes. Raises `UsageError`."""
        files.refuse_address(str(path))
        text = lines.text_of(path)
        seen = (path.resolve(), constraint)
        if seen in self._seen:
            return
        self._seen.add(seen)
        if len(self._seen) > _MOST:
            raise UsageError(f"`{path}` is one of more than {_MOST} files that include each other")
        for number, line in lines.logical(text, name=str(path)):
            self._line(line, path, number, constraint=constraint)

    def _line(self, line: str, path: Path, number: int, *, constraint: bool) -> None:
        where = f"`{path}`, line {number}"
        name, value = files.name_and_value(line, where) if line.startswith("-") else ("", line)
        if name in _INCLUDED:
            files.refuse_address(value)
            self.read(path.parent / value, constraint=constraint or name == "--constraint")
        elif name and name != "--editable":
            self._indexes += files.index_options(name, value, path.parent)
        else:
            specifier = parse(files.as_path(value) if name else value, where=where)
            self.lines.append(
                _Line(
                    path=path,
                    number=number,
                    specifier=specifier,
                    constraint=constraint,
                    editable=bool(name),
                )
            )
