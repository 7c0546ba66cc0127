"""Brings new advisories on a schedule: one replica fetches them, and all judge by the same.

Two replicas with snapshots of different ages would judge by two standpoints, and each would judge
again what the other has. So the one that has the lease fetches a snapshot and puts its file into
the store; every replica takes the newest from there, in one step.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import insert, select, update

from guard.advisory.store import Snapshot
from guard.errors import MirrorError, SourceError
from guard.mirror.database import Database, schema
from guard.mirror.database.notices import FEED_FAILED, FEED_RECOVERED, Notices
from guard.mirror.mirror import Mirror
from guard.mirror.watch.leasing import leased
from guard.mirror.watch.snapshots import Snapshots
from guard.private import private_folder, replacing
from guard.sources.advisories import STORE, AdvisorySource

_log: Final = logging.getLogger("guard.mirror")
_C: Final = schema.snapshots.c
_RETRY: Final = timedelta(minutes=5)
_LOOKED: Final = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The newest snapshot of the mirror."""

    number: int
    sha256: str
    export: str
    """The sha256 of what it was made of."""

    fetched_at: datetime
    tried_at: datetime


class Following:
    """The advisories that the mirror has, or others as long as it has none. Used by many threads.

    They are looked for every few seconds, by whoever asks for them. While the store cannot be used,
    those that are here already stay.
    """

    def __init__(
        self, mirror: Mirror, folder: Path, otherwise: Callable[[], AdvisorySource]
    ) -> None:
        """`folder` is where this machine keeps them."""
        self._mirror = mirror
        self._folder = folder
        self._otherwise = otherwise
        self._snapshots = Snapshots(folder)
        self._lock = threading.Lock()
        self._looked: datetime | None = None
        self._here: str | None = None

    def __call__(self) -> AdvisorySource:
        """Return the newest. Raises `MirrorError` where there are some that cannot be had."""
        with self._lock:
            now = self._mirror.clock()
            if self._looked is None or not timedelta() <= now - self._looked < _LOOKED:
                self._look()
                self._looked = now
            return self._otherwise() if self._here is None else self._snapshots()

    def _look(self) -> None:
        known = newest(self._mirror.database)
        if known is None or known.sha256 == self._here:
            return
        try:
            self._take(known.sha256)
        except MirrorError as error:
            if self._here is None:
                raise
            _log.error("%s: %s", error.message, error.reason)
        else:
            self._here = known.sha256

    def _take(self, sha256: str) -> None:
        """Put the snapshot of that digest in place, unless it lies there already."""
        path = self._folder / STORE
        try:
            private_folder(self._folder)
            if path.is_file() and digest_of(path) == sha256:
                return
            with replacing(path) as part, part.open("wb") as stream:
                hasher = hashlib.sha256()
                for chunk in self._mirror.store.chunks(sha256):
                    hasher.update(chunk)
                    stream.write(chunk)
                if hasher.hexdigest() != sha256:
                    raise MirrorError("the advisories in the mirror's store are others")
        except OSError as error:
            raise MirrorError(
                f"the advisories in `{self._folder}` could not be written", reason=error.strerror
            ) from None


class Feeding:
    """Fetches advisories when it is time. Used by one thread of each replica."""

    def __init__(
        self,
        mirror: Mirror,
        staging: Path,
        fetch: Callable[[Path], Snapshot],
        *,
        every: timedelta,
    ) -> None:
        """`fetch` writes a new snapshot into the folder `staging`. Raises `SourceError`."""
        self._mirror = mirror
        self._staging = staging
        self._fetch = fetch
        self._every = every
        self._failed_at: datetime | None = None

    def tick(self, over: threading.Event | None = None) -> None:  # noqa: ARG002 - a chore's
        """Fetch what is due. Raises `MirrorError`."""
        if self._is_due(newest(self._mirror.database)):
            with leased(self._mirror, "feed") as mine:
                if mine and self._is_due(known := newest(self._mirror.database)):
                    self._update(known)

    def _is_due(self, known: Known | None) -> bool:
        now = self._mirror.clock()
        if self._failed_at is not None and now - self._failed_at < min(_RETRY, self._every):
            return False
        return known is None or now - known.tried_at >= self._every

    def _update(self, known: Known | None) -> None:
        now, notices = self._mirror.clock(), Notices(self._mirror.database)
        events = (FEED_FAILED, FEED_RECOVERED)
        try:
            snapshot = self._fetch(self._staging)
        except SourceError as error:
            self._failed_at = now
            _log.error("%s: %s", error.message, error.reason)
            said = {"reason": f"{error.message}: {error.reason}"}
            notices.turned(events, said, moment=now)
            return
        self._failed_at = None
        self._publish(snapshot, known, now)
        notices.turned(events, None, moment=now)

    def _publish(self, snapshot: Snapshot, known: Known | None, now: datetime) -> None:
        path = self._staging / STORE
        if known is not None and known.export == snapshot.sha256:
            this = update(schema.snapshots).where(_C.number == known.number)
            with self._mirror.database.begin() as connection:
                connection.execute(this.values(tried_at=now))
            return
        sha256 = digest_of(path)
        self._mirror.store.put(sha256, path)
        row = {
            "sha256": sha256,
            "export": snapshot.sha256,
            "as_of": snapshot.as_of,
            "fetched_at": now,
            "tried_at": now,
        }
        with self._mirror.database.begin() as connection:
            connection.execute(insert(schema.snapshots).values(row))
        _log.info("new advisories, as of %s", snapshot.as_of)


def newest(database: Database) -> Known | None:
    """Return the newest snapshot that the mirror has. Raises `MirrorError`."""
    query = select(schema.snapshots).order_by(_C.number.desc()).limit(1)
    with database.read() as connection:
        row = connection.execute(query).mappings().first()
    if row is None:
        return None
    return Known(
        number=row["number"],
        sha256=row["sha256"],
        export=row["export"],
        fetched_at=row["fetched_at"],
        tried_at=row["tried_at"],
    )


def digest_of(path: Path) -> str:
    """Return the sha256 of a file. Raises `MirrorError`."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise MirrorError(f"`{path}` could not be read", reason=error.strerror) from None
