"""The one place where a candidate is judged: no I/O, no clock, nothing but facts and the policy."""

from __future__ import annotations

import enum
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from guard.model import (
    Absent,
    Admitted,
    Built,
    Candidate,
    Decision,
    Fact,
    File,
    Finding,
    Installation,
    Level,
    Requested,
    RuleId,
    Unknown,
    Unowned,
    Verdict,
    matches_name,
)
from guard.policy import Policy
from guard.rules import Stage
from guard.rules.altered_file import AlteredFile
from guard.rules.denied_release import DeniedRelease
from guard.rules.direct_url import DirectUrl
from guard.rules.foreign_file import ForeignFile
from guard.rules.foreign_index import ForeignIndex
from guard.rules.hash_mismatch import HashMismatch
from guard.rules.missing_receipt import MissingReceipt
from guard.rules.source_distribution import SourceDistribution
from guard.rules.unapproved_file import UnapprovedFile
from guard.rules.unguarded_install import UnguardedInstall
from guard.rules.unowned_file import UnownedFile
from guard.rules.vanished_file import VanishedFile

OWN: Final = frozenset(
    rule.id
    for rule in (
        MissingReceipt,
        DeniedRelease,
        UnapprovedFile,
        VanishedFile,
        HashMismatch,
        ForeignIndex,
        SourceDistribution,
        DirectUrl,
        ForeignFile,
        AlteredFile,
        UnguardedInstall,
        UnownedFile,
    )
)
"""The rules that nobody else can answer: about what is asked for here, and where it goes."""

_UNASKED: Final = Absent("nobody asks for the bytes before they are here")
_NOT_INSTALLED: Final = Absent("it is not installed")
_NO_ENVIRONMENT: Final = Absent("it is not an environment")


def judge(
    candidate: Candidate,
    policy: Policy,
    *,
    stage: Stage = Stage.FILE,
    only: Collection[RuleId] | None = None,
) -> Verdict:
    """Return the verdict of every rule in force on `candidate`. Performs no I/O.

    At the index stage only the rules are asked that need no bytes: what they deny stays denied.
    With `only`, those are asked that make sense for what is judged (`guard.audit.scope`).
    """
    own = only
    if own is None and _is_vouched_for(candidate, policy, stage):
        own = OWN
    seen = candidate
    if stage is not Stage.FILE:
        seen = replace(candidate, content=_UNASKED, digests=_UNASKED)
    findings = tuple(
        policy.waive(finding, candidate)
        for rule in policy.in_force(candidate.file.project)
        if (stage is Stage.FILE or rule.stage is not Stage.FILE) and (own is None or rule.id in own)
        for finding in rule.check(seen)
    )
    if policy.floor is not None:
        below = judge(candidate, policy.floor.policy, stage=stage, only=only).findings
        findings = _with_floor(findings, below, policy.floor.reason)
    return Verdict(candidate, findings)


def _is_vouched_for(candidate: Candidate, policy: Policy, stage: Stage) -> bool:
    """Tell whether the policy takes the word of the mirror that a file comes from.

    Before its bytes are here nobody asks for its receipt: what that mirror lists is hidden by no
    rule that it was judged by already. It is asked for before anything is admitted.
    """
    if not any(entry.receipts for entry in policy.indexes):
        return False
    rule = policy.rule(MissingReceipt, candidate.file.project)
    terms = rule.terms(candidate) if rule.level is Level.DENY else None
    if terms is None:
        return False
    if stage is not Stage.FILE:
        return True
    vouched = candidate.vouched
    if isinstance(vouched, Absent | Unknown):
        return False
    return terms.objection(vouched, candidate.judged_at) is None


def _with_floor(
    findings: Sequence[Finding], below: Sequence[Finding], reason: str
) -> tuple[Finding, ...]:
    """Return what either of two policies found; where both found the same, the stricter of them."""
    kept = list(findings)
    for finding in below:
        same = [own for own in kept if (own.rule, own.message) == (finding.rule, finding.message)]
        if any(_weight(own) >= _weight(finding) for own in same):
            continue
        kept = [own for own in kept if own not in same]
        because = (f"policy: {reason}",) if finding.holds else ()
        kept.append(replace(finding, detail=(*finding.detail, *because)))
    return tuple(kept)


def _weight(finding: Finding) -> int:
    if finding.waiver is not None:
        return 0
    return 2 if finding.holds else 1


class Standing(enum.StrEnum):
    """What is known of a file's publisher. None of these says that the file is safe."""

    PINNED = "as pinned"
    BEFORE = "as before"
    FIRST_SEEN = "first seen"
    NOT_ATTESTED = "not attested"
    UNKNOWN = "not known"


def standing(candidate: Candidate, policy: Policy) -> Standing:
    """Return how a candidate's publisher relates to the pins and to what was seen before."""
    match candidate.provenance:
        case Absent():
            return Standing.NOT_ATTESTED
        case Unknown():
            return Standing.UNKNOWN
        case provenance:
            identities = provenance.identities
    if not identities:
        return Standing.NOT_ATTESTED
    publishers = policy.facts_by().publishers
    pins = [pin for pin in publishers if matches_name(pin.name, candidate.file.project)]
    if any(not p.mismatches(i) for pin in pins for p in pin.identities for i in identities):
        return Standing.PINNED
    known = candidate.remembered
    if not isinstance(known, Absent | Unknown) and any(
        identity.same_publisher(other) for identity in identities for other in known
    ):
        return Standing.BEFORE
    return Standing.FIRST_SEEN


@dataclass(frozen=True, slots=True)
class Asked:
    """A file to judge, and how it was asked for."""

    file: File
    requested: Requested
    local: bool = False
    """A file on the user's own disk, given as itself: no index has anything to say of it."""

    unasked: Unknown | None = None
    """Why no index may be asked for it: it is said to come from one that nobody here knows."""

    installation: Fact[Installation] = _NOT_INSTALLED
    unowned: Fact[tuple[Unowned, ...]] = _NO_ENVIRONMENT
    only: frozenset[RuleId] | None = None
    """The rules that make sense for it; `None` for all."""

    built: Built | None = None
    """How the guard itself has built it; then it lies in the quarantine."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdicts on a whole plan, and the proofs when all of it is admitted."""

    verdicts: tuple[Verdict, ...]
    admitted: tuple[Admitted, ...] = ()

    @property
    def decision(self) -> Decision:
        """All or nothing: denied if one is denied, undecided if one is undecided."""
        decisions = {verdict.decision for verdict in self.verdicts}
        for decision in (Decision.DENIED, Decision.UNDECIDED):
            if decision in decisions:
                return decision
        # Whatever the rules are told to overlook: nothing is admitted that nobody has seen.
        unseen = any(isinstance(v.candidate.digests, Unknown) for v in self.verdicts)
        return Decision.UNDECIDED if unseen else Decision.ADMITTED
