"""Two replicas and a worker under load, while each of them and what they need is taken away.

What is admitted and what is not is known beforehand, so each answer is either right, or says that
it is to be asked for again, or was cut off.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from guard.mirror.database import Database, open_database, schema
from guard.mirror.handlers import JUDGE
from guard.mirror.mirror import Mirror
from guard.mirror.queue import Queue, open_queue
from guard.mirror.records import Key, State
from guard.mirror.settings import Settings
from guard.mirror.store import open_store
from tests.e2e.guarded import LONG_AGO, ago
from tests.fakes import LoopbackIndex
from tests.index import JSON
from tests.mirror.backends import SCALED, SERVICES, Backend
from tests.mirror.queues import Clock
from tests.mirror.replicas import PATIENCE, Answered, Held, Labourer, Replica
from tests.mirror.services import ObjectStorage, Postgres
from tests.wheels import Artifact, a_wheel

ADMITTED = [a_wheel(f"many{number}", "1.0") for number in range(12)]
DENIED = [a_wheel(f"young{number}", "1.0") for number in range(3)]
JOBS = [a_wheel(f"job{number}", "1.0") for number in range(4)]
"""What nobody but the worker asks for."""

_THREADS = 4
_ENOUGH = 60
"""Answers to wait for with each fault: the load goes on while it lasts."""

_PAUSE = 0.01


class Load:
    """Asks the replicas in turn for files and pages in turn, and looks at every answer."""

    def __init__(self, replicas: Sequence[Replica]) -> None:
        self._replicas = replicas
        self._wheels = [*ADMITTED, *DENIED]
        self._over = threading.Event()
        self._answered = threading.Condition()
        self.wrong: list[str] = []
        self.counted: Counter[int] = Counter()
        """Answers by status; 0: the connection was refused or cut off."""

    @contextlib.contextmanager
    def going_on(self) -> Iterator[None]:
        with ThreadPoolExecutor(_THREADS) as threads:
            loads = [threads.submit(self._run, at) for at in range(_THREADS)]
            try:
                yield
            finally:
                self._over.set()
            for future in loads:
                future.result(PATIENCE)

    def more(self) -> None:
        """Return when there were so many answers more, of replicas and not of nobody."""
        with self._answered:
            enough = self._total() + _ENOUGH
            assert self._answered.wait_for(lambda: self._total() >= enough, PATIENCE)

    def _total(self) -> int:
        return sum(number for status, number in self.counted.items() if status)

    def _run(self, number: int) -> None:
        while not self._over.wait(_PAUSE):
            number += 1
            replica = self._replicas[number % len(self._replicas)]
            wheel = self._wheels[number % len(self._wheels)]
            status = 0
            with contextlib.suppress(OSError, http.client.HTTPException):
                status = self._asked(replica, wheel, page=number % 5 == 0)
            with self._answered:
                self.counted[status] += 1
                self._answered.notify_all()

    def _asked(self, replica: Replica, wheel: Artifact, *, page: bool) -> int:
        if page:
            answered = replica.get(f"/simple/{wheel.name}/", accept=JSON)
            wrong = _wrong_page(wheel, answered)
        else:
            answered = replica.file(wheel)
            wrong = _wrong_file(wheel, answered)
        if answered.status >= 500 and int(answered.headers.get("retry-after", 0)) < 1:
            wrong = f"{answered.status} without Retry-After"
        if wrong:
            self.wrong.append(f"{wheel.filename}: {wrong}")
        return answered.status


def _wrong_file(wheel: Artifact, answered: Answered) -> str:
    if answered.status not in {403 if wheel in DENIED else 200, 503}:
        return f"{answered.status}: {answered.body[:200]!r}"
    if answered.status == 200 and answered.body != wheel.content:
        return "other bytes"
    return ""


def _wrong_page(wheel: Artifact, answered: Answered) -> str:
    if answered.status not in {200, 503}:
        return f"page: {answered.status}: {answered.body[:200]!r}"
    if answered.status == 200:
        listed = [entry["filename"] for entry in json.loads(answered.body)["files"]]
        if listed != ([] if wheel in DENIED else [wheel.filename]):
            return f"page: {listed}"
    return ""


@pytest.fixture
def index(index: LoopbackIndex) -> LoopbackIndex:
    for wheel in (*ADMITTED, *JOBS):
        index.add(wheel, uploaded=LONG_AGO)
    for wheel in DENIED:
        index.add(wheel, uploaded=ago(minutes=5))
    return index


@pytest.fixture
def mirror(mirror_backend: Backend) -> Iterator[Mirror]:
    """The mirror, as this process sees it."""
    with contextlib.closing(open_database(mirror_backend.database)) as database:
        yield Mirror(
            settings=Settings(data=Path("unused")),
            database=database,
            store=open_store(mirror_backend.store),
            clock=Clock(),
            holder="test",
        )


def _again(service: Postgres | ObjectStorage, load: Load) -> None:
    service.stop()
    try:
        load.more()
    finally:
        service.start()
    load.more()


def _killed(replica: Replica, load: Load) -> None:
    replica.kill()
    load.more()
    replica.start()
    load.more()


def leases_run_out(database: Database) -> None:
    """Let the time go by after which what a killed process held is free."""
    with database.begin() as connection:
        connection.execute(text("UPDATE leases SET until = 0"))


def decided_twice(database: Database) -> list[tuple[object, ...]]:
    """What was decided more than once under one policy."""
    row = schema.decisions.c
    same = (row.sha256, row.filename, row.epoch)
    twice = select(*same, func.count()).group_by(*same).having(func.count() > 1)
    with database.read() as connection:
        return [tuple(each) for each in connection.execute(twice)]


def _has(replica: Replica, wheel: Artifact) -> bool:
    answered = replica.file(wheel)
    return answered.status == 200 and answered.body == wheel.content


def _settled(queue: Queue) -> bool:
    counts = queue.counts()
    return counts.waiting == counts.running == 0


@pytest.mark.parametrize("mirror_backend", [pytest.param(SCALED, marks=SERVICES)], indirect=True)
def test_nothing_is_lost_and_nothing_else_is_served(
    tmp_path: Path,
    index: LoopbackIndex,
    mirror_backend: Backend,
    postgres: Postgres,
    s3: ObjectStorage,
    mirror: Mirror,
) -> None:
    with contextlib.ExitStack() as stack:
        one, two = (
            stack.enter_context(Replica(tmp_path / name, index, mirror_backend)).start()
            for name in ("one", "two")
        )
        worker = stack.enter_context(Labourer(tmp_path / "worker", index, mirror_backend)).start()
        queue = open_queue(mirror)
        held = Held()
        index.fault(f"/files/{JOBS[0].filename}", held, times=1)
        for wheel in JOBS:
            queue.enqueue(JUDGE, wheel.sha256, {"sha256": wheel.sha256, "filename": wheel.filename})
        load = Load((one, two))
        with load.going_on():
            assert held.asked.wait(PATIENCE)
            worker.kill()  # in the middle of a job
            held.go_on.set()
            worker.start()
            _killed(one, load)
            _again(postgres, load)
            _again(s3, load)
            _killed(two, load)
        assert load.wrong == []
        assert load.counted[200] > _ENOUGH
        assert load.counted[503] > 0
        leases_run_out(mirror.database)
        worker.until(partial(_settled, queue))
        for wheel in (*ADMITTED, *JOBS):
            for replica in (one, two):
                replica.until(partial(_has, replica, wheel))
        assert {replica.file(wheel).status for replica in (one, two) for wheel in DENIED} == {403}
    assert queue.counts().failed == 0
    assert decided_twice(mirror.database) == []
    for wheel in (*ADMITTED, *JOBS):
        record = mirror.files.find(Key(wheel.sha256, wheel.filename))
        assert record is not None
        assert record.state is State.ADMITTED
        assert mirror.store.get(wheel.sha256) == wheel.content
    assert [wheel.filename for wheel in DENIED if mirror.store.has(wheel.sha256)] == []
