"""The snapshot of advisories as it lies there now, opened again only when it is another one."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TypeAlias

from guard.sources.advisories import STORE, AdvisorySource

_Mark: TypeAlias = tuple[int, int, int] | None


class Snapshots:
    """Opens the snapshot under `folder`. Used by many threads.

    Opening one reads all of it, to find out whether it is whole: not something for every second. A
    new one takes the place of the old in one step, and is another file.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._mark: _Mark = None
        self._source: AdvisorySource | None = None

    def __call__(self) -> AdvisorySource:
        """Return the snapshot as it is now."""
        with self._lock:
            mark = self._seen()
            if self._source is None or mark is None or mark != self._mark:
                self._source, self._mark = AdvisorySource(self._folder), mark
            return self._source

    def _seen(self) -> _Mark:
        """Return what tells one file from another; `None` where there is none to be seen."""
        try:
            found = (self._folder / STORE).stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size
