"""Both engines do the same, and whatever goes wrong there is a `MirrorError`."""

from __future__ import annotations

import sqlite3
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from packaging.utils import NormalizedName
from sqlalchemy import Connection, text

from guard.errors import MirrorError, UsageError
from guard.mirror.database import Database, open_database
from guard.mirror.database.changes import Changes
from guard.mirror.database.files import Files
from guard.mirror.database.migrating import migrate
from guard.mirror.records import Decided, Held, Key, Listed, State
from guard.model import FileKind
from tests.mirror.backends import SERVICES
from tests.mirror.services import Postgres

NOON = datetime(2026, 5, 6, 12, tzinfo=UTC)
KEY = Key("a" * 64, "frob-1.0-py3-none-any.whl")
FROB = Listed(
    key=KEY,
    project=NormalizedName("frob"),
    version="1.0",
    kind=FileKind.WHEEL,
    origin="https://index.example.com/simple/",
    url="https://files.example.com/frob-1.0-py3-none-any.whl",
    size=3,
    upload_time=NOON - timedelta(days=30, microseconds=1),
)
ADMITTED = Decided(
    state=State.ADMITTED, epoch="e" * 64, judged_at=NOON, valid_until=NOON + timedelta(days=1)
)
DENIED = replace(ADMITTED, state=State.DENIED)
HELD = Held(size=3, metadata="b" * 64)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = open_database(database_url)
    migrate(database)
    yield database
    database.close()


@pytest.fixture
def files(database: Database) -> Files:
    return Files(database)


def test_what_was_met_and_decided_is_found_as_it_was(files: Files) -> None:
    files.met([FROB])
    files.decided(KEY, ADMITTED, HELD, moment=NOON)
    record = files.find(KEY)
    assert record is not None
    assert (record.listed, record.decided, record.held) == (FROB, ADMITTED, HELD)
    assert files.of_project(NormalizedName("frob")) == {KEY: record}


def test_what_is_denied_after_it_was_admitted_is_revoked(files: Files, database: Database) -> None:
    files.met([FROB])
    assert files.decided(KEY, DENIED, None, moment=NOON) is State.DENIED
    assert files.decided(KEY, ADMITTED, HELD, moment=NOON) is State.ADMITTED
    before = Changes(database).latest()
    assert files.decided(KEY, DENIED, None, moment=NOON) is State.REVOKED
    assert set(Changes(database).after(before).values()) == {"frob"}
    assert files.decided(KEY, DENIED, None, moment=NOON) is State.REVOKED


def test_to_decide_the_same_again_is_no_decision(files: Files, database: Database) -> None:
    files.met([FROB])
    later = ADMITTED
    for _ in range(3):
        files.decided(KEY, later, HELD, moment=NOON)
        later = replace(later, valid_until=later.valid_until + timedelta(days=1))
    files.decided(KEY, replace(later, epoch="f" * 64), HELD, moment=NOON)
    with database.read() as connection:
        rows = connection.execute(text("SELECT epoch FROM decisions ORDER BY number")).scalars()
        assert list(rows) == ["e" * 64, "f" * 64]
    record = files.find(KEY)
    assert record is not None
    assert record.decided is not None
    assert record.decided.valid_until == NOON + timedelta(days=4)


def test_many_that_meet_and_decide_the_same_agree(files: Files) -> None:
    listed = [
        replace(FROB, key=Key(f"{number:064x}", f"frob-{number}-py3-none-any.whl"))
        for number in range(60)
    ]
    barrier = threading.Barrier(6)

    def meet(at: int) -> None:
        barrier.wait(60)
        turned = listed[at * 10 :] + listed[: at * 10]  # each in an order of its own
        files.met(turned)
        for item in turned[:10]:
            files.decided(item.key, ADMITTED, HELD, moment=NOON)

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(meet, range(6)))
    records = list(files.in_state(State.ADMITTED))
    assert [record.listed for record in records] == sorted(listed, key=lambda item: item.key.sha256)


@pytest.mark.parametrize(
    "odd",
    [
        {"size": 2**63},
        {"key": Key("c" * 64, "f\0-1.0-py3-none-any.whl")},
        {"key": Key("c" * 64, "x" * 256)},
        {"requires_python": "\ud800"},
        {"version": "1\0"},
        {"project": NormalizedName("x" * 256)},
    ],
    ids=lambda odd: next(iter(odd)),
)
def test_what_no_database_can_keep_is_left_out(files: Files, odd: dict[str, Any]) -> None:
    strange = replace(FROB, **({"key": Key("c" * 64, "frob-2.whl")} | odd))
    files.met([strange, FROB])
    assert files.find(strange.key) is None
    assert files.find(KEY) is not None


@pytest.mark.parametrize("name", ["\0", "\ud800", "x" * 5000, "' OR 1=1 --"])
def test_any_name_may_be_asked_for(files: Files, name: str) -> None:
    assert files.find(Key("a" * 64, name)) is None


def test_a_record_of_a_newer_program_is_an_error(files: Files, database: Database) -> None:
    files.met([FROB])
    files.decided(KEY, ADMITTED, HELD, moment=NOON)
    with database.begin() as connection:
        connection.execute(text("UPDATE files SET state = 'blessed'"))
    with pytest.raises(MirrorError, match="cannot be read"):
        files.find(KEY)


def test_what_fails_leaves_nothing(database: Database) -> None:
    statement = text("INSERT INTO leases VALUES ('a', 'one', 0)")

    def twice(connection: Connection) -> None:
        connection.execute(statement)
        connection.execute(statement)

    with pytest.raises(MirrorError):
        database.transact(twice)
    with pytest.raises(MirrorError), database.begin() as connection:
        twice(connection)
    with database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM leases")).scalar_one() == 0


def test_what_the_user_is_told_has_no_values_in_it(database: Database) -> None:
    with pytest.raises(MirrorError) as caught, database.begin() as connection:
        connection.execute(text("INSERT INTO nowhere VALUES (:secret)"), {"secret": "hunter2"})
    assert "nowhere" in str(caught.value.reason)
    assert "hunter2" not in str(caught.value.reason)


def test_a_value_that_no_driver_can_send_is_an_error(database: Database) -> None:
    with pytest.raises(MirrorError), database.read() as connection:
        connection.execute(text("SELECT 1 WHERE :value = 'x'"), {"value": "\ud800"})


# SQLite.


def test_a_connection_in_use_outlives_the_end_no_longer_than_its_use(database_url: str) -> None:
    database = open_database(database_url)
    with database.read() as connection:
        raw = connection.connection.dbapi_connection
        assert raw is not None
        database.close()
        assert connection.execute(text("SELECT 1")).scalar_one() == 1
    with pytest.raises((sqlite3.ProgrammingError, psycopg.OperationalError), match="closed"):
        raw.cursor().execute("SELECT 1")


def test_the_file_is_private(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'new' / 'mirror.db'}")
    migrate(database)
    for path in (tmp_path / "new").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    database.close()


def test_threads_that_write_wait_for_each_other(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'mirror.db'}")
    migrate(database)

    def write(number: int) -> None:
        with database.begin() as connection:
            row = {"key": str(number), "until": number}
            connection.execute(text("INSERT INTO leases VALUES (:key, 'one', :until)"), row)

    with ThreadPoolExecutor(24) as threads:
        list(threads.map(write, range(240)))
    with database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM leases")).scalar_one() == 240
    database.close()


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:x?mode=memory",
        "mysql://x/y",
        "x",
        "",
        "p://[",
    ],
)
def test_what_is_no_address_of_a_database_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        open_database(url)


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(MirrorError):
        open_database(f"sqlite:///{tmp_path / 'file' / 'mirror.db'}")


def test_a_file_that_is_no_database_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "mirror.db").write_bytes(b"x" * 5000)
    with pytest.raises(MirrorError, match="could not be used"):
        migrate(open_database(f"sqlite:///{tmp_path / 'mirror.db'}"))


# PostgreSQL.


@pytest.fixture
def on_postgres(postgres: Postgres) -> Iterator[Database]:
    database = open_database(postgres.database())
    migrate(database)
    yield database
    database.close()


@SERVICES
def test_a_connection_that_was_broken_is_made_anew(
    postgres: Postgres, on_postgres: Database
) -> None:
    files = Files(on_postgres)
    files.met([FROB])
    postgres.stop()
    try:
        with pytest.raises(MirrorError):
            files.find(KEY)
        with pytest.raises(MirrorError):
            files.met([FROB])
    finally:
        postgres.start()
    assert files.find(KEY) is not None
    files.met([replace(FROB, key=Key("d" * 64, "frob-2.whl"))])


@SERVICES
def test_a_transaction_that_lost_is_done_again(on_postgres: Database) -> None:
    """Two that lock the same rows in opposite order: PostgreSQL ends one of them."""
    files = Files(on_postgres)
    keys = [Key("1" * 64, "a.whl"), Key("2" * 64, "b.whl")]
    files.met([replace(FROB, key=key) for key in keys])
    met = threading.Barrier(2)
    attempts = []

    def lock(order: list[Key]) -> int:
        def work(connection: Connection) -> int:
            attempts.append(order)
            for key in order:
                statement = text("UPDATE files SET size = 1 WHERE sha256 = :key")
                connection.execute(statement, {"key": key.sha256})
                if len(attempts) <= 2 and key == order[0]:
                    met.wait(60)
            return 1

        return on_postgres.transact(work)

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(lock, [keys, keys[::-1]])) == [1, 1]
    assert len(attempts) > 2


@SERVICES
def test_a_question_that_takes_too_long_is_an_error(on_postgres: Database) -> None:
    def wait(connection: Connection) -> None:
        connection.execute(text("SET LOCAL statement_timeout = '50ms'"))
        connection.execute(text("SELECT pg_sleep(60)"))

    with pytest.raises(MirrorError, match="could not be used") as caught:
        on_postgres.transact(wait)
    assert "timeout" in str(caught.value.reason)


@SERVICES
def test_a_reader_sees_what_was_written_a_moment_ago(on_postgres: Database) -> None:
    files = Files(on_postgres)
    assert files.find(KEY) is None
    files.met([FROB])
    assert files.find(KEY) is not None


def test_nobody_there_is_an_error_without_the_password() -> None:
    database = open_database("postgresql://guard:hunter2@127.0.0.1:9/mirror")
    with pytest.raises(MirrorError) as caught, database.read() as connection:
        connection.execute(text("SELECT 1"))
    assert "hunter2" not in f"{caught.value.message} {caught.value.reason} {caught.value.hint}"
