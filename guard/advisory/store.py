"""A snapshot of advisories in one SQLite file: one row for each project, found by its name.

The file is written beside the old one and takes its place in one step; it never changes after.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import weakref
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, Self

import msgspec
from packaging.utils import NormalizedName

from guard.advisory.entry import Entry
from guard.private import is_own, private_folder, replacing

_LAYOUT: Final = 1
"""Raised whenever what is kept changes: an older file is then as good as none."""

_SCHEMA: Final = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE snapshot (told BLOB NOT NULL);
CREATE TABLE projects (name TEXT PRIMARY KEY, entries BLOB NOT NULL) WITHOUT ROWID;
"""


class StoreError(Exception):
    """The store cannot be used; the message says why."""


class MissingError(StoreError):
    """There is no store."""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What a store was made of, and when."""

    source: str
    """Without credentials."""

    sha256: str
    """Of the export."""

    as_of: datetime
    """When its newest record was last changed."""

    fetched_at: datetime
    records: int
    withdrawn: int
    unreadable: int
    faults: tuple[str, ...] = ()
    projects: int = 0


def write(
    path: Path, entries: Mapping[NormalizedName, Sequence[Entry]], snapshot: Snapshot
) -> None:
    """Replace the store at `path`. Raises `StoreError`, and then the old one is still there."""
    try:
        private_folder(path.parent)
        with replacing(path) as part, contextlib.closing(sqlite3.connect(part)) as connection:
            connection.executescript(_SCHEMA)
            connection.execute(f"PRAGMA user_version = {_LAYOUT}")
            connection.execute("INSERT INTO snapshot VALUES (?)", (_encoded(snapshot),))
            rows = ((name, zlib.compress(_encoded(entries[name]))) for name in sorted(entries))
            connection.executemany("INSERT INTO projects VALUES (?, ?)", rows)
            connection.commit()
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"`{path}` could not be written: {_words(error)}") from None


class Store:
    """An open snapshot. Used by many threads."""

    snapshot: Snapshot

    def __init__(self, path: Path) -> None:
        """Open the store at `path`. Raises `StoreError`."""
        self._lock = threading.Lock()
        try:
            if not path.is_file():
                raise MissingError(f"there is no `{path}`")
            if not is_own(path.parent):
                raise StoreError(f"`{path.parent}` belongs to another user")
            size = path.stat().st_size
            # What never changes needs no locks; the file may even be replaced meanwhile.
            self._connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
            )
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"`{path}` could not be opened: {_words(error)}") from None
        weakref.finalize(self, self._connection.close)  # whoever lets go of it need not say so
        self.snapshot = self._opened(size)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def entries(self, name: NormalizedName) -> tuple[Entry, ...]:
        """Return what is said of a project. Raises `StoreError`."""
        packed = self.packed(name)
        with _reading():
            return () if packed is None else _ENTRIES.decode(zlib.decompress(packed))

    def packed(self, name: NormalizedName) -> bytes | None:
        """Return the same as it is kept, for whoever only compares it. Raises `StoreError`."""
        with _reading(), self._lock:
            row = self._connection.execute(
                "SELECT entries FROM projects WHERE name = ?", (name,)
            ).fetchone()
            return None if row is None else bytes(row[0])

    def _opened(self, size: int) -> Snapshot:
        with _reading():
            (layout,) = self._connection.execute("PRAGMA user_version").fetchone()
            if layout != _LAYOUT:
                raise StoreError("it was made by another version of the guard")
            rows = self._connection.execute("SELECT told FROM snapshot").fetchall()
            if len(rows) != 1:
                raise StoreError("it is damaged: it does not say what it is made of")
            snapshot = _SNAPSHOT.decode(rows[0][0])
            if not self._is_whole(snapshot, size):
                raise StoreError("it is damaged: not all of it is there")
            return snapshot

    def _is_whole(self, snapshot: Snapshot, size: int) -> bool:
        """Tell whether every page and row is where it was: what is missing would look clean."""
        asked = ("page_count", "page_size", "quick_check(1)")
        pages, page, checked = (
            self._connection.execute(f"PRAGMA {each}").fetchone()[0] for each in asked
        )
        (rows,) = self._connection.execute("SELECT count(*) FROM projects").fetchone()
        return bool(pages * page == size and checked == "ok" and rows == snapshot.projects)


@contextlib.contextmanager
def _reading() -> Iterator[None]:
    """Turn whatever a damaged file leads to into a `StoreError`."""
    try:
        yield
    except (
        sqlite3.Error,
        zlib.error,
        msgspec.MsgspecError,
        UnicodeDecodeError,
        TypeError,
    ) as error:
        raise StoreError(f"it is damaged: {_words(error)}") from None


def _words(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)


_encoded: Final = msgspec.msgpack.Encoder().encode
_ENTRIES: Final = msgspec.msgpack.Decoder(tuple[Entry, ...])
_SNAPSHOT: Final = msgspec.msgpack.Decoder(Snapshot)
