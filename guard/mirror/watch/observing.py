"""What upstreams say of what is held: looked at on a schedule, judged again when it has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from packaging.utils import NormalizedName
from sqlalchemy import Connection, func, select
from sqlalchemy.dialects import postgresql, sqlite

from guard.mirror.database import schema
from guard.mirror.database.engine import Database
from guard.mirror.judging import Judge
from guard.mirror.mirror import Mirror
from guard.mirror.owners import Owners
from guard.mirror.records import FileRecord
from guard.mirror.watch.holdings import Holdings
from guard.mirror.watch.rejudging import Outcome, Rejudging
from guard.model import Absent, Index, Unknown
from guard.simple import PageError, ProjectPage
from guard.sources.index import IndexSource

_C: Final = schema.observations.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How well upstreams can be reached."""

    observed: int = 0
    """Projects that were looked at."""

    unreached: int = 0
    """Those of them whose upstream did not answer the last time."""

    oldest: datetime | None = None
    """When the page was seen that was not seen for longest."""

    trouble: str | None = None
    """Why one of them could not be reached."""


class Observing:
    """Compares what pages say of what is held with what they said before."""

    def __init__(self, mirror: Mirror, judge: Judge, owners: Owners, rejudging: Rejudging) -> None:
        self._mirror = mirror
        self._judge = judge
        self._owners = owners
        self._rejudging = rejudging
        self._holdings = Holdings(mirror.database)
        self._observations = Observations(mirror.database)

    def batch(self, projects: Sequence[NormalizedName]) -> Outcome:
        """Look at the pages of `projects`, and judge again what is held where one has changed.

        What was seen is written down after that, so that whoever is interrupted does it again.
        Raises `MirrorError`.
        """
        now = self._mirror.clock()
        pages = self._pages(projects)
        seen: dict[NormalizedName, str] = {}
        for project, page in pages.items():
            if isinstance(page, Unknown):
                self._observations.failed(project, page.reason)
            else:
                seen[project] = _digest(page, self._holdings.of(project))
        before = self._observations.digests(seen)
        changed = [name for name, digest in seen.items() if before.get(name) != digest]
        outcome = self._rejudging.batch(changed, since=now) if changed else Outcome()
        if not outcome.undecided:
            self._observations.saw(seen, moment=now)
        return outcome

    def _pages(
        self, projects: Iterable[NormalizedName]
    ) -> dict[NormalizedName, ProjectPage | Absent | Unknown]:
        """Return the pages as upstreams have them now; what only a cache still says is unknown."""
        owned = {project: self._owners.of(project) for project in projects}
        admissions = {
            owner: self._judge.admission(owner)
            for owner in dict.fromkeys(owned.values())
            if isinstance(owner, Index)
        }
        for project, owner in owned.items():
            if isinstance(owner, Index):
                admissions[owner].pool.submit(admissions[owner].index.page, owner, project)
        return {
            project: _page(admissions[owner].index, owner, project)
            if isinstance(owner, Index)
            else owner
            for project, owner in owned.items()
        }


class Observations:
    """What was seen last. Raises `MirrorError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def digests(self, projects: Iterable[NormalizedName]) -> dict[NormalizedName, str]:
        """Return the digests of what pages said last."""
        query = select(_C.project, _C.digest).where(_C.project.in_(list(projects)))
        with self._database.read() as connection:
            rows = connection.execute(query.where(_C.digest.is_not(None))).all()
        return {NormalizedName(row[0]): row[1] for row in rows}

    def saw(self, digests: dict[NormalizedName, str], *, moment: datetime) -> None:
        """Write down what pages say."""
        rows = [
            {"project": project, "digest": digest, "seen_at": moment, "trouble": None}
            for project, digest in sorted(digests.items())
        ]
        with self._database.begin() as connection:
            for row in rows:
                connection.execute(_upsert(connection, row))

    def failed(self, project: NormalizedName, reason: str) -> None:
        """Write down that a page could not be had; when it was seen last stays what it is."""
        row = {"project": project, "trouble": reason[:500]}
        with self._database.begin() as connection:
            connection.execute(_upsert(connection, row))

    def reach(self) -> Reach:
        """Return how well upstreams can be reached."""
        failed = func.count(_C.trouble)
        query = select(func.count(), failed, func.min(_C.seen_at), func.min(_C.trouble))
        with self._database.read() as connection:
            row = connection.execute(query).one()
        return Reach(observed=row[0], unreached=row[1], oldest=row[2], trouble=row[3])


def _upsert(connection: Connection, row: dict[str, Any]) -> Any:  # noqa: ANN401 - SQLAlchemy's
    embedded = connection.dialect.name == "sqlite"
    statement: Any = (sqlite if embedded else postgresql).insert(schema.observations).values(row)
    changes = {name: value for name, value in row.items() if name != "project"}
    return statement.on_conflict_do_update(index_elements=["project"], set_=changes)


def _page(
    source: IndexSource, owner: Index, project: NormalizedName
) -> ProjectPage | Absent | Unknown:
    page = source.page(owner, project)
    response = source.document(owner, project)
    if not isinstance(response, Absent | Unknown) and response.outlasted is not None:
        return Unknown(f"its page on {owner.url} could not be had: {response.outlasted}")
    return page


def _digest(page: ProjectPage | Absent, records: Sequence[FileRecord]) -> str:
    """Return the digest of what a page says that a judgement about what is held depends on."""
    said: list[object] = [[record.listed.key.sha256, _said(page, record)] for record in records]
    if not isinstance(page, Absent):
        said.append(msgspec.to_builtins(page.status))
    return hashlib.sha256(msgspec.json.encode(said)).hexdigest()


def _said(page: ProjectPage | Absent, record: FileRecord) -> object:
    if isinstance(page, Absent):
        return None
    try:
        entry = page.file(record.listed.key.filename)
    except PageError as error:
        return str(error)
    if entry is None:
        return None
    known = (entry.hashes, entry.size, entry.yanked, entry.provenance, entry.upload_time)
    return msgspec.to_builtins(known, order="deterministic")
