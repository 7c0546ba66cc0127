"""Where the files of each index are: known before a run, because its certificate names the hosts.

What was seen once is remembered. Of an index that was never seen, a page that the run will need
anyway is asked; if that is not enough, the run is begun again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec
from packaging.utils import NormalizedName

from guard.gateway.pages import host_of
from guard.model import Absent, Index, Unknown
from guard.private import is_own, private_folder, write_private
from guard.simple import PageError
from guard.sources.index import IndexSource

_ASKED: Final = 4
"""Projects that are asked for, of an index that was never seen."""


class Hosts:
    """The hosts of the files of indexes, kept at `path`. What cannot be kept is found again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = self._read()

    def of(self, index: IndexSource, names: Iterable[NormalizedName]) -> frozenset[str]:
        """Return every host that a run with these indexes leads to, as far as it can be told."""
        found = set()
        for each in index.indexes:
            found.add(host_of(each.url))
            if each.url not in self._known:
                self._known[each.url] = self._asked(index, each, names)
            found |= self._known[each.url]
        return frozenset(host for host in found if host)

    def learn(self, seen: Mapping[str, frozenset[str]]) -> bool:
        """Remember what was seen in a run; tell whether any of it is new."""
        new = {url: hosts - self._known.get(url, frozenset()) for url, hosts in seen.items()}
        if any(new.values()):
            for url, hosts in new.items():
                self._known[url] = self._known.get(url, frozenset()) | hosts
            self._write()
        return any(new.values())

    def _asked(
        self, source: IndexSource, index: Index, names: Iterable[NormalizedName]
    ) -> frozenset[str]:
        for name in islice(names, _ASKED):
            page = source.page(index, name)
            if isinstance(page, Absent | Unknown) or not page.filenames:
                continue
            with contextlib.suppress(PageError):
                if entry := page.file(page.filenames[-1]):
                    return frozenset({host_of(entry.url)})
        return frozenset()

    def _read(self) -> dict[str, frozenset[str]]:
        try:
            if not is_own(self._path.parent):
                return {}
            content = self._path.read_bytes()
            return msgspec.json.decode(content, type=dict[str, frozenset[str]])
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return {}

    def _write(self) -> None:
        with contextlib.suppress(OSError):
            private_folder(self._path.parent)
            said = {url: sorted(hosts) for url, hosts in self._known.items()}
            write_private(self._path, msgspec.json.encode(said))
