"""`guard mirror worker`, `migrate`, `backup` and `restore`, as they are run."""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import obstore
import pytest

from guard.errors import MirrorError, UsageError
from guard.mirror.backup import back_up, restore
from guard.mirror.database import open_database
from guard.mirror.database.engine import at
from guard.mirror.database.migrating import migrate
from guard.mirror.handlers import JUDGE
from guard.mirror.mirror import Mirror
from guard.mirror.queue import Queue, open_queue
from guard.mirror.records import Key, State
from guard.mirror.settings import Settings
from guard.mirror.store import open_store
from guard.mirror.store.objects import bucket
from tests.e2e.guarded import LONG_AGO, Guard, assert_paragraph
from tests.fakes import LoopbackIndex
from tests.mirror.backends import SCALED, SERVICES, Backend
from tests.mirror.child import Child
from tests.mirror.queues import Clock
from tests.mirror.replicas import Replica
from tests.mirror.services import Postgres
from tests.wheels import a_wheel

FROB = a_wheel("frob", "1.0")


@pytest.fixture
def index(index: LoopbackIndex) -> LoopbackIndex:
    index.add(FROB, uploaded=LONG_AGO)
    return index


def seen_by_a_test(backend: Backend) -> Mirror:
    return Mirror(
        settings=Settings(data=Path("unused")),
        database=open_database(backend.database),
        store=open_store(backend.store),
        clock=Clock(),
        holder="test",
    )


def settled(queue: Queue) -> bool:
    counts = queue.counts()
    return counts.waiting == counts.running == 0


def test_the_worker_judges_what_waits_and_stops_when_it_is_told(
    guard: Guard, index: LoopbackIndex, mirror_backend: Backend
) -> None:
    words = ("--database", mirror_backend.database, "--store", mirror_backend.store)
    environment = guard.environment(**mirror_backend.environment)
    migrated = guard("mirror", "migrate", *words, **mirror_backend.environment)
    assert (migrated.code, migrated.err) == (0, "the database was migrated\n")
    mirror = seen_by_a_test(mirror_backend)
    queue = open_queue(mirror)
    payload = {"sha256": FROB.sha256, "filename": FROB.filename}
    assert queue.enqueue(JUDGE, FROB.sha256, payload)
    argv = ("mirror", "worker", *words, "--index-url", index.url)
    with Child(*argv, module="guard", environment=environment) as worker:
        worker.until(lambda: settled(queue))
        record = mirror.files.find(Key(FROB.sha256, FROB.filename))
        assert record is not None
        assert record.state is State.ADMITTED
        assert mirror.store.get(FROB.sha256) == FROB.content
        worker.process.send_signal(signal.SIGTERM)
        assert worker.wait() == 0, worker.lines
    mirror.close()


def test_the_first_of_many_that_start_migrates(guard: Guard, mirror_backend: Backend) -> None:
    words = ("mirror", "migrate", "--database", mirror_backend.database)
    environment = guard.environment()
    children = [Child(*words, module="guard", environment=environment) for _ in range(3)]
    said = []
    for child in children:
        with child:
            assert child.wait() == 0, child.lines
            said += child.lines
    assert said.count("the database was migrated") == 1
    assert guard(*words).err == "the database is up to date\n"


@pytest.fixture
def serving(tmp_path: Path, index: LoopbackIndex) -> Iterator[Callable[[Path], Replica]]:
    """Serve the mirror in a folder."""
    running: list[Replica] = []

    def serve(data: Path) -> Replica:
        backend = Backend(f"sqlite:///{data / 'mirror.sqlite'}", str(data / "store"))
        replica = Replica(tmp_path / f"replica{len(running)}", index, backend)
        running.append(replica)
        return replica.start()

    yield serve
    for replica in running:
        replica.__exit__(None, None, None)


def test_a_copy_that_is_made_while_it_serves_is_a_mirror(
    guard: Guard, index: LoopbackIndex, tmp_path: Path, serving: Callable[[Path], Replica]
) -> None:
    data, copy, restored = tmp_path / "data", tmp_path / "copy", tmp_path / "restored"
    one = serving(data)
    assert one.file(FROB).status == 200
    for new in (3, 0):  # the wheel, its METADATA and its receipt; then nothing
        ran = guard("mirror", "backup", copy, "--data", data)
        assert ran.code == 0, ran.said
        assert f"and {new} files" in ran.err
    one.kill()
    index.remove(FROB.filename)
    ran = guard("mirror", "restore", copy, "--data", restored)
    assert ran.code == 0, ran.said
    database = at(restored / "mirror.sqlite")
    record = seen_by_a_test(
        Backend(f"sqlite:///{restored / 'mirror.sqlite'}", str(restored / "store"))
    ).files.find(Key(FROB.sha256, FROB.filename))
    database.close()
    assert record is not None
    assert record.state is State.ADMITTED
    assert serving(restored).file(FROB).body == FROB.content


@pytest.mark.parametrize("mirror_backend", [pytest.param(SCALED, marks=SERVICES)], indirect=True)
def test_a_dump_and_a_copy_of_the_bucket_made_after_it_are_a_mirror(
    index: LoopbackIndex, tmp_path: Path, mirror_backend: Backend, postgres: Postgres
) -> None:
    with Replica(tmp_path / "one", index, mirror_backend) as one:
        assert one.start().file(FROB).status == 200
        dump = tmp_path / "mirror.dump"
        postgres.tool("pg_dump", "--format=custom", f"--file={dump}", mirror_backend.database)
    copied = f"{mirror_backend.store}-copy"
    source, target = bucket(mirror_backend.store), bucket(copied)
    for batch in obstore.list(source):
        for blob in batch:
            obstore.put(target, blob["path"], obstore.get(source, blob["path"]).bytes())
    restored = postgres.database()
    postgres.tool("pg_restore", "--no-owner", f"--dbname={restored}", str(dump))
    index.remove(FROB.filename)
    backend = Backend(restored, copied, mirror_backend.environment)
    with Replica(tmp_path / "two", index, backend) as two:
        assert two.start().file(FROB).body == FROB.content


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A mirror that has one file."""
    data = tmp_path / "data"
    database = at(data / "mirror.sqlite")
    migrate(database)
    database.close()
    open_store(data / "store").put(FROB.sha256, FROB.content)
    return data


def test_what_is_damaged_is_not_restored(data: Path, tmp_path: Path) -> None:
    copy, restored = tmp_path / "copy", tmp_path / "restored"
    back_up(data, copy)
    (blob,) = (copy / "store").glob("sha256/*/*")
    blob.write_bytes(b"y")
    with pytest.raises(MirrorError, match="are not those of"):
        restore(copy, restored)
    blob.write_bytes(FROB.content)
    for content in (b"x" * 10_000, (copy / "mirror.sqlite").read_bytes()[:-9000]):
        (copy / "mirror.sqlite").write_bytes(content)
        with pytest.raises(MirrorError):
            restore(copy, restored)
    assert not (restored / "mirror.sqlite").exists()


def test_nothing_is_restored_over_a_mirror(data: Path, tmp_path: Path) -> None:
    back_up(data, tmp_path / "copy")
    with pytest.raises(UsageError, match="already"):
        restore(tmp_path / "copy", data)


def test_what_is_not_there_is_neither_copied_nor_restored(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no mirror in"):
        back_up(tmp_path / "data", tmp_path / "copy")
    with pytest.raises(UsageError, match="no copy of a mirror"):
        restore(tmp_path / "copy", tmp_path / "data")


def test_a_copy_is_private(data: Path, tmp_path: Path) -> None:
    back_up(data, tmp_path / "copy")
    for path in [tmp_path / "copy", *(tmp_path / "copy").rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_newer_database_is_refused_in_one_paragraph(guard: Guard, data: Path) -> None:
    with sqlite3.connect(data / "mirror.sqlite") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    ran = guard("mirror", "worker", "--data", data)
    assert_paragraph(ran, 70, "newer than this program", "9999")


def test_postgresql_is_backed_up_by_its_own_tools(guard: Guard, tmp_path: Path) -> None:
    ran = guard("mirror", "backup", tmp_path / "copy", "--database", "postgresql://x/y")
    assert_paragraph(ran, 2, "pg_dump")
