"""Advisories as a source of facts: a snapshot that was fetched or imported, never the network.

`guard.sources.feed` brings it. Until then, or when it cannot be read, what is known against a
release is *unknown*.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from packaging.utils import NormalizedName
from packaging.version import InvalidVersion, Version

from guard.advisory import matching
from guard.advisory.entry import Entry
from guard.advisory.store import MissingError, Snapshot, Store, StoreError
from guard.model import Advisories, Advisory, Fact, Unknown

STORE: Final = "osv.sqlite"
"""The name of the file."""

_NONE: Final = "there are none here yet"
_REMEMBERED: Final = 4096
"""Projects whose entries are kept while judging; releases of one are judged by the hundred."""


class AdvisorySource:
    """The snapshot under `folder`. Used by many threads."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / STORE
        self._lock = threading.Lock()
        self._store: Store | Unknown | None = None
        self._entries: dict[NormalizedName, tuple[Entry, ...]] = {}

    def of(self, project: NormalizedName, version: Version | None) -> Fact[Advisories]:
        """Return what the snapshot holds against a version; Unknown without one that can be read.

        Where the version cannot be told, only what has nothing against its name is known.
        """
        store = self._opened()
        if isinstance(store, Unknown):
            return store
        try:
            entries = self._of_project(store, project)
        except StoreError as error:
            return _unreadable(error)
        if entries and version is None:
            return Unknown(f"the version of {project} is not known")
        records = _affecting(entries, version) if version is not None else ()
        snapshot = store.snapshot
        return Advisories(records=records, as_of=snapshot.as_of, source=snapshot.source)

    def fixes(
        self,
        project: NormalizedName,
        version: Version | None,
        installed: Callable[[], Mapping[NormalizedName, str]],
    ) -> Fact[tuple[Advisory, ...]]:
        """Return the advisories against the installed version that name `version` as their fix.

        No other later release counts, however new: anybody who took the project over could make
        one, but an advisory names what its authors have looked at.
        """
        store = self._opened()
        if isinstance(store, Unknown):
            return store
        try:
            named = [e for e in self._of_project(store, project) if matching.fixes(e, version)]
            before = Version(installed()[project]) if named else None
        except StoreError as error:
            return _unreadable(error)
        except (KeyError, InvalidVersion):
            return ()
        records = _affecting(named, before) if before is not None else ()
        return tuple(record for record in records if version in record.fixed)

    def fixable(self, project: NormalizedName, installed: str) -> bool:
        """Tell whether an advisory against the `installed` version names a fix."""
        try:
            found = self.of(project, Version(installed))
        except InvalidVersion:
            return False
        return isinstance(found, Advisories) and any(record.fixed for record in found.records)

    def differing(
        self, other: AdvisorySource, projects: Iterable[NormalizedName]
    ) -> list[NormalizedName]:
        """Return those of `projects` of which `other` says something else, or that nobody knows."""
        ours, theirs = self._opened(), other._opened()
        if isinstance(ours, Unknown) or isinstance(theirs, Unknown):
            return list(projects)
        try:
            return [name for name in projects if ours.packed(name) != theirs.packed(name)]
        except StoreError:
            return list(projects)

    @property
    def snapshot(self) -> Snapshot | Unknown:
        """What it was made of."""
        store = self._opened()
        return store if isinstance(store, Unknown) else store.snapshot

    def _opened(self) -> Store | Unknown:
        """Return the store, opened once, by whoever comes first."""
        with self._lock:
            if self._store is None:
                try:
                    self._store = Store(self._path)
                except MissingError:
                    self._store = Unknown(_NONE)
                except StoreError as error:
                    self._store = _unreadable(error)
            return self._store

    def _of_project(self, store: Store, project: NormalizedName) -> tuple[Entry, ...]:
        known = self._entries.get(project)
        if known is None:
            known = store.entries(project)
            if len(self._entries) < _REMEMBERED:
                self._entries[project] = known
        return known


def _affecting(entries: Iterable[Entry], version: Version) -> tuple[Advisory, ...]:
    found = (matching.advisory(entry, version) for entry in entries)
    return tuple(sorted((each for each in found if each is not None), key=lambda each: each.id))


def _unreadable(error: StoreError) -> Unknown:
    return Unknown(f"the snapshot cannot be read: {error}")


def snapshot_in(folder: Path) -> Snapshot | Unknown:
    """Return what the snapshot under `folder` was made of."""
    try:
        with Store(folder / STORE) as store:
            return store.snapshot
    except MissingError:
        return Unknown(_NONE)
    except StoreError as error:
        return _unreadable(error)
