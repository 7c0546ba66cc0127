"""What people are told of: written in the transaction of what it tells, and read in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, delete, func, insert, select

from guard.mirror.database import schema
from guard.mirror.database.engine import Database

REVOKED: Final = "file.revoked"
RESTORED: Final = "file.restored"
DENIED: Final = "release.denied"
LIFTED: Final = "release.lifted"
REQUESTED: Final = "request.opened"
FEED_FAILED: Final = "feed.failed"
FEED_RECOVERED: Final = "feed.recovered"
POLICY_FAILED: Final = "policy.failed"
POLICY_RECOVERED: Final = "policy.recovered"
UPSTREAM_FAILED: Final = "upstream.failed"
UPSTREAM_RECOVERED: Final = "upstream.recovered"
TEST: Final = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One event."""

    number: int
    event: str
    at: datetime
    data: Mapping[str, Any]


def noticed(
    connection: Connection, event: str, data: Mapping[str, object], *, moment: datetime
) -> None:
    """Have people told, once the transaction of `connection` is done."""
    said = msgspec.json.encode(data).decode()
    connection.execute(insert(schema.notices).values(event=event, at=moment, data=said))


class Notices:
    """Reads and writes events. Raises `MirrorError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, event: str, data: Mapping[str, object], *, moment: datetime) -> None:
        """Have people told of one event."""
        with self._database.begin() as connection:
            noticed(connection, event, data, moment=moment)

    def turned(
        self, events: tuple[str, str], data: Mapping[str, object] | None, *, moment: datetime
    ) -> bool:
        """Have people told when something has failed (`data` says how), or is well again.

        `events` are those two. What everybody was told already is not said again. Tell whether
        anything was.
        """
        failed, recovered = events
        c = schema.notices.c
        query = select(c.event).where(c.event.in_(events)).order_by(c.number.desc()).limit(1)
        event = recovered if data is None else failed
        with self._database.read() as connection:
            last = connection.execute(query).scalar_one_or_none() or recovered
        if event != last:
            self.add(event, data or {}, moment=moment)
        return event != last

    def latest(self) -> int:
        """Return the number of the last event."""
        query = select(func.coalesce(func.max(schema.notices.c.number), 0))
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def after(self, number: int, *, limit: int) -> Sequence[Notice]:
        """Return the events after `number`, the oldest first."""
        c = schema.notices.c
        query = select(schema.notices).where(c.number > number).order_by(c.number).limit(limit)
        with self._database.read() as connection:
            rows = connection.execute(query).mappings().all()
        return [
            Notice(
                number=row["number"],
                event=row["event"],
                at=row["at"],
                data=msgspec.json.decode(row["data"]),
            )
            for row in rows
        ]

    def forget(self, before: datetime) -> None:
        """Remove what is older."""
        with self._database.begin() as connection:
            connection.execute(delete(schema.notices).where(schema.notices.c.at < before))
