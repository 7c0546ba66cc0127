"""Of several that want the same, one gets it; one that is killed does not keep it for ever."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from guard.mirror.database import Database, open_database
from guard.mirror.database.leases import Leases
from guard.mirror.database.migrating import migrate
from tests.mirror.child import Child

NOON = datetime(2026, 5, 6, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = open_database(database_url)
    migrate(database)
    yield database
    database.close()


def taken(database: Database, holder: str, moment: datetime = NOON) -> bool:
    return Leases(database).take("file a", holder, moment=moment, until=moment + 30 * SECOND)


def test_what_one_holds_another_does_not_get(database: Database) -> None:
    assert taken(database, "one")
    assert not taken(database, "two", NOON + 29 * SECOND)
    assert taken(database, "two", NOON + 30 * SECOND)
    assert not taken(database, "one", NOON + 31 * SECOND)


def test_its_holder_may_renew_it(database: Database) -> None:
    assert taken(database, "one")
    assert taken(database, "one", NOON + 20 * SECOND)
    assert not taken(database, "two", NOON + 40 * SECOND)


def test_given_back_it_is_free(database: Database) -> None:
    assert taken(database, "one")
    Leases(database).release("file a", "two")
    assert not taken(database, "two")
    Leases(database).release("file a", "one")
    assert taken(database, "two")


def test_of_many_threads_one_gets_it(database: Database) -> None:
    barrier = threading.Barrier(12)

    def race(number: int) -> bool:
        barrier.wait(60)
        return taken(database, f"thread {number}")

    with ThreadPoolExecutor(12) as threads:
        assert list(threads.map(race, range(12))).count(True) == 1


def test_of_many_processes_one_gets_it(database: Database, database_url: str) -> None:
    assert taken(database, "referee")  # they all try at once when it is given back
    with contextlib.ExitStack() as stack:
        children = [
            stack.enter_context(Child(database_url, str(number), module="tests.mirror.leasing"))
            for number in range(4)
        ]
        for child in children:
            child.wait_for("refused")
        Leases(database).release("file a", "referee")
        for child in children:
            child.wait_for("over")
    assert sum("mine" in child.lines for child in children) == 1


def test_what_a_killed_process_held_runs_out(database: Database, database_url: str) -> None:
    with Child(database_url, "killed", module="tests.mirror.leasing") as child:
        child.wait_for("mine")
        child.kill()
    assert not taken(database, "two", NOON + 29 * SECOND)
    assert taken(database, "two", NOON + 30 * SECOND)
