"""Opens the database: SQLite in WAL mode on a file of its own, or PostgreSQL."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from guard.errors import MirrorError, UsageError
from guard.private import open_private

_BUSY: Final = 10.0
"""Seconds to wait for another writer of SQLite, and for a connection of the pool."""

_POOLED: Final = 16
"""Connections of one process: no more than that, however many threads it has."""

_PRAGMAS: Final = (
    "synchronous=FULL",  # what was committed is there after a power cut, too
    "foreign_keys=ON",
    "journal_size_limit=67108864",
    "mmap_size=268435456",
)
_SESSION: Final = {
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
}
_CONNECTING: Final = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # milliseconds until a host that is gone is known to be
    "application_name": "guard mirror",
    "options": " ".join(f"-c {name}={value}" for name, value in _SESSION.items()),
}
_AGAIN: Final = frozenset({"40001", "40P01"})
"""PostgreSQL: a transaction that lost against another, and has left nothing."""

_ATTEMPTS: Final = 5
_T = TypeVar("_T")
# What the drivers themselves raise for a value that they cannot send.
_ERRORS: Final = (SQLAlchemyError, OverflowError, UnicodeError)


class Database:
    """The engine, and its transactions. Used by many threads at once."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        options: dict[str, Any] = {"guard_reads": True}
        if not self.embedded:
            # A statement alone is a transaction: two journeys less for each question.
            options["isolation_level"] = "AUTOCOMMIT"
        self._reading = engine.execution_options(**options)
        self._writer = threading.Lock()
        self._closed = False
        event.listen(engine, "checkin", self._given_back)

    @property
    def embedded(self) -> bool:
        """Whether it is SQLite: one machine, one writer."""
        return self.engine.dialect.name == "sqlite"

    @contextlib.contextmanager
    def begin(self) -> Iterator[Connection]:
        """Yield a connection in a transaction, committed at the end. Raises `MirrorError`."""
        try:
            with self._turn(), self.engine.begin() as connection:
                yield connection
        except _ERRORS as error:
            raise refused(error) from None

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """Yield a connection for one question: it does not write. Raises `MirrorError`."""
        try:
            with self._reading.connect() as connection:
                yield connection
        except _ERRORS as error:
            raise refused(error) from None

    def transact(self, work: Callable[[Connection], _T]) -> _T:
        """Return what `work` does in one transaction, done again if that lost against another.

        Raises `MirrorError`.
        """
        for _ in range(_ATTEMPTS - 1):
            try:
                with self._turn(), self.engine.begin() as connection:
                    return work(connection)
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in _AGAIN:
                    raise refused(error) from None
            except _ERRORS as error:
                raise refused(error) from None
        with self.begin() as connection:
            return work(connection)

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait until no other thread of this process writes to SQLite.

        SQLite itself has those who wait ask again and again, and the unlucky ones starve.
        """
        if not self.embedded:
            yield
            return
        if not self._writer.acquire(timeout=_BUSY):
            raise _unusable("others have been writing to it for too long")
        try:
            yield
        finally:
            self._writer.release()

    def close(self) -> None:
        """Close every connection; one that a thread still uses, when it is given back."""
        self._closed = True
        self.engine.dispose()

    def _given_back(self, _: object, record: ConnectionPoolEntry) -> None:
        if self._closed:
            record.invalidate()


def open_database(url: str) -> Database:
    """Return the database at `url`: `sqlite:////var/lib/…/mirror.db` or `postgresql://…`.

    Nothing is asked yet. Raises `UsageError` for what is no such address.
    """
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        raise UsageError("`--database` is no address of a database") from None
    match address.get_backend_name():
        case "sqlite":
            return _embedded(address.database)
        case "postgresql":
            return Database(_postgresql(address))
        case other:
            raise UsageError(
                f"`--database` names {other!r}", hint="SQLite and PostgreSQL are supported"
            )


def at(path: Path) -> Database:
    """Return the SQLite database in the file at `path`, which nobody else can read.

    Raises `MirrorError`.
    """
    try:
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            open_private(path, "a").close()
    except OSError as error:
        raise _unusable(str(error)) from None
    return Database(_sqlite(path))


def _embedded(path: str | None) -> Database:
    if not path or path.startswith((":", "file:")):
        raise UsageError(
            "`--database` names no file", hint="sqlite:////var/lib/guard/mirror.db has four slashes"
        )
    return at(Path(path))


def _sqlite(path: Path) -> Engine:
    engine = create_engine(
        URL.create("sqlite+pysqlite", database=str(path)),
        connect_args={"timeout": _BUSY, "check_same_thread": False},
        pool_size=_POOLED,
        max_overflow=2 * _POOLED,
        pool_timeout=_BUSY,
    )
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _immediate)
    return engine


def _configure(connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's
    connection.isolation_level = None  # transactions are begun below, and nowhere else
    cursor = connection.cursor()
    # Asked for first: to set it again needs the database alone, and that does not wait its turn.
    if cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        cursor.execute("PRAGMA journal_mode=WAL")
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _immediate(connection: Connection) -> None:
    """Take the writer's turn at the start: a reader that becomes one may find it too late."""
    writes = not connection.get_execution_options().get("guard_reads", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgresql(address: URL) -> Engine:
    try:
        return create_engine(
            address.set(drivername="postgresql+psycopg"),
            pool_size=_POOLED,
            max_overflow=0,
            pool_timeout=_BUSY,
            pool_pre_ping=True,
            pool_recycle=1800,
            connect_args=_CONNECTING,
        )
    except ModuleNotFoundError:
        raise UsageError(
            "the driver of PostgreSQL is not installed",
            hint="pip install 'wheelguard[mirror-scale]'",
        ) from None


def refused(error: Exception) -> MirrorError:
    """Return the error for the user: what the driver says, without the statement's values."""
    driver = getattr(error, "orig", None) or error
    said = type(error).__name__ if isinstance(driver, SQLAlchemyError) else str(driver).strip()
    return _unusable(said.splitlines()[0] if said else type(error).__name__)


def _unusable(reason: str) -> MirrorError:
    return MirrorError(
        "the mirror's database could not be used",
        reason=reason,
        hint="nothing is served that cannot be looked up; it is asked again with every request",
    )
