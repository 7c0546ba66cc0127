"""The queue in a table of the mirror's own: on SQLite, and on PostgreSQL as well."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, case, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from guard.errors import MirrorError
from guard.mirror.database import schema
from guard.mirror.database.engine import Database
from guard.mirror.queue._base import LEASE, Counts, Job, Queue

_C: Final = schema.jobs.c
_WAITS: Final = _C.claimed_by.is_(None) & _C.failed_at.is_(None)
_LONGEST: Final = 400
_WORDS: Final = 2_000


class EmbeddedQueue(Queue):
    """A claim is a name and a time in the job's row; one that has run out counts for nothing."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        holder: str,
        *,
        lease: timedelta = LEASE,
    ) -> None:
        self._database = database
        self._clock = clock
        self._holder = holder
        self._lease = lease
        self.beat = lease / 4

    def prepare(self) -> None:
        """Do nothing: its table is the mirror's."""

    def enqueue(
        self, kind: str, key: str, payload: Mapping[str, Any], *, due: datetime | None = None
    ) -> bool:
        """Add a row, in place of one that was given up."""
        if len(key) > _LONGEST:
            raise MirrorError(f"the key of a job is longer than {_LONGEST} characters")
        insert = sqlite.insert if self._database.embedded else postgresql.insert
        values = {
            "kind": kind,
            "key": key,
            "payload": msgspec.json.encode(payload).decode(),
            "due": due or self._clock(),
        }
        statement = insert(schema.jobs).values(values)
        statement = statement.on_conflict_do_nothing(
            index_elements=["kind", "key"], index_where=_WAITS
        )
        added = statement.returning(_C.number)
        given_up = delete(schema.jobs).where(
            _C.kind == kind, _C.key == key, _C.failed_at.is_not(None)
        )

        def write(connection: Connection) -> bool:
            connection.execute(given_up)
            return connection.execute(added).first() is not None

        return self._database.transact(write)

    def claim(self, kinds: Sequence[str]) -> Job | None:
        """Put a name and a time into the oldest row that is free."""
        now = self._clock()
        free = or_(_C.claimed_by.is_(None), _C.claimed_until <= now)
        one = select(_C.number).where(_C.failed_at.is_(None), _C.due <= now, free)
        one = one.where(_C.kind.in_(kinds)).order_by(_C.due, _C.number).limit(1)
        values = {
            "claimed_by": self._holder,
            "claimed_until": now + self._lease,
            "attempts": _C.attempts + 1,
        }
        mine = update(schema.jobs).values(values)
        mine = mine.where(_C.number == one.with_for_update(skip_locked=True).scalar_subquery())
        row = self._database.transact(
            lambda connection: connection.execute(mine.returning(*_C)).mappings().first()
        )
        if row is None:
            return None
        return Job(
            number=row["number"],
            kind=row["kind"],
            key=row["key"],
            payload=msgspec.json.decode(row["payload"]),
            attempts=row["attempts"],
        )

    def keep(self, job: Job) -> bool:
        """Put a later time into its row."""
        later = update(schema.jobs).values(claimed_until=self._clock() + self._lease)
        kept = later.where(self._mine(job)).returning(_C.number)
        found = self._database.transact(lambda connection: connection.execute(kept).first())
        return found is not None

    def complete(self, job: Job) -> None:
        """Remove its row."""
        done = delete(schema.jobs).where(self._mine(job))
        self._database.transact(lambda connection: connection.execute(done))

    def fail(self, job: Job, error: str, *, due: datetime | None) -> None:
        """Let it wait again, unless another of its name waits already, or give it up."""
        values: dict[str, Any] = {"claimed_by": None, "claimed_until": None}
        values["error"] = error.replace("\0", " ")[:_WORDS]
        values |= {"failed_at": self._clock()} if due is None else {"due": due}
        twin = select(_C.number).where(_C.kind == job.kind, _C.key == job.key, _WAITS)
        again = update(schema.jobs).values(values).where(self._mine(job))

        def write(connection: Connection) -> None:
            if connection.execute(twin).first() is None:
                connection.execute(again)
            else:
                connection.execute(delete(schema.jobs).where(self._mine(job)))

        self._database.transact(write)

    def counts(self) -> Counts:
        """Count the rows."""
        query = select(
            func.count(case((_WAITS, 1))),
            func.count(case((and_(~_C.claimed_by.is_(None), _C.failed_at.is_(None)), 1))),
            func.count(_C.failed_at),
        )
        with self._database.read() as connection:
            waiting, running, failed = connection.execute(query).one()
        return Counts(waiting=waiting, running=running, failed=failed)

    def _mine(self, job: Job) -> ColumnElement[bool]:
        """Tell whether it is still the claim that `job` was: nobody has claimed it since."""
        return and_(
            _C.number == job.number,
            _C.claimed_by == self._holder,
            _C.attempts == job.attempts,
        )
