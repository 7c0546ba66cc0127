"""The projects that were ever asked for, and whose they are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from packaging.utils import NormalizedName
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from guard.mirror.database import schema
from guard.mirror.database.engine import Database


class Projects:
    """The owners of names. Raises `MirrorError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def owner(self, project: NormalizedName) -> str | None:
        """Return the index that `project` is taken from, if that was ever settled."""
        query = select(schema.projects.c.owner).where(schema.projects.c.name == project)
        with self._database.read() as connection:
            return connection.execute(query).scalar_one_or_none()

    def claim(self, project: NormalizedName, owner: str, *, moment: datetime) -> str:
        """Write down whose `project` is, and return it: somebody else may have been first."""
        values = {"name": project, "owner": owner, "first_seen": moment}
        insert = sqlite.insert if self._database.embedded else postgresql.insert
        statement = insert(schema.projects).values(values)
        known = statement.on_conflict_do_update(  # nothing is changed: else nothing is returned
            index_elements=["name"], set_={"owner": schema.projects.c.owner}
        ).returning(schema.projects.c.owner)
        return self._database.transact(lambda connection: str(connection.scalar(known)))

    def owners(self) -> Sequence[str]:
        """Return the indexes that own any project, in order."""
        query = select(schema.projects.c.owner).distinct().order_by(schema.projects.c.owner)
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())

    def names(self) -> Sequence[NormalizedName]:
        """Return the names of all of them, in order."""
        query = select(schema.projects.c.name).order_by(schema.projects.c.name)
        with self._database.read() as connection:
            return [NormalizedName(name) for name in connection.execute(query).scalars()]
