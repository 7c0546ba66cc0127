"""`poetry.lock`: the names of files and their hashes, but not where they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from packaging.utils import NormalizedName

from guard.errors import UnsupportedError
from guard.inventory import _files, _places
from guard.inventory._base import Listed, Skipped, shown
from guard.inventory._document import Document, Table
from guard.inventory._files import Release
from guard.model import File

_VERSIONS: Final = ("1.1", "2.0", "2.1")
_FILES: Final = frozenset({"url", "file"})
_TREES: Final = frozenset({"git", "directory"})


@dataclass(frozen=True, slots=True)
class _Source:
    """`[package.source]`, which only says something where it is not the default index."""

    kind: str | None
    url: str

    @property
    def index(self) -> str | None:
        return self.url if self.kind == "legacy" else None

    @property
    def direct_url(self) -> str | None:
        return self.url if self.kind in _FILES | _TREES else None


def entries(document: Document, folder: Path) -> Iterator[Listed | Skipped]:
    """Yield the releases of a lock whose paths are relative to `folder`. Raises `UsageError`."""
    metadata = document.top.table("metadata")
    said = metadata.values.get("lock-version")
    if said not in _VERSIONS:
        raise UnsupportedError(
            f"{document.top.at} is a lock of version {shown(said)}",
            reason=f"only {', '.join(_VERSIONS)} are understood, as Poetry writes them since 1.1",
            hint="write it anew with `poetry lock`",
        )
    rows = [(_release(table), table, line) for table, line in document.rows("package")]
    shared = _Shared(metadata.table("files"), [release for release, _, _ in rows])
    for release, table, line in rows:
        source = _source(table.table("source"), folder)
        own = "files" in table.values
        listed = table.tables("files") if own else shared.of(release)
        local = source.kind == "directory" and table.flag("develop")
        files, skipped = _files.parted(_read(release, source, list(listed), table))
        yield from skipped
        yield Listed(
            project=release.project,
            version=release.version,
            files=() if local else files,
            index=source.index,
            direct_url=source.direct_url,
            local=local,
            line=line,
        )


def _release(table: Table) -> Release:
    name = _files.name(table.needed("name"), table)
    return Release(name, _files.version(table.needed("version"), table))


def _source(table: Table, folder: Path) -> _Source:
    if not table.values:
        return _Source(None, "")
    kind, said = table.needed("type"), table.needed("url")
    if kind == "legacy":
        return _Source(kind, _places.index(said, folder, table))
    if kind == "git":
        return _Source(kind, _places.repository(said, folder, table))
    if kind in _FILES | _TREES:
        return _Source(kind, _places.place(said, folder, table))
    raise table.wrong(f"the type {shown(kind)} is not understood")


def _read(
    release: Release, source: _Source, rows: Sequence[Table], table: Table
) -> Iterator[File | Skipped]:
    if source.kind in _TREES:
        if rows:
            raise table.wrong(f"there are files of what comes from a {source.kind}")
        yield _files.source_tree(release, source.url)
        return
    direct = _places.last_segment(source.url) if source.kind in _FILES else None
    for row in rows:
        filename = row.needed("file")
        if filename == direct:
            yield _files.archive(filename, release, row, url=source.url)
        else:
            yield _files.distribution(filename, release, row)
    if direct is not None and not rows:  # Poetry 1.1 to 1.3 have no hash of it
        yield _files.archive(direct, release, Table({}, table.at), url=source.url)


class _Shared:
    """`[metadata.files]` of lock version 1.1: the files of all releases of a project in one."""

    def __init__(self, table: Table, releases: Sequence[Release]) -> None:
        self._rows: Mapping[NormalizedName, list[Table]] = defaultdict(list)
        for key in table.values:
            self._rows[_files.name(key, table)] += table.tables(key)
        self._releases: Mapping[NormalizedName, list[Release]] = defaultdict(list)
        for release in releases:
            self._releases[release.project].append(release)

    def of(self, release: Release) -> Iterator[Table]:
        """Yield the files of a release. The first one takes what belongs to none, and objects."""
        siblings = self._releases[release.project]
        versions = [each.version for each in siblings]
        for row in self._rows[release.project]:
            found = _files.version_in(row.needed("file"), release.project)
            if found == release.version or (found not in versions and release is siblings[0]):
                yield row
