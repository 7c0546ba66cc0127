"""What has changed, in order: replicas poll it to know which of their rendered pages are old."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from packaging.utils import NormalizedName
from sqlalchemy import Connection, delete, func, insert, select

from guard.mirror.database import schema
from guard.mirror.database.engine import Database


@dataclass(frozen=True, slots=True)
class Changed:
    """What has changed since the last time somebody asked."""

    number: int
    """To ask from the next time."""

    projects: frozenset[NormalizedName] = frozenset()
    everything: bool = False


def changed(connection: Connection, project: NormalizedName | None, *, moment: datetime) -> None:
    """Say, within a transaction, that the page of `project` is another one; `None`: every page."""
    connection.execute(insert(schema.changes).values(project=project, at=moment))


class Changes:
    """Reads what was said. Raises `MirrorError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def latest(self) -> int:
        """Return the number of the last change."""
        query = select(func.coalesce(func.max(schema.changes.c.number), 0))
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def since(self, number: int) -> Changed:
        """Return what has changed after `number`.

        PostgreSQL numbers rows before they can be seen, so some may come to light late: whoever
        polls asks again from a little further back.
        """
        rows = schema.changes
        query = select(rows.c.number, rows.c.project).where(rows.c.number > number)
        with self._database.read() as connection:
            found = connection.execute(query).all()
        names = frozenset(NormalizedName(name) for _, name in found if name is not None)
        return Changed(
            number=max((row[0] for row in found), default=number),
            projects=names,
            everything=any(name is None for _, name in found),
        )

    def forget(self, before: datetime) -> None:
        """Remove what every replica has long seen."""
        with self._database.begin() as connection:
            connection.execute(delete(schema.changes).where(schema.changes.c.at < before))
