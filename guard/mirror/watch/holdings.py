"""What the mirror holds: each file that was ever admitted, project by project."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from packaging.utils import NormalizedName
from sqlalchemy import func, select

from guard.mirror.database import schema
from guard.mirror.database.engine import Database
from guard.mirror.database.files import record_of
from guard.mirror.records import PRIVATE, FileRecord, State

_C: Final = schema.files.c
_HELD: Final = _C.size.is_not(None)
"""Only what was admitted is in the store, and its size is written down when it is."""


class Holdings:
    """Reads what is held. Raises `MirrorError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def projects(self) -> Sequence[NormalizedName]:
        """Return the projects of what is held: that of the youngest file first.

        What was published last is what fewest have looked at, and what is taken down most often.
        """
        newest = func.max(_C.upload_time).desc().nulls_last()
        query = select(_C.project).where(_HELD, _C.origin != PRIVATE).group_by(_C.project)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(newest, _C.project)).scalars().all()
        return [NormalizedName(name) for name in rows]

    def of(self, project: NormalizedName) -> Sequence[FileRecord]:
        """Return the files of a project that are held."""
        query = select(schema.files).where(_C.project == project, _HELD, _C.origin != PRIVATE)
        query = query.order_by(_C.sha256, _C.filename)
        with self._database.read() as connection:
            return [record_of(row) for row in connection.execute(query).mappings()]

    def pending(self, epoch: str) -> int:
        """Return how many of the files held were not yet judged under `epoch`."""
        query = select(func.count()).select_from(schema.files)
        query = query.where(_HELD, _C.origin != PRIVATE, _C.epoch != epoch)
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def by_state(self) -> Mapping[State, int]:
        """Return how many files there are in each state."""
        query = select(_C.state, func.count()).group_by(_C.state)
        with self._database.read() as connection:
            found = {State(state): int(count) for state, count in connection.execute(query)}
        return {state: found.get(state, 0) for state in State}


def batches(projects: Iterable[NormalizedName], size: int) -> Iterable[Sequence[NormalizedName]]:
    """Yield the projects, so many at a time."""
    batch: list[NormalizedName] = []
    for project in projects:
        batch.append(project)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
