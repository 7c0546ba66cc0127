"""The worker does each job by its handler, outlives what goes wrong, and stops in order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from guard.errors import MirrorError, SourceError
from guard.mirror.database import Database
from guard.mirror.database.engine import at
from guard.mirror.database.migrating import migrate
from guard.mirror.database.schema import jobs
from guard.mirror.mirror import Mirror
from guard.mirror.queue import Job, Queue
from guard.mirror.queue.embedded import EmbeddedQueue
from guard.mirror.worker import Handler, Worker
from tests.mirror.queues import Clock, a_mirror

PATIENCE = 30


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = at(tmp_path / "mirror.db")
    migrate(database)
    yield database
    database.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(database: Database, clock: Clock) -> Queue:
    return EmbeddedQueue(database, clock, "one")


@pytest.fixture
def worker(database: Database, clock: Clock, queue: Queue) -> Callable[[Handler], Worker]:
    mirror = a_mirror(database, clock, "one")
    return lambda handler: Worker(mirror=mirror, queue=queue, handlers={"judge": handler})


def test_a_job_is_given_to_its_handler(queue: Queue, worker: Callable[[Handler], Worker]) -> None:
    seen: list[Mapping[str, Any]] = []
    queue.enqueue("judge", "a", {"sha256": "0" * 64})
    at_work = worker(lambda _, payload: seen.append(payload))
    assert at_work.one()
    assert not at_work.one()
    assert seen == [{"sha256": "0" * 64}]


@pytest.mark.parametrize("error", [SourceError("the upstream is down"), ZeroDivisionError("oh")])
def test_a_job_that_fails_is_tried_later_and_later(
    database: Database,
    queue: Queue,
    worker: Callable[[Handler], Worker],
    clock: Clock,
    error: Exception,
) -> None:
    def fails(_: Mirror, payload: Mapping[str, Any]) -> None:
        raise error

    queue.enqueue("judge", "a", {})
    at_work = worker(fails)
    waits = []
    for _ in range(20):
        assert at_work.one()
        with database.read() as connection:
            wait = connection.execute(select(jobs.c.due)).scalar_one() - clock()
        waits.append(round(wait.total_seconds()))
        clock.advance(wait)
    assert waits[:5] == [2, 4, 8, 16, 32]
    assert max(waits) == 600
    assert queue.counts().failed == 1


def test_a_job_that_kills_its_workers_is_given_up(
    queue: Queue, worker: Callable[[Handler], Worker], clock: Clock
) -> None:
    queue.enqueue("judge", "a", {})
    for _ in range(20):
        assert queue.claim(("judge",)) is not None
        clock.advance(timedelta(minutes=1))
    reached = threading.Event()
    assert worker(lambda *_: reached.set()).one()
    assert not reached.is_set()
    assert queue.counts().failed == 1


def test_what_has_begun_is_finished_when_it_stops(
    queue: Queue, worker: Callable[[Handler], Worker]
) -> None:
    began, go_on, stop = threading.Event(), threading.Event(), threading.Event()

    def slow(_: Mirror, payload: Mapping[str, Any]) -> None:
        began.set()
        assert go_on.wait(PATIENCE)

    queue.enqueue("judge", "a", {})
    running = threading.Thread(target=worker(slow).run, args=(stop,))
    running.start()
    assert began.wait(PATIENCE)
    stop.set()
    assert running.is_alive()
    go_on.set()
    running.join(PATIENCE)
    assert not running.is_alive()
    assert queue.counts().running == queue.counts().waiting == 0


def test_a_long_job_keeps_its_claim(database: Database, clock: Clock) -> None:
    beats = threading.Semaphore(0)

    class Watched(EmbeddedQueue):
        def keep(self, job: Job) -> bool:
            still = super().keep(job)
            beats.release()
            return still

    queue = Watched(database, clock, "one")
    queue.beat = timedelta(milliseconds=10)
    other = EmbeddedQueue(database, clock, "two")

    def slow(_: Mirror, payload: Mapping[str, Any]) -> None:
        for _minute in range(8):
            clock.advance(timedelta(seconds=15))
            while beats.acquire(blocking=False):
                pass
            for _beat in range(2):  # the first may have begun before the clock was put forward
                assert beats.acquire(timeout=PATIENCE)
            assert other.claim(("judge",)) is None

    queue.enqueue("judge", "a", {})
    mirror = a_mirror(database, clock, "one")
    assert Worker(mirror=mirror, queue=queue, handlers={"judge": slow}).one()
    assert queue.counts().waiting == queue.counts().running == queue.counts().failed == 0


def test_a_database_that_is_gone_for_a_while_stops_no_worker(
    database: Database, clock: Clock, queue: Queue
) -> None:
    tried, done, stop = threading.Event(), threading.Event(), threading.Event()

    class Flaky(EmbeddedQueue):
        def claim(self, kinds: Sequence[str]) -> Job | None:
            if not tried.is_set():
                tried.set()
                raise MirrorError("the mirror's database could not be used")
            return super().claim(kinds)

    queue.enqueue("judge", "a", {})
    mirror = a_mirror(database, clock, "one")
    handlers: dict[str, Handler] = {"judge": lambda *_: done.set()}
    worker = Worker(
        mirror=mirror, queue=Flaky(database, clock, "one"), handlers=handlers, threads=1
    )
    running = threading.Thread(target=worker.run, args=(stop,))
    running.start()
    assert done.wait(PATIENCE)
    stop.set()
    running.join(PATIENCE)
