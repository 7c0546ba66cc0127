"""How the mirror is: what it can use, what it judges by, how old that is, and what waits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select, text

from guard.duration import ago
from guard.errors import MirrorError
from guard.mirror.database import schema
from guard.mirror.database.notices import REQUESTED
from guard.mirror.judging import Judge
from guard.mirror.mirror import Mirror
from guard.mirror.records import State
from guard.mirror.watch.holdings import Holdings
from guard.mirror.watch.observing import Observations, Reach
from guard.mirror.watch.rounds import Round, Rounds
from guard.model import Unknown
from guard.sources.advisories import AdvisorySource

_NOTHING: Final = "0" * 64
"""A digest that nothing has: whether it is there can be asked without finding anything."""

_OLD_ADVISORIES: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that the mirror needs."""

    ready: bool
    reason: str | None = None
    """What is wrong with it: where it is `ready` all the same, a warning."""

    def document(self) -> dict[str, object]:
        """Return it for programs."""
        word = "ok" if self.reason is None else "warning" if self.ready else "failed"
        said: dict[str, object] = {"status": word}
        return said | ({"reason": self.reason} if self.reason else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What is counted in the database."""

    files: Mapping[State, int]
    pending: int
    """Held, and not yet judged under the standpoint of now."""

    jobs: int
    """Of the embedded queue."""

    notices: int
    """What somebody is still to be told."""

    reach: Reach
    rounds: tuple[Round, ...]


class Health:
    """Looks at everything. Used by many threads."""

    def __init__(
        self,
        mirror: Mirror,
        judge: Judge,
        jobs: Callable[[], int] | None = None,
        failing: Callable[[], str | None] = lambda: None,
    ) -> None:
        """`jobs` counts what waits in a queue that is not the mirror's own table.

        `failing` says what of watching goes wrong in this process.
        """
        self._failing = failing
        self._mirror = mirror
        self._judge = judge
        self._jobs = jobs
        self._lock = threading.Lock()
        self._untrue_since: datetime | None = None

    def checks(self) -> Mapping[str, Check]:
        """Return what the mirror needs to serve, and how each of it is."""
        return {
            "database": self._try(self._database),
            "store": self._try(lambda: self._mirror.store.has(_NOTHING)),
            "policy": self._policy(),
            "advisories": self._advisories(),
            "watching": Check(ready=True, reason=self._failing()),
        }

    def figures(self) -> Figures:
        """Count. Raises `MirrorError`."""
        holdings = Holdings(self._mirror.database)
        return Figures(
            files=holdings.by_state(),
            pending=holdings.pending(self._judge.epoch),
            jobs=self._jobs() if self._jobs is not None else self._count(schema.jobs),
            notices=self._untold(),
            reach=Observations(self._mirror.database).reach(),
            rounds=tuple(Rounds(self._mirror.database).latest(10)),
        )

    def advisories_age(self) -> timedelta | None:
        """Return how old the advisories are; `None` where there are none."""
        snapshot = self._judge.advisories.snapshot
        return None if isinstance(snapshot, Unknown) else self._mirror.clock() - snapshot.as_of

    def untrue_for(self) -> timedelta | None:
        """Return how long the policy files have not been readable."""
        with self._lock:
            now = self._mirror.clock()
            if self._judge.trouble is None:
                self._untrue_since = None
            elif self._untrue_since is None:
                self._untrue_since = now
            return None if self._untrue_since is None else now - self._untrue_since

    def _database(self) -> None:
        with self._mirror.database.read() as connection:
            connection.execute(text("SELECT 1"))

    def _try(self, look: Callable[[], object]) -> Check:
        try:
            look()
        except MirrorError as error:
            return Check(ready=False, reason=f"{error.message}: {error.reason}")
        return Check(ready=True)

    def _policy(self) -> Check:
        """Say how long the one before has been in force: it loosens nothing, but not for ever."""
        age = self.untrue_for()
        if age is None:
            return Check(ready=True)
        limit = self._mirror.settings.stale_age
        words = f"its files could not be read for {ago(age)}: {self._judge.trouble}"
        return Check(ready=age <= limit, reason=words)

    def _advisories(self) -> Check:
        """Whether what there is will do is for the policy's rules to say, not for this."""
        snapshot = self._judge.advisories.snapshot
        if isinstance(snapshot, Unknown):
            return Check(ready=True, reason=snapshot.reason)
        age = self._mirror.clock() - snapshot.as_of
        if age > _OLD_ADVISORIES:
            return Check(ready=True, reason=f"they are {ago(age)} old")
        return Check(ready=True)

    def _count(self, table: Any) -> int:  # noqa: ANN401 - SQLAlchemy's
        with self._mirror.database.read() as connection:
            return int(connection.execute(select(func.count()).select_from(table)).scalar_one())

    def _untold(self) -> int:
        c = schema.deliveries.c
        behind = select(func.min(c.number)).where(c.target != REQUESTED).scalar_subquery()
        query = select(func.count()).select_from(schema.notices)
        query = query.where(schema.notices.c.number > behind)
        with self._mirror.database.read() as connection:
            return int(connection.execute(query).scalar_one())


def describe(health: Health, judge: Judge, now: datetime) -> dict[str, Any]:
    """Return everything as one document: `guard mirror status`. Raises `MirrorError`."""
    figures = health.figures()
    reach = figures.reach
    checks = health.checks()
    return {
        "schema": 1,
        "ready": all(check.ready for check in checks.values()),
        "checks": {name: check.document() for name, check in checks.items()},
        "epoch": judge.epoch,
        "policy": judge.policy.digest,
        "advisories": _advisories(judge.advisories, now),
        "files": {state.value: count for state, count in figures.files.items()},
        "pending": figures.pending,
        "jobs": figures.jobs,
        "notices": figures.notices,
        "upstreams": {
            "projects": reach.observed,
            "unreached": reach.unreached,
            "oldest": _moment(reach.oldest),
            "trouble": reach.trouble,
        },
        "rounds": [_round(item) for item in figures.rounds],
    }


def _advisories(source: AdvisorySource, now: datetime) -> dict[str, Any]:
    snapshot = source.snapshot
    if isinstance(snapshot, Unknown):
        return {"as_of": None, "reason": snapshot.reason}
    return {
        "as_of": _moment(snapshot.as_of),
        "fetched_at": _moment(snapshot.fetched_at),
        "age_seconds": int((now - snapshot.as_of).total_seconds()),
        "source": snapshot.source,
        "records": snapshot.records,
    }


def _round(item: Round) -> dict[str, Any]:
    return {
        "number": item.number,
        "kind": item.kind.value,
        "project": item.project,
        "began_at": _moment(item.began_at),
        "ended_at": _moment(item.ended_at),
        "judged": item.outcome.judged,
        "revoked": item.outcome.revoked,
        "restored": item.outcome.restored,
        "undecided": item.outcome.undecided,
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"
