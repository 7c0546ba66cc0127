"""The two-person rule, and what comes of votes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, text, update

from guard.errors import MirrorError, RefusedError
from guard.mirror.database import schema
from guard.mirror.database.changes import Changes
from guard.mirror.people.approvals import Approved, in_force
from guard.mirror.people.person import Caller, Role
from guard.mirror.people.requests import State, wanted
from guard.mirror.people.voting import Ballot, Voting
from tests.builders import a_digest
from tests.mirror.people.office import (
    FRESH,
    PUBLISHER,
    START,
    Office,
    a_ballot,
    a_finding,
    an_examination,
    an_examined,
    fresh,
)


def vote(
    office: Office, caller: Caller, number: int, ballot: Ballot | None = None, approvers: int = 1
) -> State:
    return Voting(office.database, approvers).vote(
        caller, number, ballot or a_ballot(), office.clock()
    )


def refused(status: int, office: Office, *arguments: Any, **more: Any) -> RefusedError:
    """The vote is refused, and nothing has changed."""
    before = office.log(), in_force(office.database), office.requests.some()
    with pytest.raises(RefusedError) as caught:
        vote(office, *arguments, **more)
    assert caught.value.status == status
    assert (office.log(), in_force(office.database), office.requests.some()) == before
    return caught.value


def test_what_somebody_else_approves_is_approved(office: Office) -> None:
    alice, bob = office.caller("alice", Role.REQUESTER), office.caller("bob")
    number = office.request(alice)
    before = Changes(office.database).latest()
    assert vote(office, bob, number) is State.APPROVED
    (entry,) = in_force(office.database).entries
    assert (entry.title, entry.reason, entry.approved_by) == (
        "frob 1.0",
        "the gateway needs it",
        "bob",
    )
    assert [(file.filename, file.judged) for file in entry.files] == [
        ("frob-1.0-py3-none-any.whl", True),
        ("frob-1.0-win.whl", False),
    ]
    assert entry.identities == (PUBLISHER,)
    assert entry.expires is None
    assert None in Changes(office.database).after(before).values()
    assert office.actions()[-3:] == ["request", "vote", "approve"]


def test_nobody_approves_their_own_request_whatever_their_role(office: Office) -> None:
    admin = office.caller("root", Role.ADMIN)
    number = office.request(admin)
    refused(403, office, admin, number)


def test_the_database_itself_refuses_it(office: Office) -> None:
    admin = office.caller("root", Role.ADMIN)
    number = office.request(admin)
    own = {"request": number, "person": admin.person.number, "approves": True, "at": START}
    statement = insert(schema.votes).values(reason="mine", accepts="[]", seen="", **own)
    with pytest.raises(MirrorError) as caught, office.database.begin() as connection:
        connection.execute(statement)
    assert "request of their own" in str(caught.value.reason)
    to_bob = update(schema.requests).values(requested_by=office.caller("bob").person.number)
    with pytest.raises(MirrorError), office.database.begin() as connection:
        connection.execute(to_bob)


def test_two_approvers_are_two_people(office: Office) -> None:
    alice, bob, carol = (office.caller(name) for name in ("alice", "bob", "carol"))
    number = office.request(alice)
    for _ in range(2):
        assert vote(office, bob, number, approvers=2) is State.OPEN
    assert not in_force(office.database)
    assert vote(office, carol, number, approvers=2) is State.APPROVED
    assert in_force(office.database).entries[0].approved_by == "bob, carol"


def test_what_nobody_in_person_asked_for_takes_one_more(office: Office) -> None:
    """Whoever asked without a token may be the one who approves it."""
    alice, bob = office.caller("alice"), office.caller("bob")
    asked = wanted("frob", "1.0", "denied on download")
    number = office.requests.make_automatically(None, asked, office.clock())
    assert number is not None
    office.requests.examined(number, an_examination())
    assert vote(office, alice, number) is State.OPEN
    assert vote(office, bob, number) is State.APPROVED


def test_many_votes_at_once_make_one_approval(office: Office) -> None:
    people = [office.caller(f"person {number}") for number in range(8)]
    number = office.request(people[0])

    def one(caller: Caller) -> str:
        try:
            return vote(office, caller, number, approvers=3)
        except RefusedError as error:
            return str(error.status)

    with ThreadPoolExecutor(8) as pool:
        came = list(pool.map(one, people * 2))
    assert came.count("approved") == 1
    assert came.count("open") >= 2
    assert came[0] in {"403", "409"}
    (entry,) = in_force(office.database).entries
    voters = entry.approved_by.split(", ")
    assert len(set(voters)) == 3
    assert "person 0" not in voters
    assert office.actions().count("approve") == 1


def test_requests_of_each_other_are_not_votes_on_one_s_own(office: Office) -> None:
    alice, bob = office.caller("alice"), office.caller("bob")
    of_alice, of_bob = office.request(alice), office.request(bob, "2.0")
    refused(403, office, alice, of_alice)
    assert vote(office, alice, of_bob) is State.APPROVED


@pytest.mark.parametrize("role", [Role.READER, Role.REQUESTER])
def test_it_takes_the_role(office: Office, role: Role) -> None:
    number = office.request(office.caller("alice"))
    refused(403, office, office.caller("bob", role), number)


def test_a_role_that_was_taken_away_a_moment_ago_counts_no_more(office: Office) -> None:
    number = office.request(office.caller("alice"))
    bob, carol = office.caller("bob"), office.caller("carol")
    office.roster.role("bob", Role.REQUESTER, office.act)
    office.roster.disable("carol", office.act, disabled=True)
    refused(403, office, bob, number)
    refused(403, office, carol, number)


def test_a_rejection_closes_it(office: Office) -> None:
    alice, bob, carol = (office.caller(name) for name in ("alice", "bob", "carol"))
    number = office.request(alice)
    assert vote(office, bob, number, approvers=2) is State.OPEN
    no = a_ballot(approves=False, reason="we have another")
    assert vote(office, carol, number, no, approvers=2) is State.REJECTED
    refused(409, office, bob, number)
    assert not in_force(office.database)
    assert office.requests.some(state=State.REJECTED)[0].votes[-1].reason == "we have another"
    again = office.request(alice)
    assert again != number


def test_there_is_no_vote_on_what_is_not_there(office: Office) -> None:
    refused(404, office, office.caller("bob"), 7)


def test_nobody_approves_what_nobody_has_looked_into(office: Office) -> None:
    alice, bob = office.caller("alice"), office.caller("bob")
    number, _ = office.requests.make(alice, wanted("frob", "1.0", "why not"), START)
    refused(409, office, bob, number)


def test_a_vote_is_about_what_was_shown(office: Office) -> None:
    alice, bob, carol = (office.caller(name) for name in ("alice", "bob", "carol"))
    number = office.request(alice)
    assert vote(office, bob, number, approvers=2) is State.OPEN
    other = an_examination(an_examined(sha256=a_digest(b"evil")))
    office.requests.examined(number, other)
    refused(409, office, carol, number, approvers=2)
    assert vote(office, carol, number, a_ballot(other), approvers=2) is State.OPEN
    assert vote(office, bob, number, a_ballot(other), approvers=2) is State.APPROVED


def test_what_was_looked_at_again_and_is_the_same_keeps_its_votes(office: Office) -> None:
    alice, bob, carol = (office.caller(name) for name in ("alice", "bob", "carol"))
    young = an_examination(an_examined(accepted=(fresh("uploaded 2 hours ago"),)))
    older = an_examination(
        an_examined(accepted=(fresh("uploaded 3 hours ago"),)), at=START + timedelta(hours=1)
    )
    number = office.request(alice, examination=young)
    assert vote(office, bob, number, a_ballot(young), approvers=2) is State.OPEN
    office.requests.examined(number, older)
    assert vote(office, carol, number, a_ballot(older), approvers=2) is State.APPROVED


def test_what_is_set_aside_has_to_be_said(office: Office) -> None:
    alice, bob = office.caller("alice"), office.caller("bob")
    young = an_examination(an_examined(accepted=(fresh(),)))
    number = office.request(alice, examination=young)
    error = refused(409, office, bob, number, a_ballot(young, accepts=frozenset()))
    assert "fresh-upload" in error.message
    assert vote(office, bob, number, a_ballot(young)) is State.APPROVED
    (entry,) = in_force(office.database).entries
    assert entry.accepted == (fresh(),)
    assert entry.expires == (START + timedelta(days=90)).date()


def test_nothing_is_set_aside_of_a_file_in_which_it_was_not_seen(office: Office) -> None:
    alice, bob = office.caller("alice"), office.caller("bob")
    both = an_examination(an_examined(accepted=(fresh(),)), an_examined("frob-1.0-mac.whl"))
    number = office.request(alice, examination=both)
    vote(office, bob, number, a_ballot(both))
    said = {e.files[0].filename: e.accepted for e in in_force(office.database).entries}
    assert said == {"frob-1.0-py3-none-any.whl": (fresh(),), "frob-1.0-mac.whl": ()}


@pytest.mark.parametrize(
    "against",
    [
        a_finding("known-malware"),
        a_finding("missing-attestation", unknown=True, message="could not find out"),
    ],
)
def test_what_no_approval_sets_aside_is_not_approved(office: Office, against: Any) -> None:
    alice, bob = office.caller("alice"), office.caller("bob")
    bad = an_examination(an_examined(findings=(against,)))
    number = office.request(alice, examination=bad)
    every = a_ballot(bad, accepts=frozenset({FRESH, against.rule}))
    error = refused(409, office, bob, number, every)
    assert against.message in str(error.reason)


def test_the_earliest_day_counts(office: Office) -> None:
    alice, bob, carol = (office.caller(name) for name in ("alice", "bob", "carol"))
    number = office.request(alice)
    vote(office, bob, number, a_ballot(expires=date(2026, 5, 1)), approvers=2)
    vote(office, carol, number, a_ballot(expires=date(2026, 6, 1)), approvers=2)
    (entry,) = in_force(office.database).entries
    assert entry.expires == date(2026, 5, 1)


def test_a_day_that_is_over_is_none(office: Office) -> None:
    number = office.request(office.caller("alice"))
    refused(400, office, office.caller("bob"), number, a_ballot(expires=START.date()))


def test_there_is_one_open_request_for_a_release(office: Office) -> None:
    alice, bob = office.caller("alice"), office.caller("bob")
    number = office.request(alice)
    asked = wanted("Frob", "1.0.0", "I need it too")
    assert office.requests.make(bob, wanted("Frob", "1.0", "so do I"), START) == (number, False)
    assert office.requests.make(bob, asked, START)[1], "another spelling is another version"
    assert office.requests.one(number).requested_by == "alice"


def test_a_request_is_taken_back_by_whoever_made_it(office: Office) -> None:
    alice, bob = office.caller("alice"), office.caller("bob")
    number = office.request(alice)
    with pytest.raises(RefusedError) as caught:
        office.requests.withdraw(bob, number, START)
    assert caught.value.status == 403
    assert office.requests.one(number).state is State.OPEN
    office.requests.withdraw(alice, number, START)
    refused(409, office, bob, number)


@pytest.mark.parametrize("role", [Role.READER])
def test_who_may_only_read_asks_for_nothing(office: Office, role: Role) -> None:
    reader = office.caller("ci", role)
    with pytest.raises(RefusedError):
        office.requests.make(reader, wanted("frob", "1.0", "please"), START)
    assert office.requests.some() == []


@pytest.mark.parametrize(
    ("project", "version", "reason"),
    [
        ("../x", "1.0", "why"),
        ("frob", "not a version", "why"),
        ("frob", "1.0", ""),
        ("frob", "1.0", "x" * 1001),
        ("frob", "1.0", "bell\a"),
        ("f" * 256, "1.0", "why"),
    ],
)
def test_what_is_no_request_is_refused(project: str, version: str, reason: str) -> None:
    with pytest.raises(RefusedError) as caught:
        wanted(project, version, reason)
    assert caught.value.status == 400


def test_nobody_floods_the_queue(office: Office) -> None:
    made = [
        office.requests.make_automatically(None, wanted("frob", f"1.{n}", "denied"), START)
        for n in range(1002)
    ]
    assert made[999] is not None
    assert made[1000:] == [None, None]


def test_an_approval_can_be_revoked(office: Office) -> None:
    alice, bob = office.caller("alice", Role.REQUESTER), office.caller("bob")
    vote(office, bob, office.request(alice))
    (kept,) = Approved(office.database).all()
    before = Changes(office.database).latest()
    with pytest.raises(RefusedError):
        Approved(office.database).revoke(alice, kept.number, "changed my mind", START)
    assert in_force(office.database)
    Approved(office.database).revoke(bob, kept.number, "it was taken over", START)
    assert not in_force(office.database)
    assert None in Changes(office.database).after(before).values()
    assert office.actions()[-1] == "revoke"
    with pytest.raises(RefusedError) as caught:
        Approved(office.database).revoke(bob, kept.number, "again", START)
    assert caught.value.status == 409


def test_an_approval_that_cannot_be_read_approves_nothing(office: Office) -> None:
    alice, bob = office.caller("alice"), office.caller("bob")
    vote(office, bob, office.request(alice))
    vote(office, bob, office.request(alice, "2.0"))
    with office.database.begin() as connection:
        broken = (
            "UPDATE approvals SET document = replace(document, 'sha256', 'sha1') WHERE number=1"
        )
        connection.execute(text(broken))
    assert [entry.title for entry in in_force(office.database).entries] == ["frob 2.0"]
