"""One owner for each name: no upstream can take over what another one has been serving."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from packaging.utils import NormalizedName

from guard.mirror.database.projects import Projects
from guard.mirror.judging import Judge
from guard.mirror.mirror import Mirror
from guard.mirror.records import PRIVATE
from guard.model import Absent, Fact, Index, Unknown
from guard.sources.index import IndexSource

_FORGOTTEN: Final = timedelta(minutes=1)
_MISSED: Final = 10_000


class Owners:
    """Which upstream a project is taken from. Used by many threads; raises `MirrorError`."""

    def __init__(self, mirror: Mirror, judge: Judge) -> None:
        self._mirror = mirror
        self._judge = judge
        self._projects = Projects(mirror.database)
        self._known: dict[NormalizedName, str] = {}
        self._absent: OrderedDict[NormalizedName, datetime] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, project: NormalizedName, source: IndexSource | None = None) -> Fact[Index]:
        """Return the index that owns the name; pages that this takes are read from `source`.

        That is what the policy says, else what was written down the first time that somebody asked,
        else the first upstream that has a page. If one that comes before cannot be asked, it is not
        known.
        """
        named = self._judge.named(project)
        if named is not None:
            index = self._first(project, named, source)
            if isinstance(index, Index) and self._recorded(project) is None:
                self._projects.claim(project, index.url, moment=self._mirror.clock())
            return index
        recorded = self._recorded(project)
        if recorded == PRIVATE:
            return Index(url=PRIVATE)
        if recorded is not None:
            found = next((index for index in self._judge.indexes if index.url == recorded), None)
            return found or Absent(f"{project} belongs to {recorded}, which is not asked any more")
        if self._is_absent(project):
            return _nobodys(project)
        index = self._first(project, self._judge.indexes, source)
        if isinstance(index, Absent):
            self._miss(project)
        if isinstance(index, Absent | Unknown):
            return index
        owner = self._projects.claim(project, index.url, moment=self._mirror.clock())
        return index if owner == index.url else self.of(project, source)

    def claim(self, project: NormalizedName) -> bool:
        """Tell whether `project` is the mirror's own now: no upstream has it, or is to have it."""
        if self._judge.named(project) is not None:
            return False
        if self._recorded(project) is None and not isinstance(
            self._first(project, self._judge.indexes), Absent
        ):
            return False
        owner = self._projects.claim(project, PRIVATE, moment=self._mirror.clock())
        return owner == PRIVATE

    def _first(
        self,
        project: NormalizedName,
        indexes: Iterable[Index],
        source: IndexSource | None = None,
    ) -> Fact[Index]:
        source = source or self._judge.source()
        for index in indexes:
            page = source.page(index, project)
            if isinstance(page, Unknown):
                return page
            if not isinstance(page, Absent):
                return index
        return _nobodys(project)

    def _is_absent(self, project: NormalizedName) -> bool:
        """Tell whether no upstream had it a moment ago: whoever invents names is not passed on."""
        with self._lock:
            moment = self._absent.get(project)
        return moment is not None and self._mirror.clock() - moment < _FORGOTTEN

    def _miss(self, project: NormalizedName) -> None:
        with self._lock:
            self._absent[project] = self._mirror.clock()
            self._absent.move_to_end(project)
            while len(self._absent) > _MISSED:
                self._absent.popitem(last=False)

    def _recorded(self, project: NormalizedName) -> str | None:
        with self._lock:
            known = self._known.get(project)
        if known is None and (known := self._projects.owner(project)) is not None:
            with self._lock:
                self._known[project] = known
        return known


def _nobodys(project: NormalizedName) -> Absent:
    return Absent(f"no upstream has {project}")
