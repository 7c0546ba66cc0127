"""Whether the policy says of each case what its author expects of it. Pure, as `judge` is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from guard.admission.judge import judge
from guard.model import Decision, Finding, RuleId, Verdict
from guard.policy import Policy
from guard.policy.cases import Case
from guard.rules import CATALOGUE
from guard.rules.unapproved_file import UnapprovedFile

EXERCISED_BY: Final[Mapping[str, tuple[str, ...]]] = {
    "denied-release": ("name",),
    "unapproved-file": ("sha256",),
    "fresh-upload": ("uploaded", "unknown.uploaded"),
    "yanked-file": ("yanked",),
    "quarantined-project": ("status",),
    "archived-project": ("status",),
    "vanished-file": ("listed",),
    "hash-mismatch": ("sha256", "unknown.bytes"),
    "known-malware": ("advisories", "unknown.advisories"),
    "known-vulnerability": ("advisories", "unknown.advisories"),
    "foreign-index": ("index",),
    "missing-receipt": ("index",),
    "lookalike-name": ("first-uploaded", "releases"),
    "missing-attestation": ("publisher", "invalid-attestation", "unknown.publisher"),
    "dropped-attestation": ("before.publisher",),
    "invalid-attestation": ("invalid-attestation", "unknown.publisher"),
    "unexpected-publisher": ("publisher",),
    "changed-publisher": ("before.publisher",),
    "source-distribution": ("filename",),
    "direct-url": ("direct-url", "content.requires"),
    "ambiguous-archive": (),
    "oversized-archive": ("content.entries", "content.size"),
    "unsafe-path": (),
    "record-mismatch": (),
    "metadata-mismatch": (),
    "startup-hook": ("content.startup-hooks",),
    "foreign-file": ("overwrites",),
    "shadowing-command": ("content.commands",),
    "undeclared-binary": (),
    "unsafe-pickle": ("content.pickle-imports",),
    "suspicious-code": ("content.shows",),
    "suspicious-change": ("before.shows",),
    "new-dependency": ("before.requires",),
}
"""The facts of which one must be stated for a rule to have anything to say. A defect of its own
that a case states, is one too."""

OF_ENVIRONMENTS: Final = frozenset({"altered-file", "unowned-file", "unguarded-install"})
"""The rules about what is installed already: a case is about what is yet to come."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one case."""

    case: Case
    verdict: Verdict

    @property
    def met(self) -> bool:
        """Whether it is what was expected."""
        expected, by = self.case.expected, set(self.by)
        if self.verdict.decision is not expected.decision:
            return False
        wanted = set(expected.by)
        return wanted == by if expected.only else wanted <= by

    @property
    def by(self) -> tuple[RuleId, ...]:
        """The rules that made the decision, each once; of what is admitted, all that remarked."""
        return tuple(dict.fromkeys(finding.rule for finding in self.telling))

    @property
    def telling(self) -> tuple[Finding, ...]:
        """The findings that made the decision."""
        found = self.verdict.findings
        match self.verdict.decision:
            case Decision.ADMITTED:
                return found
            case Decision.DENIED:
                return tuple(f for f in found if f.holds and not f.unknown)
            case Decision.UNDECIDED:
                return tuple(f for f in found if f.holds)


def tried(cases: Iterable[Case], policy: Policy) -> tuple[Tried, ...]:
    """Return what `policy` says of each case. Performs no I/O."""
    return tuple(Tried(case, judge(case.candidate, policy)) for case in cases)


def unexercised(found: Iterable[Tried], policy: Policy) -> tuple[RuleId, ...]:
    """Return the rules in force of which no case states a fact, and which found nothing in any."""
    rules = {rule.id for below in policy.stack() for rule in below.in_force()}
    if not any(below.approval_required for below in policy.stack()):
        rules.discard(UnapprovedFile.id)
    rules -= OF_ENVIRONMENTS
    seen = {rule for each in found for rule in _exercised(each)}
    return tuple(rule for rule in CATALOGUE if rule in rules and rule not in seen)


def _exercised(each: Tried) -> Iterator[RuleId]:
    yield from (finding.rule for finding in each.verdict.findings)
    stated = each.case.stated
    for rule, facts in EXERCISED_BY.items():
        if stated & {*facts, f"content.defects.{rule}"}:
            yield RuleId(rule)
