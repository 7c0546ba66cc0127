"""Leases: of several replicas that want to do the same thing, one does it, and not for ever."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from guard.mirror.database import schema
from guard.mirror.database.engine import Database


class Leases:
    """Who holds what. Raises `MirrorError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, key: str, holder: str, *, moment: datetime, until: datetime) -> bool:
        """Tell whether `holder` has it until then: it was free, its own, or had run out."""
        table = schema.leases
        values = {"key": key, "holder": holder, "until": until}
        with self._database.begin() as connection:
            if connection.dialect.name == "sqlite":
                statement: sqlite.Insert | postgresql.Insert = sqlite.insert(table)
            else:
                statement = postgresql.insert(table)
            statement = statement.values(values)
            statement = statement.on_conflict_do_update(
                index_elements=["key"],
                set_={"holder": holder, "until": until},
                where=(table.c.until <= moment) | (table.c.holder == holder),
            )
            connection.execute(statement)
            query = select(table.c.holder).where(table.c.key == key)
            return bool(connection.execute(query).scalar_one() == holder)

    def release(self, key: str, holder: str) -> None:
        """Give it back, where `holder` still has it."""
        table = schema.leases
        mine = (table.c.key == key) & (table.c.holder == holder)
        with self._database.begin() as connection:
            connection.execute(delete(table).where(mine))
