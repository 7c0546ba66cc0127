"""Tells receivers what has happened: in order, each once, and again when one did not take it.

How far each receiver is stands in the database: of several replicas one tells it, and what one that
was killed has not told, another one does. Whoever is told twice knows it by the number of an event.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from guard.mirror.database import schema
from guard.mirror.database.engine import Database
from guard.mirror.database.notices import REQUESTED, Notice, Notices, noticed
from guard.mirror.mirror import Mirror
from guard.mirror.watch.leasing import leased
from guard.mirror.watch.notify.receiver import DeliveryError, Receiver

_log: Final = logging.getLogger("guard.mirror")
_BATCH: Final = 100
_ATTEMPTS: Final = 12
"""After so many, over about a day, what was not taken is given up, and counted."""

_LONGEST: Final = timedelta(hours=4)
_GAP: Final = timedelta(seconds=30)
"""After which a number that is missing belongs to nothing: its transaction was undone."""

_KEPT: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far one receiver is."""

    target: str
    number: int
    attempts: int
    due: datetime
    error: str | None
    lost: int


class Deliveries:
    """What receivers have been told. Used by one thread; raises `MirrorError`."""

    def __init__(self, mirror: Mirror, receivers: Sequence[Receiver], *, name: str) -> None:
        """`name` is how the mirror calls itself."""
        self._mirror = mirror
        self._receivers = receivers
        self._name = name
        self._notices = Notices(mirror.database)
        for receiver in receivers:
            _begin(mirror.database, receiver, self._notices.latest(), mirror.clock())

    def tick(self, over: threading.Event | None = None) -> None:
        """Tell everybody what is due."""
        _requested(self._mirror.database, self._mirror.clock())
        for receiver in self._receivers:
            with leased(self._mirror, f"tell {receiver.name}") as mine:
                while mine and not (over and over.is_set()) and self._told(receiver):
                    pass

    def standing(self) -> Mapping[str, Standing]:
        """Return how far the receivers are, by how they are shown."""
        known = {receiver.name: receiver.shown for receiver in self._receivers}
        return {known[s.target]: s for s in _standings(self._mirror.database) if s.target in known}

    def _told(self, receiver: Receiver) -> bool:
        """Tell one batch; tell whether there may be more."""
        now, database = self._mirror.clock(), self._mirror.database
        (standing,) = [s for s in _standings(database) if s.target == receiver.name]
        if standing.due > now:
            return False
        notices = _without_gaps(
            self._notices.after(standing.number, limit=_BATCH), standing.number, now
        )
        if not notices:
            return False
        try:
            receiver.tell(notices, mirror=self._name, moment=now)
        except DeliveryError as error:
            self._failed(standing, notices, error, now)
            return False
        _note(database, receiver.name, number=notices[-1].number, attempts=0, error=None)
        return len(notices) == _BATCH

    def _failed(
        self, standing: Standing, notices: Sequence[Notice], error: DeliveryError, now: datetime
    ) -> None:
        attempts = standing.attempts + 1
        _log.warning("%s: %s (%d)", error.message, error.reason, attempts)
        said: dict[str, Any] = {"error": f"{error.message}: {error.reason}", "attempts": attempts}
        if attempts >= _ATTEMPTS:
            lost = standing.lost + len(notices)
            said |= {"number": notices[-1].number, "attempts": 0, "lost": lost}
            _log.error("%s: %d events were given up", error.message, len(notices))
        wait = min(timedelta(seconds=5 * 2**attempts), _LONGEST)
        _note(self._mirror.database, standing.target, due=now + wait, **said)

    def forget(self) -> None:
        """Remove what is older than anybody asks for."""
        self._notices.forget(self._mirror.clock() - _KEPT)


def _without_gaps(notices: Sequence[Notice], last: int, now: datetime) -> Sequence[Notice]:
    """Return the events up to the first number that may still come: PostgreSQL commits as it likes.

    Whatever is told is over with, so what comes between must not be passed over.
    """
    for position, notice in enumerate(notices):
        if notice.number != last + 1 and now - notice.at < _GAP:
            return notices[:position]
        last = notice.number
    return notices


def _begin(database: Database, receiver: Receiver, number: int, now: datetime) -> None:
    """Begin to tell a receiver: of what happens from now on."""
    insert: Any = (sqlite if database.embedded else postgresql).insert
    values = {"target": receiver.name, "number": number, "due": now}
    with database.begin() as connection:
        connection.execute(insert(schema.deliveries).values(values).on_conflict_do_nothing())


def _standings(database: Database) -> list[Standing]:
    with database.read() as connection:
        rows = connection.execute(select(schema.deliveries)).mappings().all()
    return [Standing(**row) for row in rows]


def _note(database: Database, target: str, **values: object) -> None:
    this = schema.deliveries.c.target == target
    with database.begin() as connection:
        connection.execute(update(schema.deliveries).where(this).values(values))


def _requested(database: Database, now: datetime) -> None:
    """Turn requests that nobody was told of into events: the last that was is in its number."""
    c = schema.requests.c
    people = schema.people.c
    told = select(func.max(schema.deliveries.c.number)).where(
        schema.deliveries.c.target == REQUESTED
    )
    with database.begin() as connection:
        last = connection.execute(told).scalar_one()
        insert: Any = (sqlite if database.embedded else postgresql).insert(schema.deliveries)
        if last is None:
            newest = connection.execute(select(func.coalesce(func.max(c.number), 0))).scalar_one()
            values = {"target": REQUESTED, "number": newest, "due": now}
            connection.execute(insert.values(values).on_conflict_do_nothing())
            return
        query = select(c.number, c.project, c.version, c.reason, people.name)
        query = query.join(schema.people, people.number == c.requested_by)
        for row in connection.execute(query.where(c.number > last).order_by(c.number)).all():
            data = {
                "request": row.number,
                "project": row.project,
                "version": row.version,
                "reason": row.reason,
                "by": row.name,
            }
            this = update(schema.deliveries).where(
                schema.deliveries.c.target == REQUESTED, schema.deliveries.c.number < row.number
            )
            if connection.execute(this.values(number=row.number)).rowcount:
                noticed(connection, REQUESTED, data, moment=now)
