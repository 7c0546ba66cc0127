"""`uv.lock`, as uv writes it since 0.5."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl

from guard.errors import UnsupportedError
from guard.inventory import _files, _places
from guard.inventory._base import Listed, Skipped, shown
from guard.inventory._document import Document, Table
from guard.inventory._files import Release
from guard.model import File

_VERSION: Final = 1
"""Of the lock. Its `revision` changes where older readers can go on."""

_SOURCES: Final = ("registry", "git", "url", "path", "directory", "editable", "virtual")
_OWN: Final = frozenset({"editable", "virtual"})
_TREES: Final = frozenset({"git", "directory", *_OWN})
"""What would have to be built, so that the lock names no file of it."""

_OF_UV: Final = frozenset({"rev", "tag", "branch", "subdirectory", "lfs"})
"""What uv itself puts behind the `?` of a repository."""


def entries(document: Document, folder: Path) -> Iterator[Listed | Skipped]:
    """Yield the releases of a lock whose paths are relative to `folder`. Raises `UsageError`."""
    top = document.top
    said = top.values.get("version")
    if type(said) is not int or said != _VERSION or "distribution" in top.values:
        raise UnsupportedError(
            f"{top.at} is a lock of version {shown(said)}",
            reason=f"only version {_VERSION} is understood, as uv writes it since 0.5",
            hint="write it anew with `uv lock`",
        )
    members = top.table("manifest").values.get("members")
    own = {each for each in members if isinstance(each, str)} if isinstance(members, list) else ()
    for table, line in document.rows("package"):
        yield from _Package(table, folder, own=frozenset(own)).found(line)


class _Package:
    """One `[[package]]`, whose source says what else must be there."""

    def __init__(self, table: Table, folder: Path, *, own: frozenset[str]) -> None:
        self._table = table
        self._folder = folder
        self._kind, self._said = _source(table.table("source"))
        self._release = Release(
            _files.name(table.needed("name"), table),
            _files.version(table.text("version"), table),
        )
        self._local = self._kind in _OWN or (
            self._kind == "directory" and self._release.project in own
        )
        if self._release.version is None and self._kind not in _TREES:
            raise table.wrong("version is missing")
        if self._kind in _TREES and "wheels" in table.values:
            raise table.wrong(f"there are wheels of what comes from a {self._kind}")

    def found(self, line: int | None) -> Iterator[Listed | Skipped]:
        """Yield the release, and which of its files are none. Raises `UsageError`."""
        files, skipped = _files.parted(self._contents())
        yield from skipped
        yield Listed(
            project=self._release.project,
            version=self._release.version,
            files=files,
            index=_places.index(self._said, self._folder, self._table) if self._indexed else None,
            direct_url=None if self._indexed else self._direct(),
            local=self._local,
            line=line,
        )

    @property
    def _indexed(self) -> bool:
        return self._kind == "registry"

    def _contents(self) -> Iterator[File | Skipped]:
        if self._kind in _TREES:
            if not self._local:
                yield _files.source_tree(self._release, self._direct())
            return
        rows = [*self._table.tables("wheels")]
        if "sdist" in self._table.values:
            rows.append(self._table.table("sdist"))
        elif not rows and not self._indexed:  # uv 0.5 has no hash of a local sdist
            rows.append(Table({}, self._table.at))
        for row in rows:
            yield self._file(row)

    def _file(self, row: Table) -> File | Skipped:
        url = self._url(row)
        filename = row.text("filename") or _places.last_segment(url)
        read = _files.distribution if self._indexed else _files.archive
        return read(filename, self._release, row, url=url)

    def _url(self, row: Table) -> str:
        """Return where a file is; a path is relative to the index, if that is a folder."""
        if (url := row.text("url")) is not None:
            return _places.address(url, row)
        if (path := row.text("path")) is not None:
            return _places.place(str(Path(self._base, path)), self._folder, row)
        return "" if self._indexed else self._direct()

    @property
    def _base(self) -> str:
        return self._said if self._indexed and "://" not in self._said else ""

    def _direct(self) -> str:
        """Return where it comes from, if not from an index."""
        if self._kind == "git":
            return _places.repository(_without_revision(self._said), self._folder, self._table)
        return _places.place(self._said, self._folder, self._table)


def _source(table: Table) -> tuple[str, str]:
    kinds = [kind for kind in _SOURCES if kind in table.values]
    if len(kinds) != 1:
        raise table.wrong("is not understood", reason=f"it is to be one of {', '.join(_SOURCES)}")
    return kinds[0], table.needed(kinds[0])


def _without_revision(said: str) -> str:
    """Return the URL of a repository without what uv has added: `?rev=main#0123…`."""
    url, _, query = said.partition("#")[0].partition("?")
    try:
        keys = {key for key, _ in parse_qsl(query, keep_blank_values=True, strict_parsing=True)}
    except ValueError:
        return said
    return url if keys <= _OF_UV else said
