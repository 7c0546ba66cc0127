"""What happened at the gateway in one run: what was hidden, denied, refused and let through."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass

from packaging.utils import NormalizedName
from packaging.version import Version

from guard.model import Admitted, Decision, PassedOver, Verdict


@dataclass(frozen=True, slots=True)
class Refused:
    """Something that was asked for in vain, and not because of a verdict."""

    url: str
    reason: str
    undecided: bool = False
    """It could not be had; otherwise no index of the run has it."""


class Record:
    """Written by the threads of the server, read when the child has ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hidden: dict[tuple[NormalizedName, Version], PassedOver] = {}
        self._offered: dict[NormalizedName, frozenset[Version]] = {}
        self._verdicts: dict[str, Verdict] = {}
        self._admitted: dict[str, Admitted] = {}
        self._refused: dict[str, Refused] = {}
        self._met: dict[NormalizedName, set[Version]] = {}
        self._hosts: dict[str, set[str]] = {}

    def page(
        self, project: NormalizedName, versions: Iterable[Version], hidden: Iterable[PassedOver]
    ) -> None:
        """Note what a page was served with, and without."""
        with self._lock:
            self._offered[project] = self._offered.get(project, frozenset()) | set(versions)
            self._hidden |= {(item.project, item.version): item for item in hidden}

    def met(self, project: NormalizedName, version: Version | None) -> None:
        """Note that the metadata or a file of a release was asked for."""
        if version is not None:
            with self._lock:
                self._met.setdefault(project, set()).add(version)

    def judged(self, verdict: Verdict, admitted: Admitted | None) -> None:
        """Note what a file that was asked for came to."""
        with self._lock:
            self._verdicts[verdict.candidate.file.url] = verdict
            if admitted is not None:
                self._admitted[verdict.candidate.file.url] = admitted

    def refused(self, url: str, reason: str, *, undecided: bool = False) -> None:
        """Note what could not be answered."""
        with self._lock:
            self._refused.setdefault(url, Refused(url, reason, undecided))

    def lies_at(self, index: str, hosts: Iterable[str]) -> None:
        """Note the hosts of the files of an index, by its URL."""
        with self._lock:
            self._hosts.setdefault(index, set()).update(hosts)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """The verdict on every file that was asked for."""
        with self._lock:
            return tuple(self._verdicts.values())

    @property
    def held(self) -> tuple[Verdict, ...]:
        """The verdicts that kept a file from the child."""
        return tuple(v for v in self.verdicts if v.decision is not Decision.ADMITTED)

    @property
    def admitted(self) -> tuple[Admitted, ...]:
        """What was sent."""
        with self._lock:
            return tuple(self._admitted.values())

    @property
    def refusals(self) -> tuple[Refused, ...]:
        """What was asked for in vain."""
        with self._lock:
            return tuple(self._refused.values())

    @property
    def hosts(self) -> dict[str, frozenset[str]]:
        """Where the files of each index are."""
        with self._lock:
            return {index: frozenset(hosts) for index, hosts in self._hosts.items()}

    def offered(self, project: NormalizedName) -> frozenset[Version]:
        """Return the releases of `project` that the child was shown."""
        with self._lock:
            return self._offered.get(project, frozenset())

    def hidden(self, project: NormalizedName | None = None) -> tuple[PassedOver, ...]:
        """Return the releases that were hidden, of one project or of all, the newest first."""
        with self._lock:
            found = [p for p in self._hidden.values() if project in {None, p.project}]
        return tuple(sorted(found, key=lambda p: (p.project, p.version), reverse=True))

    def chosen(self, project: NormalizedName) -> Version | None:
        """Return the newest release of `project` of which anything was asked for."""
        with self._lock:
            return max(self._met.get(project, ()), default=None)
