"""One contract for every queue: no job lost, none waiting twice, none run by two that are alive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from guard.errors import MirrorError
from guard.mirror.database import open_database
from guard.mirror.database.migrating import migrate
from guard.mirror.queue import open_queue
from guard.mirror.queue.embedded import EmbeddedQueue
from guard.mirror.queue.procrastinate_ import ProcrastinateQueue
from tests.mirror.backends import SERVICES
from tests.mirror.child import Child
from tests.mirror.queues import Clock, Place, a_mirror
from tests.mirror.services import Postgres

JUDGE = ("judge",)
MINUTE = timedelta(minutes=1)
KINDS = [
    "sqlite",
    pytest.param("postgres", marks=SERVICES),
    pytest.param("procrastinate", marks=SERVICES),
]


@pytest.fixture(params=KINDS)
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('queue') / 'mirror.db'}"
    else:
        running: Postgres = request.getfixturevalue("postgres")
        url = running.database()
    database = open_database(url)
    migrate(database)
    yield Place(request.param, url, database, Clock())
    database.close()


def test_a_job_is_done_once(place: Place) -> None:
    queue = place.worker("one")
    assert queue.enqueue("judge", "file a", {"sha256": "0" * 64, "ids": [1, 2], "why": None})
    job = queue.claim(JUDGE)
    assert job is not None
    assert (job.kind, job.key, job.attempts) == ("judge", "file a", 1)
    assert job.payload == {"sha256": "0" * 64, "ids": [1, 2], "why": None}
    assert queue.claim(JUDGE) is None
    assert queue.keep(job)
    queue.complete(job)
    place.later(MINUTE)
    assert place.worker("two").claim(JUDGE) is None
    assert not queue.keep(job)


def test_jobs_come_in_the_order_in_which_they_were_added(place: Place) -> None:
    queue = place.worker("one")
    for key in "cab":
        queue.enqueue("judge", key, {})
    assert [job.key for job in iter(lambda: queue.claim(JUDGE), None)] == ["c", "a", "b"]


def test_one_that_waits_is_not_added_again(place: Place) -> None:
    queue = place.worker("one")
    assert queue.enqueue("judge", "a", {"first": True})
    assert not queue.enqueue("judge", "a", {"first": False})
    assert queue.enqueue("rejudge", "a", {})
    assert queue.enqueue("judge", "b", {})
    assert queue.counts().waiting == 3
    job = queue.claim(JUDGE)
    assert job is not None
    assert job.payload == {"first": True}


def test_while_one_runs_another_may_come_to_wait(place: Place) -> None:
    """What is added now may know of something that the one that runs has not seen."""
    queue = place.worker("one")
    queue.enqueue("judge", "a", {})
    first = queue.claim(JUDGE)
    assert first is not None
    assert queue.enqueue("judge", "a", {})
    assert not queue.enqueue("judge", "a", {})
    queue.complete(first)
    second = queue.claim(JUDGE)
    assert second is not None
    assert second.number != first.number


def test_only_kinds_that_are_asked_for_are_claimed(place: Place) -> None:
    queue = place.worker("one")
    queue.enqueue("rejudge", "a", {})
    assert queue.claim(JUDGE) is None
    assert queue.claim(("judge", "rejudge")) is not None


def test_a_job_waits_until_it_is_due(place: Place) -> None:
    queue = place.worker("one")
    queue.enqueue("judge", "a", {}, due=place.clock() + MINUTE)
    assert queue.claim(JUDGE) is None
    place.later(MINUTE + timedelta(seconds=1))
    assert queue.claim(JUDGE) is not None


def test_one_that_failed_is_run_again_when_it_is_due(place: Place) -> None:
    queue = place.worker("one")
    queue.enqueue("judge", "a", {})
    job = queue.claim(JUDGE)
    assert job is not None
    queue.fail(job, "the upstream is down\0", due=place.clock() + MINUTE)
    assert queue.claim(JUDGE) is None
    place.later(MINUTE + timedelta(seconds=1))
    again = place.worker("two").claim(JUDGE)
    assert again is not None
    assert (again.number, again.attempts) == (job.number, 2)


def test_one_that_is_given_up_is_not_run_again_but_may_be_added(place: Place) -> None:
    queue = place.worker("one")
    queue.enqueue("judge", "a", {})
    job = queue.claim(JUDGE)
    assert job is not None
    queue.fail(job, "never", due=None)
    place.later(MINUTE)
    assert queue.claim(JUDGE) is None
    assert queue.counts().failed == 1
    assert queue.enqueue("judge", "a", {})
    assert queue.claim(JUDGE) is not None


def test_one_that_failed_gives_way_to_one_that_waits(place: Place) -> None:
    queue = place.worker("one")
    queue.enqueue("judge", "a", {})
    job = queue.claim(JUDGE)
    assert job is not None
    queue.enqueue("judge", "a", {"newer": True})
    queue.fail(job, "again", due=place.clock())
    assert queue.counts().waiting == 1
    newer = queue.claim(JUDGE)
    assert newer is not None
    assert newer.payload == {"newer": True}
    assert queue.claim(JUDGE) is None


def test_the_job_of_a_silent_worker_is_given_to_another(place: Place) -> None:
    one, two = place.worker("one"), place.worker("two")
    one.enqueue("judge", "a", {})
    job = one.claim(JUDGE)
    assert job is not None
    place.later(timedelta(seconds=15))
    assert one.keep(job)
    place.later(timedelta(seconds=15))
    assert two.claim(JUDGE) is None  # it was heard of a moment ago
    place.later(timedelta(seconds=15))
    other = two.claim(JUDGE)
    assert other is not None
    assert (other.number, other.attempts) == (job.number, 2)


def test_whoever_was_silent_for_too_long_says_nothing_more(place: Place) -> None:
    one, two = place.worker("one"), place.worker("two")
    one.enqueue("judge", "a", {})
    late = one.claim(JUDGE)
    assert late is not None
    place.later(MINUTE)
    job = two.claim(JUDGE)
    assert job is not None
    one.complete(late)
    one.fail(late, "late", due=None)
    assert not one.keep(late)
    assert two.keep(job)
    assert two.counts().running == 1


def test_a_silent_worker_with_a_successor_waiting_leaves_one_job(place: Place) -> None:
    one, two = place.worker("one"), place.worker("two")
    one.enqueue("judge", "a", {})
    assert one.claim(JUDGE)
    one.enqueue("judge", "a", {"newer": True})
    place.later(MINUTE)
    done = []
    while (job := two.claim(JUDGE)) is not None:
        done.append(job.payload)
        two.complete(job)
    assert {"newer": True} in done
    assert two.counts().waiting == two.counts().running == 0


def test_many_workers_take_each_job_once(place: Place) -> None:
    queues = [place.worker(f"worker {number}") for number in range(6)]
    for number in range(60):
        queues[0].enqueue("judge", f"file {number}", {})
    with ThreadPoolExecutor(6) as threads:
        taken = threads.map(
            lambda queue: [job.key for job in iter(lambda: queue.claim(JUDGE), None)], queues
        )
        counted = Counter(key for keys in taken for key in keys)
    assert counted == Counter(f"file {number}" for number in range(60))


def test_many_that_add_the_same_add_one(place: Place) -> None:
    queue = place.worker("one")
    with ThreadPoolExecutor(6) as threads:
        added = list(threads.map(lambda _: queue.enqueue("judge", "a", {}), range(12)))
    assert added.count(True) == 1
    assert queue.counts().waiting == 1


def test_the_job_of_a_worker_that_was_killed_is_run_by_another(place: Place) -> None:
    place.worker("test").enqueue("judge", "a", {"name": "a"})
    with Child(place.kind, place.url, "one", module="tests.mirror.queues") as child:
        child.wait_for("running a")
        assert place.worker("two").claim(JUDGE) is None  # its heart beats
        child.kill()
    with Child(place.kind, place.url, "two", module="tests.mirror.queues") as child:
        child.wait_for("running a")


def test_a_key_that_is_too_long_is_an_error(place: Place) -> None:
    with pytest.raises(MirrorError):
        EmbeddedQueue(place.database, place.clock, "one").enqueue("judge", "x" * 401, {})


@SERVICES
def test_procrastinates_schema_is_made_once_by_many(postgres: Postgres) -> None:
    databases = [open_database(postgres.database())] * 2
    with ThreadPoolExecutor(4) as threads:
        queues = [ProcrastinateQueue(databases[0], Clock()) for _ in range(4)]
        list(threads.map(lambda queue: queue.prepare(), queues))
    assert queues[0].enqueue("judge", "a", {})
    databases[0].close()


@SERVICES
@pytest.mark.parametrize(
    ("comment", "words"),
    [("NULL", "queue of something else"), ("'guard: 99.00.00_01_pre_x.sql'", "newer than this")],
)
def test_another_procrastinate_is_refused(postgres: Postgres, comment: str, words: str) -> None:
    database = open_database(postgres.database())
    queue = ProcrastinateQueue(database, Clock())
    queue.prepare()
    with database.begin() as connection:
        connection.execute(text(f"COMMENT ON TABLE procrastinate_jobs IS {comment}"))
    with pytest.raises(MirrorError, match=words):
        queue.prepare()
    database.close()


def test_the_queue_follows_from_the_database(place: Place) -> None:
    queue = open_queue(a_mirror(place.database, place.clock, "one"))
    expected = EmbeddedQueue if place.kind == "sqlite" else ProcrastinateQueue
    assert isinstance(queue, expected)
