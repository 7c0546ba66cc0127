"""`pdm.lock`: hashes by the name or, with the strategy `static_urls`, by the URL of a file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from guard.errors import UnsupportedError
from guard.inventory import _files, _places
from guard.inventory._base import Listed, Skipped, shown
from guard.inventory._document import Document, Table
from guard.inventory._files import Release
from guard.model import File

_VERSION: Final = re.compile(r"4\.[0-5](?:\.[0-9]{1,3})?")
_VCS: Final = ("git", "hg", "svn", "bzr")
_DIRECT: Final = (*_VCS, "path", "url")
_ROOT: Final = re.compile(r"file:/{2,3}\$\{PROJECT_ROOT\}/?")


def entries(document: Document, folder: Path) -> Iterator[Listed | Skipped]:
    """Yield the releases of a lock whose paths are relative to `folder`. Raises `UsageError`."""
    metadata = document.top.table("metadata")
    said = metadata.values.get("lock_version")
    if not isinstance(said, str) or not _VERSION.fullmatch(said):
        raise UnsupportedError(
            f"{document.top.at} is a lock of version {shown(said)}",
            reason="only 4.0 to 4.5 are understood, as PDM writes them since 2.0",
            hint="write it anew with `pdm lock`",
        )
    shared = metadata.table("files")
    for table, line in document.rows("package"):
        yield from _Package(table, shared, folder).found(line)


class _Package:
    """One `[[package]]`: there is one more for each set of extras."""

    def __init__(self, table: Table, shared: Table, folder: Path) -> None:
        self._table = table
        self._shared = shared
        self._folder = folder
        name, version = table.needed("name"), table.needed("version")
        self._key = f"{name} {version}"
        self._release = Release(_files.name(name, table), _files.version(version, table))
        kinds = [kind for kind in _DIRECT if kind in table.values]
        if len(kinds) > 1:
            raise table.wrong(f"it comes from more than one place: {', '.join(kinds)}")
        self._kind = kinds[0] if kinds else None

    def found(self, line: int | None) -> Iterator[Listed | Skipped]:
        """Yield the release, and which of its files are none. Raises `UsageError`."""
        direct = self._direct()
        local = self._kind == "path" and self._table.flag("editable")
        files, skipped = _files.parted(self._contents(direct))
        yield from skipped
        yield Listed(
            project=self._release.project,
            version=self._release.version,
            files=() if local else files,
            direct_url=direct,
            local=local,
            line=line,
        )

    def _direct(self) -> str | None:
        if self._kind is None:
            return None
        said = self._table.needed(self._kind)
        if self._kind in _VCS:
            return _places.repository(said, self._folder, self._table)
        return self._place(said, self._table)

    def _contents(self, direct: str | None) -> Iterator[File | Skipped]:
        rows = [*self._table.tables("files"), *self._shared.tables(self._key)]
        if direct is None:
            yield from (self._file(row, None) for row in rows)
        elif self._kind in _VCS or not _files.is_distribution(direct):
            if rows:
                raise self._table.wrong("there are files of what comes from a repository or folder")
            yield _files.source_tree(self._release, direct)
        else:  # PDM has no hash of what it has not downloaded
            bare = Table({}, self._table.at)
            yield from (self._file(row, direct) for row in rows or [bare])

    def _file(self, row: Table, direct: str | None) -> File | Skipped:
        said = row.text("url")
        url = direct or (self._place(said, row) if said else "")
        filename = row.text("file") or _places.last_segment(url)
        if direct is None:
            return _files.distribution(filename, self._release, row, url=url)
        if filename != _places.last_segment(direct):
            raise row.wrong(f"{shown(filename)} is not the file that it comes from")
        return _files.archive(filename, self._release, row, url=direct)

    def _place(self, said: str, table: Table) -> str:
        return _places.place(_ROOT.sub("./", said), self._folder, table)
