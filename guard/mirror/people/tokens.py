"""Tokens: 256 random bits that stand for a person. Only their sha256 is kept.

A session of the web page is a token too, and ends with the one that it was begun with.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, select, update

from guard.errors import UsageError
from guard.mirror.database import Database, audit, schema
from guard.mirror.database.audit import Act
from guard.mirror.people.person import Caller, Person, Role
from guard.mirror.people.roster import added, found, known, person_of

_BYTES: Final = 32
_PREFIX: Final = "wgm_"
"""So that whoever looks for secrets in a repository finds this one."""

_TOKEN: Final = re.compile(rf"{_PREFIX}[A-Za-z0-9_-]{{43}}")
_LABEL: Final = 100
_KEPT: Final = timedelta(days=30)
_SESSION: Final = "web session"


@dataclass(frozen=True, slots=True)
class Made:
    """A new token, shown this once."""

    number: int
    secret: str

    def __repr__(self) -> str:
        return f"Made(number={self.number})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What is kept of a token."""

    number: int
    person: str
    label: str
    scope: Role
    created_at: datetime
    expires: datetime | None
    revoked_at: datetime | None
    parent: int | None

    def status(self, moment: datetime) -> str:
        """Say whether it can be used: `valid`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires is not None and self.expires <= moment else "valid"


class Tokens:
    """The tokens in the database. Raises `MirrorError`, and `UsageError` as said."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self, person: str, act: Act, *, label: str, scope: Role | None, expires: datetime | None
    ) -> Made:
        """Make a token for somebody, limited to what they may do now or to `scope`.

        Raises `UsageError` where there is nobody of that name.
        """
        with self._database.begin() as connection:
            holder = known(connection, person)
            scope = holder.role if scope is None else holder.role.at_most(scope)
            terms = _Terms(label, scope, expires)
            made = _made(connection, holder, terms, act.moment)
            audit.write(
                connection,
                act,
                "token create",
                f"token {made.number}",
                person=person,
                scope=scope,
                label=label[:_LABEL],
                expires=expires.isoformat() if expires else None,
            )
        return made

    def begin_session(self, caller: Caller, *, until: datetime, moment: datetime) -> Made:
        """Make the token of a session that ends with the caller's own token, or before."""
        with self._database.begin() as connection:
            own = connection.execute(_by_number(caller.token)).one()
            ends = min(until, own.expires) if own.expires else until
            terms = _Terms(_SESSION, caller.role, ends, parent=caller.token)
            return _begun(connection, caller.person, terms, moment, f"token {caller.token}")

    def begin_session_of(
        self, person: Person, *, how: str, until: datetime, moment: datetime
    ) -> Made:
        """Make the token of a session of somebody whom an identity provider vouches for."""
        with self._database.begin() as connection:
            terms = _Terms(_SESSION, Role.ADMIN, until)
            return _begun(connection, person, terms, moment, how)

    def exchange(self, rule: str, subject: str, *, expires: datetime, moment: datetime) -> Made:
        """Make a token to read with, for what an identity token proved itself to be."""
        act = Act(f"({rule})", moment)
        name = f"ci: {rule}"
        with self._database.begin() as connection:
            holder = found(connection, name) or added(connection, name, Role.READER, act)
            made = _made(connection, holder, _Terms(subject, Role.READER, expires), moment)
            number = f"token {made.number}"
            audit.write(connection, act, "exchange", number, of=subject, expires=str(expires))
        return made

    def forget(self, moment: datetime) -> None:
        """Remove what expired a month ago. The audit log still has that it was."""
        table, child = schema.tokens, schema.tokens.alias()
        parents = select(child.c.parent).where(child.c.parent.is_not(None))
        old = table.c.expires < moment - _KEPT
        with self._database.begin() as connection:
            connection.execute(delete(table).where(old, table.c.number.not_in(parents)))

    def revoke(self, number: int, act: Act, *, action: str = "token revoke") -> None:
        """End a token, and every session that was begun with it. Raises `UsageError`."""
        table = schema.tokens
        ended = (table.c.number == number) | (table.c.parent == number)
        with self._database.begin() as connection:
            if connection.execute(_by_number(number)).first() is None:
                raise UsageError(f"there is no token {number}", hint="`guard mirror token list`")
            still = ended & table.c.revoked_at.is_(None)
            done = connection.execute(update(table).where(still).values(revoked_at=act.moment))
            if done.rowcount:
                audit.write(connection, act, action, f"token {number}")

    def all(self) -> list[Token]:
        """Return every token, the oldest first."""
        tokens, people = schema.tokens, schema.people
        query = select(tokens, people.c.name.label("person_name")).join(people)
        with self._database.read() as connection:
            return [_token(row) for row in connection.execute(query.order_by(tokens.c.number))]

    def caller(self, secret: str, moment: datetime) -> Caller | None:
        """Return whom the token stands for at `moment`; `None` where it is none, or no more."""
        if not _TOKEN.fullmatch(secret):
            return None
        digest = hashed(secret)
        tokens, people = schema.tokens, schema.people
        query = (
            select(people, tokens.c.number.label("token"), tokens.c.hash, tokens.c.scope)
            .join(tokens, tokens.c.person == people.c.number)
            .where(
                tokens.c.hash == digest,
                tokens.c.revoked_at.is_(None),
                tokens.c.expires.is_(None) | (tokens.c.expires > moment),
                people.c.disabled.is_(False),
            )
        )
        with self._database.read() as connection:
            row = connection.execute(query).first()
        if row is None or not hmac.compare_digest(row.hash, digest):
            return None
        person = person_of(row)
        return Caller(person=person, role=person.role.at_most(Role(row.scope)), token=row.token)


def hashed(secret: str) -> str:
    """Return what is kept of a token. It is random, so that no salt is needed."""
    return hashlib.sha256(secret.encode("utf-8", "backslashreplace")).hexdigest()


@dataclass(frozen=True, slots=True)
class _Terms:
    label: str
    scope: Role
    expires: datetime | None
    parent: int | None = None


def _made(connection: Connection, person: Person, terms: _Terms, moment: datetime) -> Made:
    secret = _PREFIX + secrets.token_urlsafe(_BYTES)
    values: dict[str, Any] = {
        "person": person.number,
        "hash": hashed(secret),
        "label": terms.label[:_LABEL],
        "parent": terms.parent,
        "scope": terms.scope,
        "created_at": moment,
        "expires": terms.expires,
    }
    statement = insert(schema.tokens).values(**values).returning(schema.tokens.c.number)
    return Made(connection.execute(statement).scalar_one(), secret)


def _begun(
    connection: Connection, person: Person, terms: _Terms, moment: datetime, how: str
) -> Made:
    made = _made(connection, person, terms, moment)
    audit.write(connection, Act(person.name, moment), "login", f"token {made.number}", how=how)
    return made


def _by_number(number: int) -> Any:  # noqa: ANN401 - SQLAlchemy's type says nothing more
    return select(schema.tokens).where(schema.tokens.c.number == number)


def _token(row: Row[Any]) -> Token:
    return Token(
        number=row.number,
        person=row.person_name,
        label=row.label,
        scope=Role(row.scope),
        created_at=row.created_at,
        expires=row.expires,
        revoked_at=row.revoked_at,
        parent=row.parent,
    )
