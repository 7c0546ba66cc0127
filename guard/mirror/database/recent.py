"""Records of files in memory, each only as long as nobody has written to the database since."""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from typing import Final

from guard.mirror.database.engine import Database
from guard.mirror.records import FileRecord, Key

_KEPT: Final = 10_000


class Recent:
    """The records that were asked for last. For one thread.

    SQLite's `data_version` is another number as soon as any other connection, of this process or
    of another, has committed. Asking for it takes a twentieth of the time of reading a row. A
    PostgreSQL has no such number: there, nothing is kept, and each row is read each time.
    """

    def __init__(self, database: Database) -> None:
        self._connection = _watching(database)
        self._version: int | None = None
        self._records: OrderedDict[Key, FileRecord] = OrderedDict()

    def version(self) -> int | None:
        """Return the number of what is in the database now; `None` where that cannot be told.

        Whatever was of another number is forgotten.
        """
        version = None if self._connection is None else _version(self._connection)
        if version is None or version != self._version:
            self._records.clear()
        self._version = version
        return version

    def find(self, key: Key) -> FileRecord | None:
        """Return a record as it is in the database now, if it is here."""
        return self._records.get(key) if self.version() is not None else None

    def keep(self, record: FileRecord, version: int | None) -> None:
        """Keep a record that was read after `version` was the number."""
        if version is None or version != self._version:
            return
        self._records[record.listed.key] = record
        if len(self._records) > _KEPT:
            self._records.popitem(last=False)

    def close(self) -> None:
        """Keep nothing more."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _watching(database: Database) -> sqlite3.Connection | None:
    path = database.engine.url.database
    if not database.embedded or not path:
        return None
    try:
        connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA query_only = ON")
    except sqlite3.Error:
        return None
    return connection


def _version(connection: sqlite3.Connection) -> int | None:
    try:
        return int(connection.execute("PRAGMA data_version").fetchone()[0])
    except sqlite3.Error:
        return None  # the row is read then, and whatever is wrong is said
