"""The queues that a contract is tested on, and a process that works on one and can be killed."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import text

from guard.mirror.database import Database, open_database
from guard.mirror.database.migrating import migrate
from guard.mirror.mirror import Mirror
from guard.mirror.queue import Queue
from guard.mirror.queue._base import LEASE
from guard.mirror.queue.embedded import EmbeddedQueue
from guard.mirror.queue.procrastinate_ import ProcrastinateQueue
from guard.mirror.settings import Settings
from guard.mirror.store import open_store
from guard.mirror.worker import Worker

_AGO: Final = "make_interval(secs => :seconds)"
_EARLIER: Final = (
    text(f"UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - {_AGO}"),  # noqa: S608
    text(f"UPDATE procrastinate_jobs SET scheduled_at = scheduled_at - {_AGO}"),  # noqa: S608
)
SHORT: Final = timedelta(seconds=1)


class Clock:
    """The time, a while ahead if a test wants it to be later."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._ahead  # noqa: TID251 - what processes agree on

    def advance(self, span: timedelta) -> None:
        self._ahead += span


def a_queue(
    kind: str,
    database: Database,
    holder: str,
    clock: Callable[[], datetime],
    lease: timedelta = LEASE,
) -> Queue:
    """A queue of that kind, ready."""
    queue: Queue
    if kind == "procrastinate":
        queue = ProcrastinateQueue(database, clock, lease=lease)
    else:
        queue = EmbeddedQueue(database, clock, holder, lease=lease)
    queue.prepare()
    return queue


@dataclass(frozen=True, slots=True)
class Place:
    """A database with a queue, seen by as many workers as a test likes."""

    kind: str
    url: str
    database: Database
    clock: Clock

    def worker(self, holder: str, lease: timedelta = LEASE) -> Queue:
        return a_queue(self.kind, self.database, holder, self.clock, lease)

    def later(self, span: timedelta) -> None:
        """Let time go by; that of the database, too."""
        self.clock.advance(span)
        if self.kind == "procrastinate":
            with self.database.begin() as connection:
                for statement in _EARLIER:
                    connection.execute(statement, {"seconds": span.total_seconds()})


def a_mirror(database: Database, clock: Callable[[], datetime], holder: str) -> Mirror:
    """A mirror that keeps nothing but jobs."""
    return Mirror(
        settings=Settings(data=Path("unused")),
        database=database,
        store=open_store("memory://"),
        clock=clock,
        holder=holder,
    )


def _hang(_: Mirror, payload: Mapping[str, Any]) -> None:
    print("running", payload["name"], flush=True)  # noqa: T201 - the test reads it
    threading.Event().wait()


if __name__ == "__main__":
    _kind, _url, _holder = sys.argv[1:]
    _database = open_database(_url)
    migrate(_database)
    _clock = Clock()
    Worker(
        mirror=a_mirror(_database, _clock, _holder),
        queue=a_queue(_kind, _database, _holder, _clock, SHORT),
        handlers={"judge": _hang},
        threads=1,
    ).run(threading.Event())
