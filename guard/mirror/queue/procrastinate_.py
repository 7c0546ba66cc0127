"""The queue in Procrastinate's tables: its jobs, its locks, its tools to look at them.

Of Procrastinate, what keeps jobs is used, over the mirror's own connections; what runs them is the
mirror's worker. A worker is known by its heartbeat, and the clock is the database's.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import psycopg
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException, UniqueViolation
from procrastinate.jobs import Job as Row
from procrastinate.jobs import Status
from procrastinate.manager import JobManager
from procrastinate.schema import SchemaManager
from procrastinate.sync_psycopg_connector import SyncPsycopgConnector
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from guard.errors import MirrorError
from guard.mirror.database.engine import Database, refused
from guard.mirror.queue._base import LEASE, Counts, Job, Queue

_LOCK: Final = 0x67756172_64717565
_OURS: Final = "guard: "
"""What the comment on Procrastinate's table begins with; its newest migration follows."""

_AT_ONCE: Final = datetime(2000, 1, 1, tzinfo=UTC)
_T = TypeVar("_T")


class ProcrastinateQueue(Queue):
    """Jobs as Procrastinate keeps them, each kind in a queue of its name.

    Kind and key are the queueing lock, which only one job that waits can have.
    """

    def __init__(
        self, database: Database, clock: Callable[[], datetime], *, lease: timedelta = LEASE
    ) -> None:
        self._database = database
        self._clock = clock
        self._lease = lease
        self.beat = lease / 4
        self._connector = _Connector(database)
        self._jobs = JobManager(self._connector)
        self._lock = threading.Lock()
        self._worker: int | None = None
        self._rescued: datetime | None = None

    def prepare(self) -> None:
        """Make Procrastinate's schema, or bring it up to date. Raises `MirrorError`."""
        steps = _steps()
        with self._database.begin() as connection:
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            query = text("SELECT obj_description(to_regclass('procrastinate_jobs'), 'pg_class')")
            known = connection.execute(query).scalar_one()
            there = text("SELECT to_regclass('procrastinate_jobs') IS NOT NULL")
            missing = _missing(steps, known, there=connection.execute(there).scalar_one())
            driver = _driver(connection)
            for statements in missing:
                driver.execute(cast("Any", statements))
            if missing:
                comment = f"COMMENT ON TABLE procrastinate_jobs IS '{_OURS}{max(steps)}'"
                connection.exec_driver_sql(comment)

    def enqueue(
        self, kind: str, key: str, payload: Mapping[str, Any], *, due: datetime | None = None
    ) -> bool:
        """Defer a job."""
        row = Row(
            id=None,
            queue=kind,
            lock=None,
            queueing_lock=f"{kind} {key}",
            task_name=kind,
            task_kwargs={"key": key, "payload": dict(payload)},
            scheduled_at=due,
        )
        with _translated():
            try:
                self._jobs.defer_job(row)
            except AlreadyEnqueued:
                return False
        return True

    def claim(self, kinds: Sequence[str]) -> Job | None:
        """Fetch a job; every few seconds, first give back those of workers that are silent."""
        with _translated():
            worker = self._alive()
            self._rescue()
            try:
                row = _done(self._jobs.fetch_job(list(kinds), worker))
            except ConnectorException:
                self._worker = None  # it was silent for too long, and is forgotten
                raise
        if row is None or row.id is None:
            return None
        return Job(
            number=row.id,
            kind=row.task_name,
            key=str(row.task_kwargs["key"]),
            payload=cast("Mapping[str, Any]", row.task_kwargs["payload"]),
            attempts=row.attempts + 1,
        )

    def _alive(self) -> int:
        with self._lock:
            if self._worker is None:
                self._worker = _done(self._jobs.register_worker())
            else:
                _done(self._jobs.update_heartbeat(self._worker))
            return self._worker

    def _rescue(self) -> None:
        """Let the jobs of silent workers wait again. Others may be doing the same."""
        now = self._clock()
        with self._lock:
            if self._rescued is not None and now - self._rescued < self.beat:
                return
            self._rescued = now
        seconds = self._lease.total_seconds()
        _done(self._jobs.prune_stalled_workers(seconds))
        for row in _done(self._jobs.get_stalled_jobs(seconds_since_heartbeat=seconds)):
            self._again(cast("int", row.id), _AT_ONCE)

    def _again(self, number: int, due: datetime) -> None:
        """Let a job wait again, or forget it where another of its name waits already."""
        try:
            _done(self._jobs.retry_job_by_id_async(number, due))
        except UniqueViolation:
            self._finish(number, Status.SUCCEEDED)
        except ConnectorException as error:
            if not isinstance(error.__cause__, psycopg.errors.RaiseException):
                raise  # that one says: somebody else was first

    def _finish(self, number: int, status: Status) -> None:
        try:
            _done(self._jobs.finish_job_by_id_async(number, status, status is Status.SUCCEEDED))
        except ConnectorException as error:
            if not isinstance(error.__cause__, psycopg.errors.RaiseException):
                raise

    def keep(self, job: Job) -> bool:
        """Let the worker's heart beat."""
        with _translated():
            self._alive()
            return self._is_mine(job)

    def complete(self, job: Job) -> None:
        """Finish it, and keep nothing of it."""
        with _translated():
            if self._is_mine(job):
                self._finish(job.number, Status.SUCCEEDED)

    def fail(self, job: Job, error: str, *, due: datetime | None) -> None:  # noqa: ARG002 - Procrastinate keeps no words
        """Retry it from `due` on, or finish it as failed."""
        with _translated():
            if not self._is_mine(job):
                return
            if due is None:
                self._finish(job.number, Status.FAILED)
            else:
                self._again(job.number, due)

    def _is_mine(self, job: Job) -> bool:
        """Tell whether it is still the claim that `job` was: nobody was given it since."""
        for row in self._jobs.list_jobs(id=job.number):
            running = row.status == Status.DOING.value and row.worker_id == self._worker
            return running and row.attempts + 1 == job.attempts
        return False

    def counts(self) -> Counts:
        """Count by status."""
        query = text("SELECT status::text, count(*) FROM procrastinate_jobs GROUP BY status")
        with self._database.read() as connection:
            found = {row[0]: int(row[1]) for row in connection.execute(query)}
        return Counts(
            waiting=found.get("todo", 0),
            running=found.get("doing", 0),
            failed=found.get("failed", 0),
        )


class _Pool:
    """The mirror's own connections, as Procrastinate asks for them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextlib.contextmanager
    def connection(self) -> Iterator[psycopg.Connection[Any]]:
        with self._database.engine.begin() as connection:
            yield _driver(connection)


class _Connector(SyncPsycopgConnector):
    """Answers at once where an answer is awaited: there is no event loop here."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self.open(cast("Any", _Pool(database)))

    async def execute_query_async(self, query: Any, **arguments: Any) -> None:  # noqa: ANN401
        self.execute_query(query, **arguments)

    async def execute_query_one_async(self, query: Any, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401
        return self.execute_query_one(query, **arguments)

    async def execute_query_all_async(self, query: Any, **arguments: Any) -> list[dict[str, Any]]:  # noqa: ANN401
        return self.execute_query_all(query, **arguments)


def _driver(connection: Any) -> psycopg.Connection[Any]:  # noqa: ANN401 - SQLAlchemy's, of any driver
    return cast("psycopg.Connection[Any]", connection.connection.driver_connection)


def _done(coroutine: Coroutine[Any, Any, _T]) -> _T:
    """Return what a coroutine returns that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as finished:
        return cast("_T", finished.value)
    raise RuntimeError("Procrastinate waits for something")


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except ConnectorException as error:
        cause = error.__cause__
        raise refused(cause if isinstance(cause, Exception) else error) from None
    except SQLAlchemyError as error:
        raise refused(error) from None


def _steps() -> Mapping[str, str]:
    """Return Procrastinate's migrations, by name."""
    folder = Path(SchemaManager.get_migrations_path())
    return {path.name: path.read_text("utf-8") for path in sorted(folder.glob("*.sql"))}


def _missing(steps: Mapping[str, str], known: str | None, *, there: bool) -> Sequence[str]:
    """Return what has to be run. Raises `MirrorError`."""
    if not there:
        return (SchemaManager.get_schema(),)
    newest = (known or "").removeprefix(_OURS)
    if not (known or "").startswith(_OURS):
        raise MirrorError(
            "the mirror's database has a queue of something else",
            reason="there is a table `procrastinate_jobs` that the mirror did not make",
            hint="give the mirror a database of its own",
        )
    if newest not in steps:
        raise MirrorError(
            "the queue in the mirror's database is newer than this program's Procrastinate",
            reason=f"it is at {newest}",
            hint="run the version of wheelguard that migrated it, or a newer one",
        )
    return [statements for name, statements in sorted(steps.items()) if name > newest]
