"""Leases: of several replicas that want to do the same thing, one does it, and not for ever."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete
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
        insert = sqlite.insert if self._database.embedded else postgresql.insert
        statement = insert(table).values(values)
        statement = statement.on_conflict_do_update(
            index_elements=["key"],
            set_={"holder": holder, "until": until},
            where=(table.c.until <= moment) | (table.c.holder == holder),
        )
        taken = statement.returning(table.c.holder)
        return (
            self._database.transact(lambda connection: connection.execute(taken).first())
            is not None
        )

    def release(self, key: str, holder: str) -> None:
        """Give it back, where `holder` still has it."""
        table = schema.leases
        mine = (table.c.key == key) & (table.c.holder == holder)
        with self._database.begin() as connection:
            connection.execute(delete(table).where(mine))
