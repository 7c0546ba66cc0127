"""Bad days: nothing unjudged is served, nothing admitted lost, and all comes back by itself."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import resource
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from guard.mirror.database import open_database, schema
from tests.e2e.guarded import LONG_AGO, ago
from tests.fakes import LoopbackIndex
from tests.mirror.backends import EMBEDDED, SCALED, SERVICES, Backend
from tests.mirror.replicas import PATIENCE, Answered, Held, Replica
from tests.mirror.services import ObjectStorage, Postgres
from tests.wheels import Artifact, a_wheel

FROB = a_wheel("frob", "1.0", files={"frob/data.txt": "x" * 3_000_000})
SMALL = a_wheel("small", "1.0")
FRESH = a_wheel("fresh", "1.0")

embedded = pytest.mark.parametrize("mirror_backend", [EMBEDDED], indirect=True)
scaled = pytest.mark.parametrize(
    "mirror_backend", [pytest.param(SCALED, marks=SERVICES)], indirect=True
)


@pytest.fixture
def index(index: LoopbackIndex) -> LoopbackIndex:
    index.add(FROB, uploaded=LONG_AGO)
    index.add(SMALL, uploaded=LONG_AGO)
    index.add(FRESH, uploaded=ago(minutes=5))
    return index


@pytest.fixture
def replica(
    tmp_path: Path, index: LoopbackIndex, mirror_backend: Backend
) -> Iterator[Callable[[str], Replica]]:
    """Make a replica, running, of the one mirror."""
    with contextlib.ExitStack() as stack:
        yield lambda name: stack.enter_context(
            Replica(tmp_path / name, index, mirror_backend)
        ).start()


def fetched(index: LoopbackIndex, wheel: Artifact) -> int:
    return sum(seen.location == f"/files/{wheel.filename}" for seen in index.requests)


def decided(backend: Backend, wheel: Artifact) -> int:
    """How often it was decided what becomes of a file."""
    database = open_database(backend.database)
    count = select(func.count()).where(schema.decisions.c.sha256 == wheel.sha256)
    with database.read() as connection:
        found = connection.execute(count).scalar_one()
    database.close()
    return found


def leases_run_out(backend: Backend) -> None:
    """Let the time go by after which what a killed process held is free."""
    database = open_database(backend.database)
    with database.begin() as connection:
        connection.execute(text("UPDATE leases SET until = 0"))
    database.close()


def is_refused_for_now(answered: Answered) -> bool:
    return answered.status == 503 and int(answered.headers["retry-after"]) > 0


def is_whole(answered: Answered, wheel: Artifact) -> bool:
    return answered.status == 200 and answered.body == wheel.content


def test_replicas_that_are_asked_at_once_fetch_and_decide_once(
    replica: Callable[[str], Replica], index: LoopbackIndex, mirror_backend: Backend
) -> None:
    replicas = [replica("one"), replica("two")]
    held = Held()
    index.fault(f"/files/{FROB.filename}", held, times=1)
    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(replicas[number % 2].file, FROB) for number in range(8)]
        assert held.asked.wait(PATIENCE)
        held.go_on.set()
        answers = [future.result(PATIENCE) for future in asked]
    assert [(a.status, a.body[:300]) for a in answers if not is_whole(a, FROB)] == []
    assert fetched(index, FROB) == 1
    assert decided(mirror_backend, FROB) == 1


def test_a_replica_that_is_killed_while_it_pulls_leaves_nothing(
    replica: Callable[[str], Replica], index: LoopbackIndex, mirror_backend: Backend
) -> None:
    one, two = replica("one"), replica("two")
    held = Held()
    index.fault(f"/files/{FROB.filename}", held, times=1)
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(one.file, FROB)
        assert held.asked.wait(PATIENCE)
        one.kill()
        held.go_on.set()
        with pytest.raises((OSError, http.client.HTTPException)):
            asked.result(PATIENCE)
    assert decided(mirror_backend, FROB) == 0
    leases_run_out(mirror_backend)
    assert is_whole(two.file(FROB), FROB)
    assert decided(mirror_backend, FROB) == 1


def test_what_was_admitted_is_there_after_a_kill(replica: Callable[[str], Replica]) -> None:
    one = replica("one")
    assert is_whole(one.file(FROB), FROB)
    assert one.file(FRESH).status == 403
    one.kill()
    one.start()
    assert is_whole(one.file(FROB), FROB)
    assert one.file(FRESH).status == 403


@scaled
def test_without_its_database_it_says_so_and_comes_back(
    replica: Callable[[str], Replica], postgres: Postgres
) -> None:
    one = replica("one")
    assert is_whole(one.file(FROB), FROB)
    postgres.stop()
    try:
        for wheel in (FROB, SMALL, FRESH):
            assert is_refused_for_now(one.file(wheel))
        assert is_refused_for_now(one.get("/simple/frob/"))
    finally:
        postgres.start()
    one.until(lambda: is_whole(one.file(FROB), FROB))
    assert is_whole(one.file(SMALL), SMALL)
    assert one.file(FRESH).status == 403


@scaled
def test_without_its_store_it_says_so_and_comes_back(
    replica: Callable[[str], Replica], s3: ObjectStorage, mirror_backend: Backend
) -> None:
    one = replica("one")
    assert is_whole(one.file(FROB), FROB)
    s3.stop()
    try:
        assert is_refused_for_now(one.file(FROB))
        assert is_refused_for_now(one.file(SMALL))
        assert decided(mirror_backend, SMALL) == 0  # nothing is promised that is not there
    finally:
        s3.start()
    one.until(lambda: is_whole(one.file(FROB), FROB))
    one.until(lambda: is_whole(one.file(SMALL), SMALL))


@embedded
def test_with_its_disk_full_it_says_so_and_comes_back(
    replica: Callable[[str], Replica], mirror_backend: Backend
) -> None:
    one = replica("one")
    assert is_whole(one.file(SMALL), SMALL)
    assert one.process is not None
    pid = one.process.process.pid
    soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1_000_000, hard))  # as good as a full disk
    assert is_refused_for_now(one.file(FROB))
    assert is_whole(one.file(SMALL), SMALL)
    blobs = list(Path(mirror_backend.store).glob("sha256/*/*"))
    assert blobs
    assert all(hashlib.sha256(path.read_bytes()).hexdigest() == path.name for path in blobs)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))
    one.until(lambda: is_whole(one.file(FROB), FROB))
