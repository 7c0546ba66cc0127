"""What has changed, in order: replicas poll it to know which of their rendered pages are old."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from packaging.utils import NormalizedName
from sqlalchemy import Connection, delete, func, insert, select

from guard.mirror.database import schema
from guard.mirror.database.engine import Database

_BACK: Final = 1000
"""Numbers that are looked at again: PostgreSQL gives them out before their rows can be seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What has changed since the last time somebody asked."""

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

    def after(self, number: int) -> Mapping[int, NormalizedName | None]:
        """Return the changes after `number`: whose page is another one, `None` for every page."""
        rows = schema.changes
        query = select(rows.c.number, rows.c.project).where(rows.c.number > number)
        with self._database.read() as connection:
            found = connection.execute(query).all()
        return {row[0]: None if row[1] is None else NormalizedName(row[1]) for row in found}

    def forget(self, before: datetime) -> None:
        """Remove what every replica has long seen."""
        with self._database.begin() as connection:
            connection.execute(delete(schema.changes).where(schema.changes.c.at < before))


class Seen:
    """What one reader has seen of the changes. Raises `MirrorError`."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._last = changes.latest()
        self._seen = set(changes.after(self._last - _BACK))

    def more(self) -> Changed:
        """Return what was not there the last time."""
        found = self._changes.after(self._last - _BACK)
        new = {number: name for number, name in found.items() if number not in self._seen}
        self._last = max(found, default=self._last)
        self._seen = set(found)
        return Changed(
            projects=frozenset(name for name in new.values() if name is not None),
            everything=None in new.values(),
        )
