"""Votes: who may vote is said in the statement that writes the vote, and again by a trigger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import msgspec
from sqlalchemy import (
    Boolean,
    Connection,
    Row,
    Select,
    String,
    Text,
    bindparam,
    literal,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

from guard.errors import RefusedError
from guard.mirror.database import Database, audit, schema
from guard.mirror.database.audit import Act
from guard.mirror.people.approvals import approve
from guard.mirror.people.examination import Examination
from guard.mirror.people.person import Caller, Role
from guard.mirror.people.requests import (
    ApprovalRequest,
    State,
    loaded,
    midnight,
    opened,
    valid_reason,
)
from guard.model import RuleId

_VOTERS: Final = (Role.APPROVER, Role.ADMIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """What somebody says of a request."""

    approves: bool
    reason: str
    seen: str
    """The digest of the examination that was shown."""

    accepts: frozenset[RuleId] = frozenset()
    """The rules whose findings are to be set aside."""

    expires: date | None = None
    """The approval is to end on that day, or before."""


class Voting:
    """Takes votes, and closes requests. Raises `MirrorError`, and `RefusedError` as said."""

    def __init__(self, database: Database, approvers: int) -> None:
        self._database = database
        self._approvers = max(1, approvers)

    def vote(self, caller: Caller, number: int, ballot: Ballot, moment: datetime) -> State:
        """Write a vote down; when it suffices, the approval as well. Return the request's state.

        One rejection closes a request. As long as it is open, a vote replaces one's earlier one.
        Raises `RefusedError` (400, 403, 404, 409), and then nothing has changed.
        """
        caller.demand(Role.APPROVER)
        reason = valid_reason(ballot.reason)
        if ballot.expires is not None and ballot.expires <= moment.date():
            raise RefusedError(f"{ballot.expires} is over already", status=400)
        with self._database.begin() as connection:
            opened(connection, number)
            if ballot.approves:
                _refuse_blind(loaded(connection, number).examination, ballot)
            self._write(connection, caller, number, ballot, reason, moment)
            return self._close(connection, caller, number, ballot, moment)

    def _write(  # noqa: PLR0913, PLR0917 - what a vote is
        self,
        connection: Connection,
        caller: Caller,
        number: int,
        ballot: Ballot,
        reason: str,
        moment: datetime,
    ) -> None:
        accepts = msgspec.json.encode(sorted(ballot.accepts)).decode()
        values = {
            "request": number,
            "me": caller.person.number,
            "approves": ballot.approves,
            "reason": reason,
            "accepts": accepts,
            "seen": ballot.seen if ballot.approves else "",
            "at": moment,
        }
        if connection.execute(_statement(connection), values).first() is None:
            raise RefusedError(
                "nobody votes on a request of their own",
                status=403,
                reason="or you may no longer vote at all",
                hint="somebody else has to look at it",
            )
        row = opened(connection, number)
        if ballot.expires is not None and (row.expires is None or _later(row, ballot.expires)):
            shortened = update(schema.requests).where(schema.requests.c.number == number)
            connection.execute(shortened.values(expires=midnight(ballot.expires)))
        audit.write(
            connection,
            Act(caller.name, moment),
            "vote",
            f"{row.project} {row.version}",
            request=number,
            approves=ballot.approves,
            reason=reason,
            accepts=sorted(ballot.accepts),
            seen=ballot.seen,
            expires=ballot.expires.isoformat() if ballot.expires else None,
        )

    def _close(
        self, connection: Connection, caller: Caller, number: int, ballot: Ballot, moment: datetime
    ) -> State:
        request = loaded(connection, number)
        if not ballot.approves:
            return _closed(connection, caller, request, State.REJECTED, moment)
        if request.approving < request.needed(self._approvers):
            return State.OPEN
        approve(connection, request, Act(caller.name, moment))
        return _closed(connection, caller, request, State.APPROVED, moment)


def _refuse_blind(examination: Examination | None, ballot: Ballot) -> None:
    """Refuse to approve what was not looked at, or not in this form. Raises `RefusedError`."""
    if examination is None:
        raise RefusedError(
            "nobody has looked into these files yet",
            status=409,
            hint="have the request examined, and read what is found",
        )
    if ballot.seen != examination.digest:
        raise RefusedError(
            "what you were shown is not what is known now",
            status=409,
            hint="read the request again before you vote",
        )
    if examination.against:
        raise RefusedError(
            "no approval sets this aside",
            status=409,
            reason="; ".join(examination.against)[:500],
            hint="reject the request, or write an [[exempt]] into the policy",
        )
    left = [rule for rule in examination.accepted if rule not in ballot.accepts]
    if left:
        raise RefusedError(
            f"this is not approved without setting aside: {', '.join(left)}",
            status=409,
            hint="say so for each rule once you have read what it found, or reject the request",
        )


def _later(row: Row[Any], day: date) -> bool:
    return bool(row.expires.date() > day)


def _closed(
    connection: Connection,
    caller: Caller,
    request: ApprovalRequest,
    state: State,
    moment: datetime,
) -> State:
    statement = update(schema.requests).where(schema.requests.c.number == request.number)
    connection.execute(statement.values(state=state, closed_at=moment))
    if state is State.REJECTED:
        act = Act(caller.name, moment)
        audit.write(connection, act, "reject", request.title, request=request.number)
    return state


def _statement(connection: Connection) -> ReturningInsert[Any]:
    """Return the one statement that writes a vote, and returns it, if whoever votes may do so.

    The two-person rule is its WHERE: nobody votes on a request of their own, nor while it is
    closed, nor without the role, whatever was looked up before. One row for each request and
    person.
    """
    columns = ("request", "person", "approves", "reason", "accepts", "seen", "at")
    if connection.dialect.name == "sqlite":
        lite = sqlite.insert(schema.votes).from_select(columns, _allowed())
        lite = lite.on_conflict_do_update(index_elements=_KEY, set_=_given(lite.excluded))
        return lite.returning(schema.votes.c.person)
    big = postgresql.insert(schema.votes).from_select(columns, _allowed())
    big = big.on_conflict_do_update(index_elements=_KEY, set_=_given(big.excluded))
    return big.returning(schema.votes.c.person)


_KEY: Final = ["request", "person"]


def _given(excluded: Any) -> dict[str, Any]:  # noqa: ANN401 - SQLAlchemy's
    names = ("approves", "reason", "accepts", "seen", "at")
    return {name: excluded[name] for name in names}


def _allowed() -> Select[Any]:
    requests, people = schema.requests, schema.people
    return (
        select(
            requests.c.number,
            people.c.number,
            bindparam("approves", type_=Boolean()),
            bindparam("reason", type_=Text()),
            bindparam("accepts", type_=Text()),
            bindparam("seen", type_=String(64)),
            bindparam("at", type_=schema.Moment()),
        )
        .join(people, literal(True))  # noqa: FBT003 - SQL's
        .where(
            requests.c.number == bindparam("request"),
            requests.c.state == State.OPEN,
            requests.c.requested_by != bindparam("me"),
            people.c.number == bindparam("me"),
            people.c.disabled.is_(False),
            people.c.role.in_(_VOTERS),
        )
    )
