"""Rounds: each time that everything held is judged again, and why. One round for one reason."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from packaging.utils import NormalizedName
from sqlalchemy import RowMapping, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from guard.mirror.database import schema
from guard.mirror.database.engine import Database
from guard.mirror.watch.rejudging import Outcome

_C: Final = schema.rounds.c
_KEPT: Final = 200


class Kind(enum.StrEnum):
    """Why a round is made."""

    STANDPOINT = "standpoint"
    """The policy, the approvals or the advisories say something else."""

    DAY = "day"
    """What holds until midnight is over: approvals and waivers expire, files ripen."""

    UPSTREAMS = "upstreams"
    """It is time to look at the pages of what is held."""

    ASKED = "asked"
    """Somebody wants it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What is to be judged again."""

    kind: Kind
    epoch: str
    since: datetime
    """What was judged after, by the same epoch, is left alone."""

    project: NormalizedName | None = None
    """`None` for everything that is held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round(Due):
    """One round: under way while `ended_at` is `None`."""

    number: int
    began_at: datetime
    ended_at: datetime | None
    outcome: Outcome


class Rounds:
    """Reads and writes rounds. Raises `MirrorError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, key: str, due: Due, *, moment: datetime) -> bool:
        """Have a round made, unless one by that key was ever made; tell whether it is a new one."""
        values = {
            "key": key,
            "kind": due.kind.value,
            "epoch": due.epoch,
            "project": due.project,
            "since": due.since,
            "began_at": moment,
        }
        with self._database.begin() as connection:
            embedded = connection.dialect.name == "sqlite"
            statement: Any = (sqlite if embedded else postgresql).insert(schema.rounds)
            statement = statement.values(values).on_conflict_do_nothing(index_elements=["key"])
            return bool(connection.execute(statement.returning(_C.number)).first())

    def open(self) -> Sequence[Round]:
        """Return the rounds that are not over, the oldest first."""
        return self._some(_C.ended_at.is_(None), limit=_KEPT)[::-1]

    def find(self, number: int) -> Round | None:
        """Return one round."""
        return next(iter(self._some(_C.number == number, limit=1)), None)

    def last(self, kind: Kind) -> Round | None:
        """Return the last round of a kind."""
        return next(iter(self._some(_C.kind == kind.value, limit=1)), None)

    def latest(self, limit: int = 10) -> Sequence[Round]:
        """Return the last rounds, the newest first."""
        return self._some(_C.number > 0, limit=limit)

    def add(self, number: int, outcome: Outcome) -> None:
        """Count what a batch of a round has come to."""
        more = {
            name: _C[name] + getattr(outcome, name)
            for name in ("judged", "revoked", "restored", "undecided")
        }
        with self._database.begin() as connection:
            connection.execute(update(schema.rounds).where(_C.number == number).values(more))

    def end(self, number: int, *, moment: datetime) -> None:
        """Write that a round is over; old ones are forgotten."""
        with self._database.begin() as connection:
            this = update(schema.rounds).where(_C.number == number, _C.ended_at.is_(None))
            connection.execute(this.values(ended_at=moment))
            old = delete(schema.rounds).where(_C.number < number - _KEPT, _C.ended_at.is_not(None))
            connection.execute(old)

    def _some(self, where: Any, *, limit: int) -> list[Round]:  # noqa: ANN401 - SQLAlchemy's
        query = select(schema.rounds).where(where).order_by(_C.number.desc()).limit(limit)
        with self._database.read() as connection:
            return [_round(row) for row in connection.execute(query).mappings()]


def _round(row: RowMapping) -> Round:
    return Round(
        number=row["number"],
        kind=Kind(row["kind"]),
        epoch=row["epoch"],
        project=None if row["project"] is None else NormalizedName(row["project"]),
        since=row["since"],
        began_at=row["began_at"],
        ended_at=row["ended_at"],
        outcome=Outcome(
            judged=row["judged"],
            revoked=row["revoked"],
            restored=row["restored"],
            undecided=row["undecided"],
        ),
    )
