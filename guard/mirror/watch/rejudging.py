"""Judges again what is held: from the store, and by what upstreams' pages say now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from packaging.utils import NormalizedName
from packaging.version import Version

from guard.admission import Asked
from guard.admission.gather import Admission
from guard.admission.sift import requested
from guard.mirror.finding import file_of
from guard.mirror.intake import decided_of
from guard.mirror.judging import Judge
from guard.mirror.mirror import Mirror
from guard.mirror.owners import Owners
from guard.mirror.records import Decided, FileRecord, Key, State
from guard.mirror.watch.holdings import Holdings
from guard.mirror.watch.recalled import Recalled
from guard.model import Absent, File, Finding, Index, Level, Requested, RuleId, Unknown
from guard.simple import PageError, PageFile
from guard.sources.index import IndexSource

_GONE = RuleId("vanished-file")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What judging again has come to, in files."""

    judged: int = 0
    revoked: int = 0
    restored: int = 0
    undecided: int = 0
    """What nobody could tell of; it is served no more, and judged again when it is asked for."""

    def __add__(self, other: Outcome) -> Outcome:
        return Outcome(
            judged=self.judged + other.judged,
            revoked=self.revoked + other.revoked,
            restored=self.restored + other.restored,
            undecided=self.undecided + other.undecided,
        )


class Rejudging:
    """Judges again, batch by batch. Used by many threads, each with a batch of its own.

    It may be done twice, and by two at once: a file that was judged under the same epoch since a
    round began is left alone, and what is written is one decision for one file.
    """

    def __init__(self, mirror: Mirror, judge: Judge, owners: Owners) -> None:
        self._mirror = mirror
        self._judge = judge
        self._owners = owners
        self._holdings = Holdings(mirror.database)

    def batch(self, projects: Sequence[NormalizedName], *, since: datetime) -> Outcome:
        """Judge what is held of `projects`, unless that was done after `since`.

        What was decided under a standpoint that has changed meanwhile is not written: somebody
        judges by the new one already. Raises `MirrorError`.
        """
        epoch = self._judge.epoch
        held = {project: self._due(project, epoch, since) for project in projects}
        held = {project: records for project, records in held.items() if records}
        decided: dict[Key, tuple[str, Decided]] = {}
        undecided = 0
        run = _Run(self._judge, self._owners, held)
        for records in held.values():
            for record in records:
                found = run.judged(record)
                if found.state is State.UNDECIDED:
                    undecided += 1
                elif record.decided is not None:
                    decided[record.listed.key] = (record.decided.epoch, found)
        if self._judge.epoch != epoch:
            return Outcome()
        states = self._mirror.files.settled(decided, moment=self._mirror.clock())
        changes = [pair for pair in states.values() if pair[0] is not pair[1]]
        return Outcome(
            judged=len(states),
            revoked=sum(after is State.REVOKED for _, after in changes),
            restored=sum(after is State.ADMITTED for _, after in changes),
            undecided=undecided,
        )

    def _due(self, project: NormalizedName, epoch: str, since: datetime) -> list[FileRecord]:
        return [
            record
            for record in self._holdings.of(project)
            if (made := record.decided) and (made.epoch != epoch or made.judged_at < since)
        ]


class _Run:
    """One batch: each index has one source, so that each page is read once."""

    def __init__(
        self,
        judge: Judge,
        owners: Owners,
        held: Mapping[NormalizedName, Sequence[FileRecord]],
    ) -> None:
        self._judge = judge
        self._owners = owners
        self._epoch = judge.epoch
        self._held = held
        self._admissions: dict[str, Admission] = {}
        self._owned = {project: owners.of(project) for project in held}
        for project, owner in self._owned.items():
            if isinstance(owner, Index):
                admission = self._admission(owner)
                admission.pool.submit(admission.index.page, owner, project)

    def judged(self, record: FileRecord) -> Decided:
        """Return what a file comes to now."""
        owner = self._owned[record.listed.project]
        if isinstance(owner, Index):
            admission = self._admission(owner)
            asked = _asked(record, owner, admission.index)
            if isinstance(asked, Asked):
                judgement = admission.admit([asked])
                (verdict,) = judgement.verdicts
                return decided_of(verdict, self._epoch, admitted=bool(judgement.admitted))
            owner = asked
        now = self._admission(Index(url=record.listed.origin)).now
        return _ownerless(owner, self._epoch, now)

    def _admission(self, owner: Index) -> Admission:
        found = self._admissions.get(owner.url)
        if found is None:
            base = self._judge.admission(owner)
            sizes = {
                record.listed.key.sha256: record.held.size
                for records in self._held.values()
                for record in records
                if record.held is not None
            }
            recalled = Recalled(base.quarantine.root, base.quarantine, base.contents, sizes)
            found = self._admissions[owner.url] = replace(base, quarantine=recalled)
        return found


def _asked(record: FileRecord, owner: Index, source: IndexSource) -> Asked | Unknown:
    """Return the file as its page lists it now; what is gone from the page, as it was listed."""
    listed = record.listed
    page = source.page(owner, listed.project)
    if isinstance(page, Unknown):
        return page
    entry: PageFile | None
    try:
        entry = None if isinstance(page, Absent) else page.file(listed.key.filename)
    except PageError as error:
        return Unknown(str(error))
    if entry is not None and entry.hashes.get("sha256") == listed.key.sha256:
        return Asked(file_of(entry, listed.project, Version(listed.version)), requested(entry))
    file = File(
        project=listed.project,
        version=Version(listed.version),
        filename=listed.key.filename,
        kind=listed.kind,
        url=listed.url,
        hashes={"sha256": listed.key.sha256},
        size=record.held.size if record.held else listed.size,
    )
    return Asked(file, Requested())


def _ownerless(owner: Absent | Unknown, epoch: str, now: datetime) -> Decided:
    """Return the decision on a file whose page there is none of, or nobody can read."""
    unknown = isinstance(owner, Unknown)
    finding = Finding(rule=_GONE, level=Level.DENY, message=owner.reason, unknown=unknown)
    return Decided(
        state=State.UNDECIDED if unknown else State.DENIED,
        epoch=epoch,
        judged_at=now,
        valid_until=now + timedelta(hours=1),
        findings=(finding,),
    )
