"""What is found in a release as if it were approved: what the people who vote on it are shown.

As `guard approve` does, a file is judged with everything set aside that an approval may set aside,
so that nothing hides behind what was found first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import msgspec
from packaging.utils import NormalizedName
from packaging.version import Version

from guard.admission import Asked, Standing, standing
from guard.admission.gather import Admission
from guard.admission.proposal import (
    ROUNDS,
    accepted_of,
    accepting,
    identities_of,
    others_of,
    proposed,
)
from guard.approval import CHANGING, NEVER, Accepted, Approvals, ApprovedFile
from guard.model import (
    Absent,
    Decision,
    Fact,
    File,
    FileKind,
    Finding,
    Index,
    Listing,
    Requested,
    RuleId,
    Unknown,
    Verdict,
)
from guard.policy import Policy
from guard.policy.load import overlay
from guard.rules import CATALOGUE
from guard.simple import PageError, PageFile, ProjectPage

_OPENED: Final = 6
_BYTES: Final = 1 << 30
"""What is opened of one release, at most; of the rest, the index's word is written down."""

_MAY: Final = frozenset(CATALOGUE) - NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """One file that was opened and judged."""

    filename: str
    sha256: str
    standing: Standing
    size: int | None = None
    upload_time: datetime | None = None
    identities: tuple[tuple[tuple[str, str], ...], ...] = ()
    """Who published it, as verified, in the words of PEP 751."""

    accepted: tuple[Accepted, ...] = ()
    """What an approval would set aside."""

    findings: tuple[Finding, ...] = ()
    """Everything else that was found."""

    @property
    def against(self) -> tuple[Finding, ...]:
        """What no approval sets aside."""
        return tuple(finding for finding in self.findings if finding.holds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What was found in a release."""

    at: datetime
    files: tuple[Examined, ...] = ()
    others: tuple[ApprovedFile, ...] = ()
    """The wheels that nobody has opened."""

    trouble: str | None = None
    """Why nothing could be examined."""

    @property
    def accepted(self) -> tuple[RuleId, ...]:
        """The rules of which an approval would set findings aside."""
        return tuple(sorted({each.rule for file in self.files for each in file.accepted}))

    @property
    def against(self) -> tuple[str, ...]:
        """Why it cannot be approved."""
        if self.trouble is not None:
            return (self.trouble,)
        return tuple(
            dict.fromkeys(f"{f.rule}: {f.message}" for file in self.files for f in file.against)
        )

    @property
    def digest(self) -> str:
        """The sha256 of what a vote is about: the same files, publishers and objections.

        When it was looked at does not count, nor words that say how old something is.
        """
        said = [
            [
                (
                    file.filename,
                    file.sha256,
                    file.identities,
                    [(a.rule, a.finding if a.rule in CHANGING else "") for a in file.accepted],
                    [f.rule for f in file.against],
                )
                for file in self.files
            ],
            sorted((file.filename, file.sha256) for file in self.others),
            self.trouble,
        ]
        return hashlib.sha256(msgspec.json.encode(said)).hexdigest()


class Examiner:
    """Examines releases. Used by many threads at once."""

    def __init__(
        self,
        owner: Callable[[NormalizedName], Fact[Index]],
        admission: Callable[[Index], Admission],
        clock: Callable[[], datetime],
    ) -> None:
        """`owner` says which upstream has a project, `admission` judges what is from there."""
        self._owner = owner
        self._admission = admission
        self._clock = clock

    def examine(
        self, project: NormalizedName, version: Version, wanted: Sequence[str] = ()
    ) -> Examination:
        """Open files of a release, the `wanted` ones first, and judge each. Raises `MirrorError`.

        What cannot be found out is said in the result.
        """
        owner = self._owner(project)
        if isinstance(owner, Absent | Unknown):
            return self._troubled(owner.reason)
        admission = self._admission(owner)
        page = admission.index.page(owner, project)
        if isinstance(page, Absent | Unknown):
            return self._troubled(page.reason)
        chosen = _chosen(page, version, wanted)
        if not chosen:
            return self._troubled(f"{owner.url} lists no file of {project} {version}")
        verdicts = [_as_approved(admission, _asked(entry, page, version)) for entry in chosen]
        found = (_examined(*judged, admission.policy) for judged in verdicts)
        files = tuple(file for file in found if file is not None)
        if not files:
            return self._troubled("no sha256 of its files is known")
        others = dict.fromkeys(_others(admission, verdicts, files))
        return Examination(at=admission.now, files=files, others=tuple(others))

    def _troubled(self, reason: str) -> Examination:
        return Examination(at=self._clock(), trouble=reason)


def _chosen(page: ProjectPage, version: Version, wanted: Sequence[str]) -> list[PageFile]:
    """Return the files to open: what was asked for, then wheels, then the rest."""
    entries = []
    for filename in page.releases().get(version, ()):
        try:
            entry = page.file(filename)
        except PageError:
            continue
        if entry is not None:
            entries.append(entry)
    entries.sort(key=lambda e: (e.filename not in wanted, not e.filename.endswith(".whl")))
    if any(entry.filename.endswith(".whl") for entry in entries):
        entries = [e for e in entries if e.filename in wanted or e.filename.endswith(".whl")]
    chosen: list[PageFile] = []
    room = _BYTES
    for entry in entries[:_OPENED]:
        room -= entry.size or 0
        if room >= 0 or not chosen:
            chosen.append(entry)
    return chosen


def _asked(entry: PageFile, page: ProjectPage, version: Version) -> Asked:
    file = File(
        project=page.name,
        version=version,
        filename=entry.filename,
        kind=FileKind.WHEEL if entry.filename.endswith(".whl") else FileKind.SDIST,
        url=entry.url,
        hashes=entry.hashes,
        size=entry.size,
    )
    return Asked(file, Requested(named=True, pinned=True))


def _as_approved(admission: Admission, asked: Asked) -> tuple[Approvals, Verdict]:
    """Judge a file as if it were approved, with what may be set aside once it is seen."""
    proposal = Approvals(open=True)
    for _ in range(ROUNDS):
        policy = overlay({}, admission.policy, source="a request", approvals=proposal)
        (verdict,) = replace(admission, policy=policy).admit([asked]).verdicts
        more = tuple(accepting([verdict], _MAY, admission.now))
        if verdict.decision is not Decision.DENIED or set(more) <= set(proposal.entries):
            break
        proposal = Approvals((*proposal.entries, *more), open=True)
    return proposal, verdict


def _examined(proposal: Approvals, verdict: Verdict, policy: Policy) -> Examined | None:
    candidate = verdict.candidate
    entry = proposed(candidate, (), candidate.judged_at)
    if entry is None:
        return None
    accepted = accepted_of(verdict, proposal)
    listing = candidate.listing if isinstance(candidate.listing, Listing) else None
    uploaded = listing.upload_time if listing else None
    said = {(each.rule, each.finding) for each in accepted}
    rest = (f for f in verdict.findings if (f.rule, f.message) not in said)
    return Examined(
        filename=candidate.file.filename,
        sha256=entry.files[0].sha256,
        standing=standing(candidate, policy),
        size=candidate.file.size,
        upload_time=uploaded if isinstance(uploaded, datetime) else None,
        identities=identities_of(candidate),
        accepted=accepted,
        findings=tuple(replace(finding, asks_for=None) for finding in rest),
    )


def _others(
    admission: Admission,
    verdicts: Sequence[tuple[Approvals, Verdict]],
    files: Sequence[Examined],
) -> Iterator[ApprovedFile]:
    opened = {file.filename for file in files}
    judged = ApprovedFile(filename=files[0].filename, sha256=files[0].sha256, judged=True)
    for other in others_of(admission.index, verdicts[0][1].candidate, judged):
        if other.filename not in opened:
            yield other
