"""Tokens: shown once, kept as a digest, and no more than they were made for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from guard.errors import UsageError
from guard.mirror.database.schema import METADATA
from guard.mirror.people.person import Role
from tests.mirror.people.office import Office


def test_a_token_stands_for_its_person(office: Office) -> None:
    office.person("alice")
    caller = office.tokens.caller(office.token("alice").secret, office.clock())
    assert caller is not None
    assert (caller.name, caller.role) == ("alice", Role.APPROVER)


def test_only_its_digest_is_kept(office: Office) -> None:
    office.person("alice")
    made = office.token("alice")
    assert made.secret not in repr(made)
    with office.database.read() as connection:
        rows = [connection.execute(select(t)).all() for t in METADATA.sorted_tables]
    assert made.secret not in str(rows)
    assert "token create" in str(rows)


@pytest.mark.parametrize(
    ("role", "scope", "may"),
    [
        (Role.ADMIN, Role.READER, Role.READER),
        (Role.READER, Role.ADMIN, Role.READER),
        (Role.APPROVER, Role.REQUESTER, Role.REQUESTER),
    ],
)
def test_a_scope_only_ever_takes_away(office: Office, role: Role, scope: Role, may: Role) -> None:
    office.person("alice", role)
    caller = office.tokens.caller(office.token("alice", scope).secret, office.clock())
    assert caller is not None
    assert caller.role is may


def test_a_token_does_not_rise_with_its_person(office: Office) -> None:
    office.person("alice", Role.REQUESTER)
    made = office.token("alice", None)
    office.roster.role("alice", Role.ADMIN, office.act)
    caller = office.tokens.caller(made.secret, office.clock())
    assert caller is not None
    assert caller.role is Role.REQUESTER


def test_it_expires_at_its_moment(office: Office) -> None:
    office.person("alice")
    made = office.token("alice", expires=office.clock() + timedelta(days=1))
    office.clock.passes(days=1, microseconds=-1)
    assert office.tokens.caller(made.secret, office.clock())
    office.clock.passes(microseconds=1)
    assert office.tokens.caller(made.secret, office.clock()) is None


def test_it_can_be_revoked(office: Office) -> None:
    office.person("alice")
    made, other = office.token("alice"), office.token("alice")
    office.tokens.revoke(made.number, office.act)
    assert office.tokens.caller(made.secret, office.clock()) is None
    assert office.tokens.caller(other.secret, office.clock())
    with pytest.raises(UsageError):
        office.tokens.revoke(99, office.act)


def test_a_session_ends_with_its_token(office: Office) -> None:
    office.person("alice")
    made = office.token("alice", Role.REQUESTER, expires=office.clock() + timedelta(hours=1))
    caller = office.tokens.caller(made.secret, office.clock())
    assert caller is not None
    until = office.clock() + timedelta(days=7)
    begun = office.tokens.begin_session(caller, until=until, moment=office.clock())
    within = office.tokens.caller(begun.secret, office.clock())
    assert within is not None
    assert within.role is Role.REQUESTER
    office.clock.passes(hours=1)
    assert office.tokens.caller(begun.secret, office.clock()) is None
    office.clock.passes(hours=-1)
    office.tokens.revoke(made.number, office.act)
    assert office.tokens.caller(begun.secret, office.clock()) is None


def test_whoever_is_disabled_is_shut_out_with_all_tokens(office: Office) -> None:
    office.person("alice")
    made = office.token("alice")
    office.roster.disable("alice", office.act, disabled=True)
    assert office.tokens.caller(made.secret, office.clock()) is None
    office.roster.disable("alice", office.act, disabled=False)
    assert office.tokens.caller(made.secret, office.clock())


@pytest.mark.parametrize(
    "secret", ["", "wgm_", "wgm_" + "A" * 43, "x" * 10_000, "wgm_" + "é" * 43, "' OR 1=1 --"]
)
def test_anything_else_is_none(office: Office, secret: str) -> None:
    office.person("alice")
    office.token("alice")
    assert office.tokens.caller(secret, office.clock()) is None


@pytest.mark.parametrize("name", ["", " ", "(mirror)", "a\nb", "x" * 101])
def test_what_is_no_name_is_refused(office: Office, name: str) -> None:
    with pytest.raises(UsageError, match="no name"):
        office.person(name)


def test_there_is_one_person_of_a_name(office: Office) -> None:
    office.person("alice")
    with pytest.raises(UsageError, match="already"):
        office.person("alice", Role.ADMIN)
    assert [person.role for person in office.roster.all()] == [Role.APPROVER]
