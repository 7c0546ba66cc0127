"""The files of a release as its index lists them, and which of them it is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Final

from packaging.tags import Tag
from packaging.utils import NormalizedName, parse_wheel_filename
from packaging.version import Version

from guard.audit.distribution import Distribution
from guard.model import Absent, Fact, File, FileKind, Unknown
from guard.simple import PageError, PageFile, ProjectPage
from guard.sources.index import IndexSource

_ANY: Final = "py3-none-any"


class Releases:
    """Chooses files for one interpreter. Used by many threads."""

    def __init__(self, index: IndexSource, tags: Sequence[Tag]) -> None:
        self._index = index
        self._tags = tags

    def only(self, index: IndexSource) -> Releases:
        """Return the same, of what another index lists."""
        return Releases(index, self._tags)

    def of(self, project: NormalizedName, version: Version) -> tuple[File, ...]:
        """Return the files of a release on the first index that has it, the best fitting first."""
        for page in self._index.readable(project):
            filenames = page.releases().get(version, ())
            entries = [entry for name in filenames if (entry := _entry(page, name))]
            if entries:
                files = (_file(project, version, entry) for entry in entries)
                return tuple(sorted(files, key=self.rank))
        return ()

    def listed(self, file: File) -> File:
        """Return `file` at the place where an index has it, if what is said of it can be compared.

        A document may name a mirror, and some name no place at all. Without a digest nothing ties
        the name to any bytes, so the place that was named is kept.
        """
        if file.url and not file.hashes:
            return file
        pages = self._index.readable(file.project)
        entries = [entry for page in pages if (entry := _entry(page, file.filename))]
        same = [each for each in entries if each.hashes.items() & file.hashes.items()]
        for entry in (*same, *entries):
            return replace(file, url=entry.url, size=entry.size)
        return file

    def installed(self, distribution: Distribution, wheel: Fact[tuple[str, str]]) -> File:
        """Return the file of which an installed release is probably made.

        It is known where the bytes are; else its WHEEL says the tags, which narrows it down; else
        it is the one that fits best. Where an index has none, it is named as its WHEEL says.
        """
        project, version = distribution.project, distribution.version
        if version is None:
            return nameless(project)
        if not isinstance(wheel, Absent | Unknown):
            known = _named(project, version, wheel[0], {"sha256": wheel[1]})
            return self.listed(known)
        files = self.of(project, version)
        same = [file for file in files if _is_of(file, distribution)]
        tags = ".".join(sorted(map(str, distribution.tags))[:1]) or _ANY
        none = _named(project, version, f"{project.replace('-', '_')}-{version}-{tags}.whl", {})
        return next(iter((*same, *files)), none)

    def rank(self, file: File) -> tuple[int, str]:
        """Return how well a file fits: wheels by their best tag, others after all of them."""
        last = len(self._ranks)
        if file.kind is not FileKind.WHEEL:
            return last + 1, file.filename
        ranks = (self._ranks.get(tag, last) for tag in _tags(file.filename))
        return min(ranks, default=last), file.filename

    @cached_property
    def _ranks(self) -> dict[Tag, int]:
        return {tag: rank for rank, tag in enumerate(self._tags)}


def _entry(page: ProjectPage, filename: str) -> PageFile | None:
    try:
        return page.file(filename)
    except PageError:
        return None


def nameless(project: NormalizedName) -> File:
    """Return what stands for a release of which not even the version is known."""
    return File(project=project, version=None, filename=str(project), kind=FileKind.WHEEL, url="")


def _file(project: NormalizedName, version: Version, entry: PageFile) -> File:
    file = _named(project, version, entry.filename, entry.hashes)
    return replace(file, url=entry.url, size=entry.size)


def _named(
    project: NormalizedName, version: Version, filename: str, hashes: Mapping[str, str]
) -> File:
    return File(
        project=project,
        version=version,
        filename=filename,
        kind=FileKind.WHEEL if filename.endswith(".whl") else FileKind.SDIST,
        url="",
        hashes=dict(hashes),
    )


def _is_of(file: File, distribution: Distribution) -> bool:
    """Tell whether a wheel has the tags and the build that an installed WHEEL says."""
    if file.kind is not FileKind.WHEEL or not distribution.tags:
        return False
    _, _, build, tags = parse_wheel_filename(file.filename)
    return tags == distribution.tags and "".join(map(str, build)) == distribution.build


def _tags(filename: str) -> frozenset[Tag]:
    try:
        return parse_wheel_filename(filename)[3]
    except ValueError:
        return frozenset()
