"""Approvals: which files somebody has looked at and let in, and what they set aside with that.

An approval is bound to a name, a version and the sha256 of each file. Of what rules had found in
the files that were opened, it sets aside what its author saw, and never what no author may judge.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Final

from packaging.utils import NormalizedName
from packaging.version import Version

from guard.model import Absent, Built, Candidate, File, Finding, Listing, RuleId, Unknown

NEVER: Final = frozenset(
    map(
        RuleId,
        (
            "ambiguous-archive",
            "denied-release",
            "hash-mismatch",
            "invalid-attestation",
            "known-malware",
            "unapproved-file",
        ),
    )
)
"""What no approval sets aside: it takes a waiver that names the rule."""

CHANGING: Final = frozenset(
    map(RuleId, ("archived-project", "known-vulnerability", "quarantined-project", "yanked-file"))
)
"""Rules that may say worse of the same bytes tomorrow: only what was read is set aside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovedFile:
    """One file of an approved release."""

    filename: str
    sha256: str
    judged: bool = False
    """It was downloaded, opened and judged; of any other, the index's word was written down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """What a rule held against the judged files, as it was read and set aside."""

    rule: RuleId
    finding: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One act of approval: a release, its files, by whom, why, and until when."""

    name: NormalizedName
    version: Version
    files: tuple[ApprovedFile, ...]
    reason: str
    approved_by: str
    approved_at: datetime
    expires: date | None = None
    """Its last day is the one before."""

    identities: tuple[tuple[tuple[str, str], ...], ...] = ()
    """Who had published it, in the words of PEP 751: for the reader, the digest says the same."""

    accepted: tuple[Accepted, ...] = ()
    source: str = field(default="", compare=False)
    """The file that it comes from."""

    @property
    def title(self) -> str:
        """Name and version: `litellm 1.83.1`."""
        return f"{self.name} {self.version}"

    def expired(self, moment: datetime) -> bool:
        """Tell whether the approval is over at `moment`."""
        return self.expires is not None and moment.date() >= self.expires

    def file(self, sha256: str) -> ApprovedFile | None:
        """Return the approved file with that digest, a judged one first."""
        found = [file for file in self.files if file.sha256 == sha256]
        return max(found, key=lambda file: file.judged, default=None)

    def accepts(self, finding: Finding, candidate: Candidate) -> bool:
        """Tell whether its author saw `finding` in these very bytes; expired or not."""
        if finding.unknown or finding.rule in NEVER or isinstance(candidate.built, Built):
            return False  # of what was built, its author saw other bytes, perhaps
        if self.name != candidate.file.project or self.version != candidate.file.version:
            return False
        sha256 = sha256_of(candidate)
        file = self.file(sha256) if sha256 else None
        return (file is not None and file.judged) and any(
            accepted.rule == finding.rule
            and (finding.rule not in CHANGING or accepted.finding == finding.message)
            for accepted in self.accepted
        )


@dataclass(frozen=True)
class Approvals:
    """All approvals that a policy counts."""

    entries: tuple[Approval, ...] = ()
    open: bool = False
    """Everything counts as approved: so are files judged that somebody is about to approve."""

    def __add__(self, below: Approvals) -> Approvals:
        return Approvals((*self.entries, *below.entries), self.open or below.open)

    def __bool__(self) -> bool:
        return self.open or bool(self.entries)

    @cached_property
    def _by_name(self) -> dict[NormalizedName, tuple[Approval, ...]]:
        found: dict[NormalizedName, list[Approval]] = {}
        for entry in self.entries:
            found.setdefault(entry.name, []).append(entry)
        return {name: tuple(entries) for name, entries in found.items()}

    def of(self, name: NormalizedName) -> tuple[Approval, ...]:
        """Return the approvals of one project, expired or not."""
        return self._by_name.get(name, ())

    def names(self) -> frozenset[NormalizedName]:
        """Return the projects of which anything was ever approved."""
        return frozenset(self._by_name)

    def versions(self, name: NormalizedName, moment: datetime) -> frozenset[Version]:
        """Return the releases of a project that are approved at `moment`."""
        return frozenset(entry.version for entry in self.of(name) if not entry.expired(moment))

    def opened(self, file: File, sha256: str | None, moment: datetime) -> bool:
        """Tell whether `file`, with these bytes, was opened, judged and approved, and still is.

        Never while everything counts as approved: what is about to be is judged by every rule.
        """
        if self.open or sha256 is None:
            return False
        holding = [e for e in self.of(file.project) if not e.expired(moment)]
        found = (e.file(sha256.lower()) for e in holding if e.version == file.version)
        return any(approved is not None and approved.judged for approved in found)

    def opened_before(self, candidate: Candidate) -> bool:
        """Tell the same of a candidate whose bytes are here; of any other it is not known."""
        match candidate.digests:
            case Absent() | Unknown():
                return False
            case digests:
                return self.opened(candidate.file, digests["sha256"], candidate.judged_at)

    def accepting(self, finding: Finding, candidate: Candidate) -> Iterator[Approval]:
        """Yield the approvals whose author saw `finding` in this very file."""
        entries = self.of(candidate.file.project)
        return (entry for entry in entries if entry.accepts(finding, candidate))

    def accept_some(self, rule: RuleId) -> frozenset[NormalizedName]:
        """Return the projects of which some approval sets a finding of `rule` aside."""
        return frozenset(e.name for e in self.entries if any(a.rule == rule for a in e.accepted))


def sha256_of(candidate: Candidate) -> str | None:
    """Return the digest of the bytes; before they are here, the one that was promised.

    Of what was built here, its source is what can be approved: the same source need not become the
    same bytes.
    """
    if isinstance(candidate.built, Built):
        return candidate.built.sha256
    match candidate.digests:
        case Absent() | Unknown():
            promised = candidate.file.hashes.get("sha256")
            if promised is None and isinstance(candidate.listing, Listing):
                promised = candidate.listing.hashes.get("sha256")
            return promised.lower() if promised else None
        case digests:
            return digests["sha256"]
