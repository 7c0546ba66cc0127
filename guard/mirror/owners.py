"""One owner for each name: no upstream can take over what another one has been serving."""

from __future__ import annotations

import threading

from packaging.utils import NormalizedName

from guard.mirror.database.projects import Projects
from guard.mirror.judging import Judge
from guard.mirror.mirror import Mirror
from guard.mirror.records import PRIVATE
from guard.model import Absent, Fact, Index, Unknown


class Owners:
    """Which upstream a project is taken from. Used by many threads; raises `MirrorError`."""

    def __init__(self, mirror: Mirror, judge: Judge) -> None:
        self._mirror = mirror
        self._judge = judge
        self._projects = Projects(mirror.database)
        self._known: dict[NormalizedName, str] = {}
        self._lock = threading.Lock()

    def of(self, project: NormalizedName) -> Fact[Index]:
        """Return the index that owns the name.

        That is what the policy says, else what was written down the first time that somebody asked,
        else the first upstream that has a page. If one that comes before cannot be asked, it is not
        known.
        """
        candidates = self._judge.candidates(project)
        recorded = self._recorded(project)
        if recorded is not None:
            if recorded == PRIVATE:
                return Index(url=PRIVATE)
            found = next((index for index in candidates if index.url == recorded), None)
            return found or Absent(f"{project} belongs to {recorded}, which is not asked any more")
        source = self._judge.source()
        for index in candidates:
            page = source.page(index, project)
            if isinstance(page, Unknown):
                return page
            if not isinstance(page, Absent):
                owner = self._projects.claim(project, index.url, moment=self._mirror.clock())
                return self.of(project) if owner != index.url else index
        return Absent(f"no upstream has {project}")

    def _recorded(self, project: NormalizedName) -> str | None:
        with self._lock:
            known = self._known.get(project)
        if known is None and (known := self._projects.owner(project)) is not None:
            with self._lock:
                self._known[project] = known
        return known
