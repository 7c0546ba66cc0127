"""Requests: somebody asks for a release, gives a reason, and others vote on it."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import msgspec
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidName, NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version
from sqlalchemy import Connection, Row, func, insert, select, update

from guard.errors import RefusedError
from guard.mirror.database import Database, audit, schema
from guard.mirror.database.audit import SYSTEM, Act
from guard.mirror.people.examination import Examination
from guard.mirror.people.person import Caller, Person, Role
from guard.mirror.people.roster import added, found
from guard.model import RuleId

_LONGEST: Final = 1_000
"""Characters of a reason."""

_FORM: Final = "write NAME==VERSION"
_OPEN_AT_ONCE: Final = 1_000
"""Requests that nobody in person made; whoever floods a mirror is not to flood its queue."""

_EXAMINATION: Final = msgspec.json.Decoder(Examination)


class State(enum.StrEnum):
    """What became of a request."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """What one person said of a request."""

    person: str
    approves: bool
    reason: str
    accepts: tuple[RuleId, ...]
    """The rules whose findings are set aside."""

    seen: str
    """The digest of the examination that was voted on: of another one, the vote does not count."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRequest:
    """One request, with what was found and who voted how."""

    number: int
    project: NormalizedName
    version: str
    reason: str
    requested_by: str
    requested_at: datetime
    state: State
    closed_at: datetime | None = None
    expires: date | None = None
    """The first day on which its approval holds no more."""

    examination: Examination | None = None
    votes: tuple[Vote, ...] = ()

    @property
    def title(self) -> str:
        """Name and version: `litellm 1.83.1`."""
        return f"{self.project} {self.version}"

    @property
    def automatic(self) -> bool:
        """Whether it was made for somebody whom the mirror does not know."""
        return self.requested_by == SYSTEM

    def needed(self, approvers: int) -> int:
        """Return how many have to approve it.

        Where nobody knows who asked, whoever did may be among them: so it takes one more.
        """
        return approvers + 1 if self.automatic else approvers

    @property
    def approving(self) -> int:
        """How many approve of what was found last."""
        seen = self.examination.digest if self.examination else None
        return sum(vote.approves and vote.seen == seen for vote in self.votes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody asks for, read."""

    project: NormalizedName
    version: Version
    reason: str
    expires: date | None = None


def wanted(project: str, version: str, reason: str, expires: date | None = None) -> Wanted:
    """Return what is asked for. Raises `RefusedError` (400)."""
    try:
        name = canonicalize_name(project, validate=True)
        number = Version(version)
    except (InvalidName, InvalidVersion) as error:
        raise RefusedError(
            "that is no release", status=400, reason=str(error)[:200], hint=_FORM
        ) from None
    if len(name) > schema.NAME_LENGTH or len(str(number)) > schema.NAME_LENGTH:
        raise RefusedError("that is no release", status=400, reason="its name is too long")
    return Wanted(project=name, version=number, reason=valid_reason(reason), expires=expires)


def release(text: str, reason: str, expires: date | None = None) -> Wanted:
    """Return what `NAME==VERSION` asks for. Raises `RefusedError` (400)."""
    try:
        requirement = Requirement(text[:_LONGEST])
        (specifier,) = requirement.specifier
    except (InvalidRequirement, ValueError):
        raise RefusedError("that is no release", status=400, hint=_FORM) from None
    if specifier.operator not in {"==", "==="} or requirement.url or requirement.marker:
        raise RefusedError("that is no release", status=400, hint=_FORM)
    return wanted(requirement.name, specifier.version, reason, expires)


def valid_reason(text: str) -> str:
    """Return a reason that can be kept and shown. Raises `RefusedError` (400)."""
    reason = " ".join(text.split())
    if not reason or len(reason) > _LONGEST or not reason.isprintable():
        raise RefusedError(
            "a reason is needed",
            status=400,
            reason=f"plain words are, of at most {_LONGEST} characters",
        )
    return reason


class Requests:
    """The requests in the database. Raises `MirrorError`, and `RefusedError` as said."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def make(
        self, caller: Caller, asked: Wanted, moment: datetime, *, actor: str | None = None
    ) -> tuple[int, bool]:
        """Ask for a release; return the request's number, and whether it is a new one.

        There is one open request for a release. `actor` is whoever types it for the caller. Raises
        `RefusedError` (403).
        """
        caller.demand(Role.REQUESTER)
        with self._database.begin() as connection:
            return _made(connection, caller.person, asked, Act(actor or caller.name, moment))

    def make_automatically(
        self, caller: Caller | None, asked: Wanted, moment: datetime
    ) -> int | None:
        """Ask for what somebody was just denied, once; `None` where that would be too many.

        Without a caller who may ask, nobody in person has asked.
        """
        if self._was_asked_for(asked):
            return None
        with self._database.begin() as connection:
            if caller is not None and caller.role.includes(Role.REQUESTER):
                return _made(connection, caller.person, asked, Act(caller.name, moment))[0]
            nobody = found(connection, SYSTEM)
            if nobody is None:
                nobody = added(connection, SYSTEM, Role.REQUESTER, Act(SYSTEM, moment))
            if _open_of(connection, nobody) >= _OPEN_AT_ONCE:
                return None
            return _made(connection, nobody, asked, Act(SYSTEM, moment))[0]

    def _was_asked_for(self, asked: Wanted) -> bool:
        table = schema.requests
        query = select(table.c.number).where(
            table.c.project == asked.project, table.c.version == str(asked.version)
        )
        with self._database.read() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def withdraw(self, caller: Caller, number: int, moment: datetime) -> None:
        """Take one's own request back. Raises `RefusedError` (403, 404, 409)."""
        caller.demand(Role.REQUESTER)
        table = schema.requests
        with self._database.begin() as connection:
            row = opened(connection, number)
            statement = update(table).where(
                table.c.number == number,
                table.c.state == State.OPEN,
                table.c.requested_by == caller.person.number,
            )
            done = connection.execute(statement.values(state=State.WITHDRAWN, closed_at=moment))
            if not done.rowcount:
                raise RefusedError(
                    "this is somebody else's request",
                    status=403,
                    hint="an approver can reject it",
                )
            act = Act(caller.name, moment)
            audit.write(connection, act, "withdraw", _subject(row), request=number)

    def examined(self, number: int, examination: Examination) -> None:
        """Keep what was found, while the request is open."""
        table = schema.requests
        said = msgspec.json.encode(examination).decode()
        statement = update(table).where(table.c.number == number, table.c.state == State.OPEN)
        with self._database.begin() as connection:
            connection.execute(statement.values(examined=said))

    def one(self, number: int) -> ApprovalRequest:
        """Return a request with its votes. Raises `RefusedError` (404)."""
        with self._database.read() as connection:
            return loaded(connection, number)

    def some(
        self,
        *,
        state: State | None = None,
        project: NormalizedName | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[ApprovalRequest]:
        """Return requests with their votes, the newest first; those numbered below `before`."""
        table = schema.requests
        query = _JOINED.order_by(table.c.number.desc()).limit(limit)
        if state is not None:
            query = query.where(table.c.state == state)
        if project is not None:
            query = query.where(table.c.project == project)
        if before is not None:
            query = query.where(table.c.number < before)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
            votes = _votes(connection, [row.number for row in rows])
        return [_request(row, votes.get(row.number, ())) for row in rows]

    def unexamined(self, limit: int = 100) -> list[ApprovalRequest]:
        """Return open requests that nobody has looked into, the oldest first."""
        table = schema.requests
        query = _JOINED.where(table.c.state == State.OPEN, table.c.examined.is_(None))
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(table.c.number).limit(limit)).all()
        return [_request(row, ()) for row in rows]

    def count(self, state: State) -> int:
        """Return how many requests are in that state."""
        query = select(func.count()).where(schema.requests.c.state == state)
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())


def opened(connection: Connection, number: int) -> Row[Any]:
    """Return the row of an open request, locked. Raises `RefusedError` (404, 409)."""
    query = select(schema.requests).where(schema.requests.c.number == number).with_for_update()
    row = connection.execute(query).first()
    if row is None:
        raise missing(number)
    if row.state != State.OPEN:
        raise RefusedError(
            f"request {number} is {row.state} already",
            status=409,
            hint="make a new request, if this is still needed",
        )
    return row


def loaded(connection: Connection, number: int) -> ApprovalRequest:
    """Return a request with its votes. Raises `RefusedError` (404)."""
    row = connection.execute(_JOINED.where(schema.requests.c.number == number)).first()
    if row is None:
        raise missing(number)
    return _request(row, _votes(connection, [number]).get(number, ()))


def missing(number: int) -> RefusedError:
    """Return the refusal of a request that there is not."""
    return RefusedError(f"there is no request {number}", status=404)


def _made(connection: Connection, person: Person, asked: Wanted, act: Act) -> tuple[int, bool]:
    table = schema.requests
    if connection.dialect.name == "postgresql":  # two at once are to make one request
        key = func.hashtextextended(f"{asked.project} {asked.version}", 0)
        connection.execute(select(func.pg_advisory_xact_lock(key)))
    same = select(table.c.number).where(
        table.c.project == asked.project,
        table.c.version == str(asked.version),
        table.c.state == State.OPEN,
    )
    already = connection.execute(same).scalars().first()
    if already is not None:
        return already, False
    values = {
        "project": asked.project,
        "version": str(asked.version),
        "reason": asked.reason,
        "requested_by": person.number,
        "requested_at": act.moment,
        "state": State.OPEN,
        "expires": midnight(asked.expires),
    }
    number = connection.execute(insert(table).values(**values).returning(table.c.number))
    made = int(number.scalar_one())
    audit.write(
        connection,
        act,
        "request",
        f"{asked.project} {asked.version}",
        request=made,
        of=person.name,
        reason=asked.reason,
        expires=asked.expires.isoformat() if asked.expires else None,
    )
    return made, True


def _open_of(connection: Connection, person: Person) -> int:
    table = schema.requests
    query = select(func.count()).where(
        table.c.requested_by == person.number, table.c.state == State.OPEN
    )
    return int(connection.execute(query).scalar_one())


def midnight(day: date | None) -> datetime | None:
    """Return the moment at which `day` begins, in UTC."""
    return datetime.fromisoformat(f"{day}T00:00:00+00:00") if day else None


def _subject(row: Row[Any]) -> str:
    return f"{row.project} {row.version}"


def _votes(connection: Connection, numbers: Sequence[int]) -> Mapping[int, tuple[Vote, ...]]:
    votes, people = schema.votes, schema.people
    query = (
        select(votes, people.c.name)
        .join(people, people.c.number == votes.c.person)
        .where(votes.c.request.in_(numbers))
        .order_by(votes.c.at, votes.c.person)
    )
    every: dict[int, tuple[Vote, ...]] = {}
    for row in connection.execute(query):
        every[row.request] = (*every.get(row.request, ()), _vote(row))
    return every


def _vote(row: Row[Any]) -> Vote:
    accepts = msgspec.json.decode(row.accepts, type=tuple[str, ...])
    return Vote(
        person=row.name,
        approves=row.approves,
        reason=row.reason,
        accepts=tuple(map(RuleId, accepts)),
        seen=row.seen,
        at=row.at,
    )


def _request(row: Row[Any], votes: tuple[Vote, ...]) -> ApprovalRequest:
    return ApprovalRequest(
        number=row.number,
        project=NormalizedName(row.project),
        version=row.version,
        reason=row.reason,
        requested_by=row.requester,
        requested_at=row.requested_at,
        state=State(row.state),
        closed_at=row.closed_at,
        expires=row.expires.date() if row.expires else None,
        examination=_EXAMINATION.decode(row.examined) if row.examined else None,
        votes=votes,
    )


_JOINED: Final = select(schema.requests, schema.people.c.name.label("requester")).join(
    schema.people, schema.people.c.number == schema.requests.c.requested_by
)
