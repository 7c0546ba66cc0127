"""The store: what was written is found, and what is damaged is never read as empty."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest
from packaging.utils import canonicalize_name

from guard.advisory.entry import Entry
from guard.advisory.store import MissingError, Snapshot, Store, StoreError, write
from guard.model import Severity
from tests.builders import NOW, ago

FROB = canonicalize_name("frob")
ENTRY = Entry(
    id="PYSEC-2026-1",
    aliases=("CVE-1",),
    malware=True,
    severity=Severity.HIGH,
    summary="what it is about",
    versions=frozenset({"1", "1.1"}),
    ranges=((("introduced", "0"), ("fixed", "1.2")),),
)
SNAPSHOT = Snapshot(
    source="https://feeds.example.com/all.zip",
    sha256="0" * 64,
    as_of=ago(hours=1),
    fetched_at=NOW,
    records=1,
    withdrawn=0,
    unreadable=0,
    projects=1,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "advisories" / "osv.sqlite"
    write(path, {FROB: [ENTRY]}, SNAPSHOT)
    return path


def test_what_was_written_is_found(path: Path) -> None:
    with Store(path) as store:
        assert store.snapshot == SNAPSHOT
        assert store.entries(FROB) == (ENTRY,)
        assert store.entries(canonicalize_name("other")) == ()


def test_nobody_else_can_read_it(path: Path) -> None:
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0
    assert [each.name for each in path.parent.iterdir()] == ["osv.sqlite"]


def test_what_is_open_goes_on_when_another_takes_its_place(path: Path) -> None:
    with Store(path) as store:
        write(path, {}, msgspec.structs.replace(SNAPSHOT, projects=0))
        assert store.entries(FROB) == (ENTRY,)
        with Store(path) as other:
            assert other.entries(FROB) == ()


def test_many_threads_ask_at_once(path: Path) -> None:
    with Store(path) as store, ThreadPoolExecutor(8) as pool:
        assert set(pool.map(store.entries, [FROB] * 200)) == {(ENTRY,)}


def test_where_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(MissingError):
        Store(tmp_path / "osv.sqlite")


def test_a_folder_that_cannot_be_written_leaves_the_old_one(path: Path) -> None:
    blocked = path / "below a file" / "osv.sqlite"
    with pytest.raises(StoreError, match="could not be written"):
        write(blocked, {}, SNAPSHOT)
    with Store(path) as store:
        assert store.entries(FROB) == (ENTRY,)


@pytest.mark.parametrize("content", [b"", b"x", b"SQLite format 3\0" + b"\0" * 100, b"{}" * 4096])
def test_another_file_in_its_place_is_an_error(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreError):
        Store(path)


@pytest.mark.parametrize(
    "statement",
    [
        "PRAGMA user_version = 0",
        "PRAGMA user_version = 999",
        "DELETE FROM snapshot",
        "INSERT INTO snapshot SELECT * FROM snapshot",
        "UPDATE snapshot SET told = x'00'",
        "UPDATE snapshot SET told = 'text'",
        "UPDATE snapshot SET told = 1",
        "DROP TABLE snapshot",
        "DROP TABLE projects",
        "DELETE FROM projects",
    ],
)
def test_a_store_that_does_not_say_what_it_is_is_an_error(path: Path, statement: str) -> None:
    damage(path, statement)
    with pytest.raises(StoreError):
        Store(path)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE projects SET entries = x'00'",
        "UPDATE projects SET entries = 'text'",
        "UPDATE projects SET entries = 1",
    ],
)
def test_damaged_entries_are_never_read_as_none(path: Path, statement: str) -> None:
    damage(path, statement)
    with Store(path) as store, pytest.raises(StoreError, match="damaged"):
        store.entries(FROB)


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9, 0.9999])
def test_a_store_that_was_cut_short_is_never_read_as_empty(path: Path, kept: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(StoreError):
        Store(path)


def damage(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()
