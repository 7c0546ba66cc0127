"""Opens the database: SQLite in WAL mode on a file of its own, or PostgreSQL."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from guard.errors import MirrorError, UsageError

_BUSY: Final = 10.0
"""Seconds to wait for another writer of SQLite."""

_POOLED: Final = 16
_PRAGMAS: Final = ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON")


class Database:
    """The engine, and its transactions. Used by many threads at once."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._reading = engine.execution_options(guard_reads=True)

    @property
    def embedded(self) -> bool:
        """Whether it is SQLite: one machine, one writer."""
        return self.engine.dialect.name == "sqlite"

    @contextlib.contextmanager
    def begin(self) -> Iterator[Connection]:
        """Yield a connection in a transaction, committed at the end. Raises `MirrorError`."""
        try:
            with self.engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise refused(error) from None

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """Yield a connection that only reads. Raises `MirrorError`."""
        try:
            with self._reading.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise refused(error) from None

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def open_database(url: str) -> Database:
    """Return the database at `url`: `sqlite:////var/lib/…/mirror.db` or `postgresql://…`.

    Raises `UsageError` for what is no such address.
    """
    try:
        address = make_url(url)
    except ArgumentError:
        raise UsageError("`--database` is no address of a database") from None
    match address.get_backend_name():
        case "sqlite":
            return Database(_sqlite(address))
        case "postgresql":
            return Database(_postgresql(address))
        case other:
            raise UsageError(
                f"`--database` names {other!r}", hint="SQLite and PostgreSQL are supported"
            )


def at(path: Path) -> Database:
    """Return the SQLite database in the file at `path`."""
    return Database(_sqlite(URL.create("sqlite", database=str(path))))


def _sqlite(address: URL) -> Engine:
    engine = create_engine(
        address.set(drivername="sqlite+pysqlite"),
        connect_args={"timeout": _BUSY, "check_same_thread": False},
        pool_size=_POOLED,
    )
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _immediate)
    return engine


def _configure(connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's
    connection.isolation_level = None  # transactions are begun below, and nowhere else
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _immediate(connection: Connection) -> None:
    """Take the writer's turn at the start: a reader that becomes one may find it too late."""
    writes = not connection.get_execution_options().get("guard_reads", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgresql(address: URL) -> Engine:
    return create_engine(
        address.set(drivername="postgresql+psycopg"),
        pool_size=_POOLED,
        pool_pre_ping=True,
        pool_recycle=1800,
        connect_args={"connect_timeout": 5},
    )


def refused(error: SQLAlchemyError) -> MirrorError:
    """Return the error for the user: what the driver says, without the statement's values."""
    said = str(getattr(error, "orig", None) or type(error).__name__).strip()
    return MirrorError(
        "the mirror's database could not be used",
        reason=said.splitlines()[0] if said else type(error).__name__,
        hint="nothing is served that cannot be looked up; it is asked again with every request",
    )
