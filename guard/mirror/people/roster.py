"""The people in the database. What is done to them is in the audit log, in the same transaction."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from guard.errors import UsageError
from guard.mirror.database import Database, audit, schema
from guard.mirror.database.audit import Act
from guard.mirror.people.person import Person, Role, valid_name


class Roster:
    """Everybody whom the mirror knows. Raises `MirrorError`, and `UsageError` as said."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, name: str, role: Role, act: Act, *, subject: str | None = None) -> Person:
        """Add somebody. Raises `UsageError` where there is somebody of that name already."""
        name = valid_name(name)
        with self._database.begin() as connection:
            if found(connection, name) is not None:
                raise UsageError(
                    f"there is somebody called `{name}` already",
                    hint="`guard mirror person role` changes what they may do",
                )
            return added(connection, name, role, act, subject=subject)

    def role(self, name: str, role: Role, act: Act) -> Person:
        """Change what somebody may do, from now on. Raises `UsageError`."""
        with self._database.begin() as connection:
            person = known(connection, name)
            _change(connection, person, role=role)
            audit.write(connection, act, "person role", name, role=role, before=person.role)
            return known(connection, name)

    def disable(self, name: str, act: Act, *, disabled: bool) -> Person:
        """Shut somebody out with all of their tokens, or let them in again. Raises `UsageError`."""
        action = "person disable" if disabled else "person enable"
        with self._database.begin() as connection:
            person = known(connection, name)
            _change(connection, person, disabled=disabled)
            audit.write(connection, act, action, name)
            return known(connection, name)

    def all(self) -> list[Person]:
        """Return everybody, in the order of their names."""
        query = select(schema.people).order_by(schema.people.c.name)
        with self._database.read() as connection:
            return [person_of(row) for row in connection.execute(query)]

    def of_subject(self, subject: str) -> Person | None:
        """Return whoever logs in as that subject of OIDC."""
        query = select(schema.people).where(schema.people.c.subject == subject)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return person_of(row) if row else None


def added(
    connection: Connection, name: str, role: Role, act: Act, *, subject: str | None = None
) -> Person:
    """Add somebody within a transaction, whatever the name."""
    values = {"name": name, "role": role, "subject": subject, "created_at": act.moment}
    connection.execute(insert(schema.people).values(disabled=False, **values))
    more = {"oidc": subject} if subject else {}
    audit.write(connection, act, "person add", name, role=role, **more)
    return known(connection, name)


def found(connection: Connection, name: str) -> Person | None:
    """Return whoever has that name."""
    query = select(schema.people).where(schema.people.c.name == name)
    row = connection.execute(query).first()
    return person_of(row) if row else None


def known(connection: Connection, name: str) -> Person:
    """Return whoever has that name. Raises `UsageError`."""
    person = found(connection, name)
    if person is None:
        raise UsageError(
            f"there is nobody called `{name}`", hint="`guard mirror person list` names everybody"
        )
    return person


def person_of(row: Row[Any]) -> Person:
    """Return what a row of `people` says."""
    return Person(
        number=row.number,
        name=row.name,
        role=Role(row.role),
        subject=row.subject,
        disabled=row.disabled,
    )


def _change(connection: Connection, person: Person, **values: object) -> None:
    statement = update(schema.people).where(schema.people.c.number == person.number)
    connection.execute(statement.values(**values))
