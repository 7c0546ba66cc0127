"""What the mirror knows of projects and files, as pages and pictures show it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from packaging.utils import NormalizedName
from sqlalchemy import ColumnElement, case, func, select

from guard.mirror.database import schema
from guard.mirror.mirror import Mirror
from guard.mirror.records import Key, State
from guard.model import Finding

_FINDINGS: Final = msgspec.json.Decoder(tuple[Finding, ...])
_KEPT: Final = timedelta(seconds=30)
_QUARTERS: Final = 8
_MOST: Final = 8
_ADVISORY: Final = '"rule":"known-'
"""How a finding begins that an advisory has caused."""

AGES: Final[Sequence[tuple[str, int | None]]] = (
    ("under 1 month", 30),
    ("1 to 3 months", 91),
    ("3 to 12 months", 365),
    ("1 to 3 years", 3 * 365),
    ("over 3 years", None),
)
"""How old a served file may be, in days, to count to each."""


@dataclass(frozen=True, slots=True)
class Share:
    """A part of something."""

    part: int
    whole: int

    @property
    def percent(self) -> int:
        """How much of it, rounded; never 100 where anything is missing, nor 0 where nothing is."""
        if not self.whole:
            return 0
        exact = 100 * self.part / self.whole
        return min(99, max(1, round(exact))) if 0 < self.part < self.whole else round(exact)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The mirror at a glance."""

    at: datetime
    states: Mapping[State, int]
    attested: Share
    trend: tuple[tuple[str, Share], ...]
    """The attested share of the served files, by the quarter in which they were uploaded."""

    ages: tuple[tuple[str, int], ...]
    advisories: tuple[tuple[str, int], ...]
    """Projects of which files are served that an advisory speaks of, and how many files."""

    @property
    def files(self) -> int:
        """How many files the mirror knows."""
        return sum(self.states.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectRow:
    """A line of the list of projects."""

    name: str
    files: int
    served: int
    denied: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was once decided of a file."""

    state: State
    at: datetime
    findings: tuple[Finding, ...]


class Facts:
    """Reads what pages show. Raises `MirrorError`."""

    def __init__(self, mirror: Mirror) -> None:
        self._database = mirror.database
        self._clock: Callable[[], datetime] = mirror.clock
        self._overview: Overview | None = None
        self._lock = threading.Lock()

    def overview(self) -> Overview:
        """Return the mirror at a glance, as it was half a minute ago at most."""
        now = self._clock()
        with self._lock:
            if self._overview is None or now - self._overview.at > _KEPT:
                self._overview = self._looked(now)
            return self._overview

    def projects(self, search: str = "", *, limit: int = 100) -> list[ProjectRow]:
        """Return the projects whose name contains `search`, in order."""
        c, name = schema.files.c, schema.projects.c.name
        query = (
            select(name, func.count(c.sha256), _sum(_SERVED), _sum(c.state.in_(_AGAINST)))
            .join_from(schema.projects, schema.files, name == c.project, isouter=True)
            .group_by(name)
            .order_by(name)
            .limit(limit)
        )
        if search:
            query = query.where(name.contains(search, autoescape=True))
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [
            ProjectRow(name=project, files=files, served=served, denied=denied)
            for project, files, served, denied in rows
        ]

    def owner(self, project: NormalizedName) -> str | None:
        """Return whose the name is, where that is settled."""
        query = select(schema.projects.c.owner).where(schema.projects.c.name == project)
        with self._database.read() as connection:
            return connection.execute(query).scalar_one_or_none()

    def decisions(self, key: Key, *, limit: int = 20) -> list[Decision]:
        """Return what was decided of a file, the newest first."""
        c = schema.decisions.c
        query = select(c.state, c.judged_at, c.findings).where(
            c.sha256 == key.sha256, c.filename == key.filename
        )
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(c.number.desc()).limit(limit)).all()
        return [
            Decision(state=State(state), at=at, findings=_FINDINGS.decode(findings))
            for state, at, findings in rows
        ]

    def _looked(self, now: datetime) -> Overview:
        c = schema.files.c
        quarters = _quarters(now)
        counts: list[ColumnElement[Any]] = [func.count(), _sum(c.provenance_sha256.is_not(None))]
        for begin, end, _ in quarters:
            within = (c.upload_time >= begin) & (c.upload_time < end)
            counts += [_sum(within), _sum(within & c.provenance_sha256.is_not(None))]
        counts += [_sum(condition) for condition in _ages(now)]
        states = select(c.state, func.count()).group_by(c.state)
        advised = (
            select(c.project, func.count().label("files"))
            .where(_SERVED, c.findings.contains(_ADVISORY, autoescape=True))
            .group_by(c.project)
            .order_by(func.count().desc(), c.project)
            .limit(_MOST)
        )
        with self._database.read() as connection:
            by_state = {State(state): number for state, number in connection.execute(states)}
            whole, attested, *rest = connection.execute(select(*counts).where(_SERVED)).one()
            advisories = tuple((name, number) for name, number in connection.execute(advised))
        parts = [int(number or 0) for number in rest]
        trend = tuple(
            (label, Share(parts[2 * n + 1], parts[2 * n]))
            for n, (_, _, label) in enumerate(quarters)
        )
        ages = zip((label for label, _ in AGES), parts[2 * len(quarters) :], strict=True)
        return Overview(
            at=now,
            states=by_state,
            attested=Share(int(attested or 0), whole),
            trend=trend,
            ages=tuple(ages),
            advisories=advisories,
        )


def _sum(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _quarters(now: datetime) -> list[tuple[datetime, datetime, str]]:
    """Return the last quarters of a year, the oldest first: begin, end and name."""
    found = []
    year, quarter = now.year, (now.month - 1) // 3
    end = _quarter(year, quarter + 1)
    for _ in range(_QUARTERS):
        begin = _quarter(year, quarter)
        found.append((begin, end, f"{begin.year} Q{(begin.month + 2) // 3}"))
        end, quarter = begin, quarter - 1
    return found[::-1]


def _quarter(year: int, number: int) -> datetime:
    """Return when a quarter begins; below 0 are those of years before."""
    return datetime(year + number // 4, number % 4 * 3 + 1, 1, tzinfo=UTC)


def _ages(now: datetime) -> list[ColumnElement[bool]]:
    uploaded = schema.files.c.upload_time
    found: list[ColumnElement[bool]] = []
    newest: datetime | None = None
    for _, days in AGES:
        oldest = None if days is None else now - timedelta(days=days)
        condition: ColumnElement[bool] = uploaded.is_not(None)
        if newest is not None:
            condition &= uploaded <= newest
        if oldest is not None:
            condition &= uploaded > oldest
        found.append(condition)
        newest = oldest
    return found


_SERVED: Final = schema.files.c.state == State.ADMITTED
_AGAINST: Final = (State.DENIED, State.REVOKED)
