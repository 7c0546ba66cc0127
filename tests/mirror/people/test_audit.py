"""The audit log: it only grows, and shows whatever was done to it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from sqlalchemy import text

from guard.errors import EvidenceError, MirrorError, UsageError
from guard.mirror.database.audit import GENESIS, AuditLog, verify
from guard.mirror.people.person import Role
from tests.mirror.people.office import Office

_REPLACE = "INSERT OR REPLACE INTO audit SELECT number, at, '', '', '', '', previous, '' FROM audit"


def test_each_entry_follows_from_the_one_before(office: Office) -> None:
    office.person("alice")
    office.person("bob", Role.READER)
    office.token("bob")
    first, second, third = office.log()
    assert (first.number, first.previous) == (1, GENESIS)
    assert (second.previous, third.previous) == (first.digest, second.digest)
    assert (second.actor, second.action, second.subject) == ("root", "person add", "bob")
    assert verify(office.log()) == third
    assert verify(office.log(), head=second.digest) == third


def test_what_failed_is_not_in_it(office: Office) -> None:
    office.person("alice")
    with pytest.raises(UsageError):
        office.person("alice")
    assert office.actions() == ["person add"]


@pytest.mark.parametrize(
    "statement", ["UPDATE audit SET actor = 'nobody'", "DELETE FROM audit", "{replace}"]
)
def test_the_database_itself_keeps_it(office: Office, statement: str) -> None:
    office.person("alice")
    before = office.log()
    replace = _REPLACE if office.database.embedded else "TRUNCATE audit"
    with pytest.raises(MirrorError) as caught, office.database.begin() as connection:
        connection.execute(text(statement.format(replace=replace)))
    assert "only ever added to" in str(caught.value.reason)
    assert office.log() == before


def test_what_was_changed_past_the_database_is_found(office: Office) -> None:
    for name in ("alice", "bob", "carol"):
        office.person(name)
    whole = office.log()
    changed = replace(whole[1], actor="mallory")
    rehashed = replace(changed, digest=changed.digested())
    for bad in (
        [whole[0], changed, whole[2]],
        [whole[0], rehashed, whole[2]],
        [whole[0], whole[2]],
        whole[1:],
        [*whole, whole[2]],
    ):
        with pytest.raises(EvidenceError):
            verify(bad)
    with pytest.raises(EvidenceError, match="changed"):
        verify(whole[:2], head=whole[2].digest)


def test_a_line_of_the_export_says_all_of_it(office: Office) -> None:
    office.person("alice")
    (entry,) = office.log()
    line = json.loads(entry.line())
    assert line["digest"] == entry.digest
    assert line["at"] == "2026-04-01T12:00:00Z"
    assert line["detail"] == {"role": "approver"}


def test_the_log_is_read_in_parts(office: Office) -> None:
    for number in range(7):
        office.person(f"person {number}")
    log = AuditLog(office.database)
    assert [entry.number for entry in log.entries(2, limit=3)] == [3, 4, 5]
    assert log.size() == 7
