"""Sees to it that what is held is judged again whenever something may have changed.

A round is begun when the standpoint changes, after each midnight, when it is time to look at the
upstreams' pages, and when somebody asks for one. It is begun once, whichever replica sees the
reason first; each replica that has nothing else to do takes the lease of an open round and goes on
with it, so that what a killed one has left is done by another.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

from packaging.utils import NormalizedName

from guard.mirror.judging import Judge
from guard.mirror.mirror import Mirror
from guard.mirror.owners import Owners
from guard.mirror.watch.holdings import Holdings, batches
from guard.mirror.watch.leasing import leased
from guard.mirror.watch.observing import Observing
from guard.mirror.watch.rejudging import Outcome, Rejudging
from guard.mirror.watch.rounds import Due, Kind, Round, Rounds
from guard.sources.advisories import AdvisorySource

Payload: TypeAlias = Mapping[str, Any]
Handler: TypeAlias = Callable[[Mirror, Payload], None]
Submit: TypeAlias = Callable[[str, str, Payload], object]
"""Has a job done: its kind, the key that it is done once by, and what it is about."""

REJUDGE: Final = "rejudge"
OBSERVE: Final = "observe"

_log: Final = logging.getLogger("guard.mirror")
_BATCH: Final = 20
"""Projects: what is revoked is written when its batch is over."""

_REMEMBERED: Final = 16
"""Keys of rounds that were begun, so that the database is not asked every second."""

_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Handlers:
    """Does the jobs of rounds. Used by many threads, and each job may be done more than once."""

    def __init__(self, mirror: Mirror, judge: Judge, owners: Owners) -> None:
        self._judge = judge
        self._rounds = Rounds(mirror.database)
        self._rejudging = Rejudging(mirror, judge, owners)
        self._observing = Observing(mirror, judge, owners, self._rejudging)

    def __call__(self) -> Mapping[str, Handler]:
        """Return what is to be done for each kind of job."""
        return {REJUDGE: self.rejudge, OBSERVE: self.observe}

    def rejudge(self, _: Mirror, payload: Payload) -> None:
        """Judge again what is held of some projects. Raises `MirrorError`."""
        found = self._current(payload)
        if found is not None:
            outcome = self._rejudging.batch(_projects(payload), since=found.since)
            self._count(found, outcome)

    def observe(self, _: Mirror, payload: Payload) -> None:
        """Look at the pages of some projects. Raises `MirrorError`."""
        found = self._current(payload)
        if found is not None:
            self._count(found, self._observing.batch(_projects(payload)))

    def _current(self, payload: Payload) -> Round | None:
        """Return the round of a job; `None` where it is over with, or of another standpoint.

        Whoever judges by something else than the round's standpoint would undo what others do.
        """
        found = self._rounds.find(int(payload["round"]))
        if found is not None and found.epoch != self._judge.epoch:
            self._judge.refresh()
        if found is None or found.epoch != self._judge.epoch:
            _log.warning("a job of a round that does not hold any more was left: %s", payload)
            return None
        return found

    def _count(self, found: Round, outcome: Outcome) -> None:
        if outcome != Outcome():
            self._rounds.add(found.number, outcome)


class Monitor:
    """Begins rounds, and has them done: here, or by whoever takes the jobs that are submitted."""

    def __init__(
        self,
        mirror: Mirror,
        judge: Judge,
        owners: Owners,
        *,
        every: timedelta = timedelta(hours=1),
        submit: Submit | None = None,
    ) -> None:
        """`every` is the time between two looks at the upstreams' pages."""
        self._mirror = mirror
        self._judge = judge
        self._every = every
        self._submit = submit
        self._handlers = Handlers(mirror, judge, owners)
        self._rounds = Rounds(mirror.database)
        self._holdings = Holdings(mirror.database)
        self._epoch: str | None = None
        self._known: deque[str] = deque(maxlen=_REMEMBERED)
        self._advisories: AdvisorySource = judge.advisories
        self._first: frozenset[NormalizedName] = frozenset()

    def tick(self, over: threading.Event | None = None) -> None:
        """Begin what is due, and do what is open, until `over`. Raises `MirrorError`."""
        self._begin()
        for found in self._rounds.open():
            if over is not None and over.is_set():
                return
            self._work(found, over or threading.Event())

    def _begin(self) -> None:
        now, epoch = self._mirror.clock(), self._judge.epoch
        if epoch != self._epoch:
            self._order()
            last = self._rounds.last(Kind.STANDPOINT)
            if last is None or last.epoch != epoch:
                key = f"{epoch} after {last.number if last else 0}"
                self._open(key, Due(kind=Kind.STANDPOINT, epoch=epoch, since=_NEVER), now)
            self._epoch = epoch
        day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        self._open(f"day {day:%Y-%m-%d}", Due(kind=Kind.DAY, epoch=epoch, since=day), now)
        period = int(now.timestamp() // self._every.total_seconds())
        look = Due(kind=Kind.UPSTREAMS, epoch=epoch, since=now)
        self._open(f"upstreams {period}", look, now)

    def _open(self, key: str, due: Due, moment: datetime) -> None:
        if key in self._known:
            return
        if self._rounds.begin(key, due, moment=moment):
            _log.info("everything held is judged again: %s", due.kind.value)
        self._known.append(key)

    def _order(self) -> None:
        """Note whose advisories have changed: what is known of these is to be judged first."""
        new, old = self._judge.advisories, self._advisories
        if new is not old:
            self._first = frozenset(old.differing(new, self._holdings.projects()))
            self._advisories = new

    def _work(self, found: Round, over: threading.Event) -> None:
        if found.epoch != self._judge.epoch:
            newest = self._rounds.last(Kind.STANDPOINT)
            if newest is not None and newest.epoch != found.epoch:
                self._rounds.end(found.number, moment=self._mirror.clock())
            return
        with leased(self._mirror, f"round {found.number}") as mine:
            fresh = self._rounds.find(found.number) if mine else None
            if fresh is not None and fresh.ended_at is None:
                self._do(fresh, over)

    def _do(self, found: Round, over: threading.Event) -> None:
        kind = OBSERVE if found.kind is Kind.UPSTREAMS else REJUDGE
        for projects in batches(self._projects(found), _BATCH):
            if over.is_set() or found.epoch != self._judge.epoch:
                return  # what is left is done by the round of the new standpoint, or by another
            payload = {"round": found.number, "projects": list(projects)}
            if self._submit is not None:
                self._submit(kind, f"{found.number} {projects[0]}", payload)
            else:
                self._handlers()[kind](self._mirror, payload)
        self._rounds.end(found.number, moment=self._mirror.clock())

    def _projects(self, found: Round) -> Iterator[NormalizedName]:
        """Yield whom a round is about: first whose advisories have changed."""
        if found.project is not None:
            yield found.project
            return
        projects: Sequence[NormalizedName] = self._holdings.projects()
        yield from (name for name in projects if name in self._first)
        yield from (name for name in projects if name not in self._first)


def _projects(payload: Payload) -> list[NormalizedName]:
    return [NormalizedName(str(name)) for name in payload["projects"]]
