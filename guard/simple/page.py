"""A project page and its files, in the words of PEP 691."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Final

import msgspec
from packaging.utils import NormalizedName, parse_sdist_filename, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from guard.model import ProjectStatus

LONGEST_NAME: Final = 255
"""Characters of a file name: no file system takes more, and each wheel tag is multiplied."""


_PARTS: Final = 3


class PageError(ValueError):
    """A page does not say what its specification says it must; the message names the place."""


class PageFile(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One entry of a project page; a page may have ten thousand, so it is made by msgspec."""

    filename: str
    url: str
    """Absolute, without its fragment."""

    hashes: Mapping[str, str] = msgspec.field(default_factory=dict)
    size: int | None = None
    upload_time: datetime | None = None
    """PEP-700: when the file was uploaded; `None` when the index does not say."""

    yanked: str | None = None
    """PEP-592: the reason, possibly empty; `None` when the file is not yanked."""

    requires_python: str | None = None
    provenance: str | None = None
    """PEP-740: the URL of the file's provenance object, absolute."""

    core_metadata: str | None = None
    """PEP-714: the sha256 of the file's metadata, as offered beside it; empty without a digest."""


class ProjectPage(ABC):
    """The page of one project. Entries are read when they are asked for: pages run to megabytes."""

    name: NormalizedName
    status: ProjectStatus
    filenames: tuple[str, ...]
    """In the order of the page; what follows is keyed by the position here."""

    @property
    @abstractmethod
    def first_upload(self) -> datetime | None:
        """When the oldest of the files was uploaded (PEP 700); `None` where one has no time.

        Raises `PageError`.
        """

    @property
    def release_count(self) -> int:
        """How many releases the index says that there are."""
        return len(self.releases())

    @property
    @abstractmethod
    def attested(self) -> tuple[str, ...]:
        """The names of the files for which the index lists attestations (PEP 740)."""

    @abstractmethod
    def _entry(self, position: int) -> PageFile:
        """Read the entry at `position`. Raises `PageError`."""

    def file(self, filename: str) -> PageFile | None:
        """Return the entry of `filename`, or `None` if the page has none.

        Raises `PageError` when the entry is malformed, or when two entries disagree about the file:
        an index must not be able to show one reader the good one.
        """
        entries = [self._entry(position) for position in self._positions.get(filename, ())]
        if any(entry != entries[0] for entry in entries):
            raise PageError(f"{filename} is listed more than once, differently")
        return entries[0] if entries else None

    @cached_property
    def _positions(self) -> Mapping[str, Sequence[int]]:
        positions: dict[str, list[int]] = {}
        for position, name in enumerate(self.filenames):
            positions.setdefault(name, []).append(position)
        return positions

    def releases(self) -> Mapping[Version, tuple[str, ...]]:
        """Return the file names of each version, without names that are not of this project."""
        return self._releases

    @cached_property
    def _releases(self) -> Mapping[Version, tuple[str, ...]]:
        releases: dict[Version, list[str]] = {}
        for filename in dict.fromkeys(self.filenames):
            version = version_of(filename, self.name)
            if version is not None:
                releases.setdefault(version, []).append(filename)
        return {version: tuple(names) for version, names in releases.items()}

    def wheels(self) -> Mapping[Version, Sequence[str]]:
        """Return the wheels of each version, quickly: their names are not checked. For guesses."""
        found: dict[str, list[str]] = {}
        for filename in self.filenames:
            parts = filename.split("-", 2)
            if len(parts) == _PARTS and filename.endswith(".whl"):
                found.setdefault(parts[1], []).append(filename)
        versions: dict[Version, Sequence[str]] = {}
        for written, filenames in found.items():
            with contextlib.suppress(InvalidVersion):
                versions[Version(written)] = filenames
        return versions

    def files(self) -> Iterator[PageFile]:
        """Yield every entry, in the order of the page. Raises `PageError`."""
        return (self._entry(position) for position in range(len(self.filenames)))

    def readable(self) -> Iterator[PageFile]:
        """Yield the entries that `file` would return, in the order of the page; no others."""
        once = len(set(self.filenames)) == len(self.filenames)
        found: dict[str, PageFile | None] = {}
        for position, filename in enumerate(self.filenames):
            try:
                entry = self._entry(position)
            except PageError:
                found[filename] = None
                continue
            if once:
                yield entry
                continue
            first = found.setdefault(filename, entry)
            if first is not entry and first != entry:
                found[filename] = None
        yield from (entry for entry in found.values() if entry is not None)


def version_of(filename: str, project: NormalizedName) -> Version | None:
    """Return the version that `filename` claims, or `None` if it is no file of `project`."""
    if len(filename) > LONGEST_NAME:
        return None
    try:
        if filename.endswith(".whl"):
            name, version, _, _ = parse_wheel_filename(filename)
        else:
            name, version = parse_sdist_filename(filename)
    except ValueError:
        return None
    return version if name == project else None
