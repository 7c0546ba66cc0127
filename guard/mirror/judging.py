"""The mirror's judge: an `Admission` for each question, under the policy of that moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from packaging.utils import NormalizedName

from guard.admission.basis import basis
from guard.admission.gather import Admission
from guard.approval import Approvals
from guard.errors import PolicyError
from guard.model import Index, matches_name
from guard.policy import Policy
from guard.policy.load import overlay
from guard.sources.advisories import AdvisorySource
from guard.sources.baseline import Baselines
from guard.sources.http import FetchError
from guard.sources.index import IndexSource
from guard.sources.pages import Pages
from guard.sources.provenance import ACCEPT as PROVENANCE
from guard.sources.provenance import LIMIT


@dataclass(frozen=True, slots=True)
class Standpoint:
    """What everything is judged by at one moment."""

    base: Policy
    """As its files say."""

    policy: Policy
    """With the approvals and denials of the mirror's own."""

    advisories: AdvisorySource
    epoch: str
    """The digest of the two and of this program's version."""


@dataclass(frozen=True, kw_only=True)
class Outside:
    """What the judge is made from: all that is read from files and fetched is behind it."""

    admission: Admission
    """One with connections, quarantine, reader and pool; its policy and clock are replaced."""

    pages: Pages
    indexes: tuple[Index, ...]
    policy: Callable[[], Policy]
    """Reads the policy files. Raises `PolicyError`."""

    advisories: Callable[[], AdvisorySource]
    """Opens the snapshot as it is now."""

    beneath: Callable[[Policy], Policy] = lambda policy: policy
    """Puts below a policy what the mirror itself denies. Raises `MirrorError`."""


class Judge:
    """Judges by the newest policy, approvals and advisories. Used by many threads at once."""

    def __init__(
        self, outside: Outside, approvals: Callable[[], Approvals], clock: Callable[[], datetime]
    ) -> None:
        """`approvals` reads those that the mirror itself keeps. Raises `PolicyError`."""
        self._outside = outside
        self._approvals = approvals
        self._clock = clock
        self._lock = threading.Lock()
        self._standpoint = self._standing(outside.policy())
        self.trouble: str | None = None
        """Why the policy in force is not the one that its files have now."""

    @property
    def indexes(self) -> tuple[Index, ...]:
        """The upstreams, in the order in which they are asked."""
        return self._outside.indexes

    @property
    def epoch(self) -> str:
        """The digest of what is judged by now."""
        return self._standpoint.epoch

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return self._standpoint.policy

    @property
    def advisories(self) -> AdvisorySource:
        """The advisories in force."""
        return self._standpoint.advisories

    def refresh(self) -> bool:
        """Read everything again; tell whether it says something else. Raises `MirrorError`.

        A policy that cannot be read does not loosen anything: the one before it stays in force,
        under the approvals, denials and advisories of now.
        """
        with self._lock:
            try:
                found = self._standing(self._base())
            except PolicyError as error:
                self.trouble = str(error)
                return False
            new = found.epoch != self._standpoint.epoch
            if new:
                self._standpoint = found
            return new

    def admission(self, owner: Index, source: IndexSource | None = None) -> Admission:
        """Return what judges the files of `owner` at this moment, and sees no other index.

        Pages that `source` has read already are not read again.
        """
        base, standpoint = self._outside.admission, self._standpoint
        index = source.only(owner.url) if source else IndexSource(self._outside.pages, (owner,))
        return replace(
            base,
            policy=standpoint.policy,
            advisories=standpoint.advisories,
            index=index,
            publications=replace(base.publications, index=index),
            baselines=Baselines(index, base.http, base.quarantine, base.contents),
            now=self._clock(),
        )

    def source(self) -> IndexSource:
        """Return the pages of all upstreams."""
        return IndexSource(self._outside.pages, self._outside.indexes)

    def document(self, url: str) -> bytes | None:
        """Return the document at `url` of an upstream, as it was read a moment ago."""
        try:
            return self._outside.pages.get(url, accept=PROVENANCE, limit=LIMIT).body
        except FetchError:
            return None

    def named(self, project: NormalizedName) -> Sequence[Index] | None:
        """Return the indexes to which the policy gives the name; `None` where it gives it to none.

        Only these are asked for it, even if they are no upstreams of this mirror.
        """
        owners = {
            entry.url
            for entry in self.policy.indexes
            if any(matches_name(pattern, project) for pattern in entry.owns)
        }
        return [index for index in self.indexes if index.url in owners] if owners else None

    def index_at(self, url: str) -> Index:
        """Return the upstream of that URL, as it is asked."""
        return next((index for index in self.indexes if index.url == url), Index(url=url))

    def seen_at(self, owner: Index, project: NormalizedName) -> datetime | None:
        """Return when the upstream's page was last had, if it is still here."""
        return IndexSource(self._outside.pages, (owner,)).seen_at(owner, project)

    def _base(self) -> Policy:
        """Return the policy of the files, or the last one that there was."""
        try:
            policy = self._outside.policy()
        except PolicyError as error:
            self.trouble = str(error)
            return self._standpoint.base
        self.trouble = None
        return policy

    def _standing(self, base: Policy) -> Standpoint:
        outside = self._outside
        policy = overlay({}, base, source="the mirror", approvals=self._approvals())
        policy = outside.beneath(policy)
        advisories = outside.advisories()
        admission = replace(outside.admission, policy=policy, advisories=advisories)
        return Standpoint(base, policy, advisories, basis(admission))
