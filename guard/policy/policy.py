"""The effective policy, and what it says of one finding. Pure: no files, no clock."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final, TypeVar

import msgspec
from packaging.utils import NormalizedName
from packaging.version import Version

from guard.approval import Approval, Approvals
from guard.artifact.content import Content
from guard.model import (
    Absent,
    Candidate,
    DenyEntry,
    Fact,
    File,
    Finding,
    IndexEntry,
    Level,
    Listing,
    RuleId,
    Unknown,
    Versions,
    matches_name,
    younger_than,
)
from guard.publisher import Pin
from guard.rules import Rule
from guard.rules.fresh_upload import FreshUpload
from guard.rules.new_dependency import NewDependency
from guard.rules.source_distribution import Action, Isolation, SourceDistribution
from guard.rules.suspicious_change import SuspiciousChange
from guard.rules.unapproved_file import UnapprovedFile

_GLOB: Final = frozenset("*?[")
_SETTLED: Final = timedelta(days=7)
R = TypeVar("R", bound=Rule)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """A waiver: narrow, explained, and over on the day it expires."""

    name: str
    rule: RuleId
    reason: str
    versions: Versions | None = None
    sha256: tuple[str, ...] = ()
    approved_by: str | None = None
    expires: date | None = None

    def covers(self, finding: Finding, candidate: Candidate) -> bool:
        """Tell whether this waiver is about `finding`, expired or not."""
        file = candidate.file
        if self.rule != finding.rule or not matches_name(self.name, file.project):
            return False
        if self.versions and not (file.version and self.versions.contains(file.version)):
            return False
        return not self.sha256 or self._digest(candidate) in self.sha256

    def expired(self, moment: datetime) -> bool:
        """Tell whether the waiver is over at `moment`: its last day is the one before `expires`."""
        return self.expires is not None and moment.date() >= self.expires

    @staticmethod
    def _digest(candidate: Candidate) -> str | None:
        """Return the digest of the bytes; before they are here, the one the plan promises."""
        match candidate.digests:
            case Absent() | Unknown():
                return candidate.file.hashes.get("sha256")
            case digests:
                return digests["sha256"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Options of rules that differ for the projects of some names."""

    name: str
    members: tuple[str, ...]
    """Globs, of which one must match."""

    options: Mapping[RuleId, Mapping[str, object]]
    """For each rule: field, and value."""

    def covers(self, project: str) -> bool:
        """Tell whether `project` is a member."""
        return any(matches_name(pattern, NormalizedName(project)) for pattern in self.members)

    def of(self, rule: R) -> R:
        """Return `rule` as it is for the members."""
        options = self.options.get(rule.id)
        return msgspec.structs.replace(rule, **options) if options else rule


@dataclass(frozen=True, slots=True)
class Floor:
    """A policy that holds as well, whatever the one above it lets pass."""

    policy: Policy
    reason: str
    """Why it holds, for whoever reads that it denied something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Every rule as configured, and the exemptions from them."""

    rules: tuple[Rule, ...]
    """One of each in the catalogue; a rule is switched off by its level, never by its absence."""

    indexes: tuple[IndexEntry, ...] = ()
    deny: tuple[DenyEntry, ...] = ()
    exemptions: tuple[Exemption, ...] = ()
    approval_required: bool = False
    """Only what is approved may be admitted."""

    approvals: Approvals = field(default_factory=Approvals)
    publishers: tuple[Pin, ...] = ()
    groups: tuple[Group, ...] = ()
    """In order: of two that set the same option, the later one counts."""

    origins: Mapping[str, str] = field(default_factory=dict)
    """Where each value comes from: `rules.fresh-upload.age` → `default`, or a file."""

    floor: Floor | None = None
    """What this policy may not loosen; candidates are judged by both."""

    def in_force(self, project: str | None = None) -> tuple[Rule, ...]:
        """Return the rules that are not switched off: for `project`, or for any."""
        rules = self.rules if project is None else self._of(project)
        return tuple(rule for rule in rules if rule.level is not Level.OFF)

    def rule(self, kind: type[R], project: str | None = None) -> R:
        """Return the one rule of that kind, as configured for `project` or for any."""
        rules = self.rules if project is None else self._of(project)
        (configured,) = (rule for rule in rules if isinstance(rule, kind))
        return configured

    def stack(self) -> Iterator[Policy]:
        """Yield this policy and every one that it may not loosen."""
        yield self
        if self.floor is not None:
            yield from self.floor.policy.stack()

    def facts_by(self) -> Policy:
        """Return the policy that says where facts come from: one that nobody else can change."""
        return self if self.floor is None else self.floor.policy.facts_by()

    def names_digests(self, project: NormalizedName) -> bool:
        """Tell whether anything in it is about single files of `project`, by their sha256."""
        return any(
            policy.approvals.of(project)
            or policy.approval_required
            or any(e.sha256 and matches_name(e.name, project) for e in policy.exemptions)
            for policy in self.stack()
        )

    def names_releases(self, project: NormalizedName) -> bool:
        """Tell whether anything in it is about single releases or files of `project`."""
        if self.names_digests(project):
            return True
        names = (
            name
            for policy in self.stack()
            for name in (*(d.name for d in policy.deny), *(e.name for e in policy.exemptions))
        )
        return any(matches_name(name, project) for name in names)

    @property
    def digest(self) -> str:
        """The sha256 of all that it says: two policies that judge alike have the same."""
        said = msgspec.json.encode(self, enc_hook=str, order="deterministic")
        return hashlib.sha256(said).hexdigest()

    def _of(self, project: str) -> tuple[Rule, ...]:
        rules = self.rules
        for group in self.groups:
            if group.covers(project):
                rules = tuple(group.of(rule) for rule in rules)
        return rules

    def _variants(self, kind: type[R]) -> Iterator[R]:
        """Yield the rule of that kind as it is for anybody, here and in every floor."""
        for policy in self.stack():
            rule = policy.rule(kind)
            yield rule
            yield from (group.of(rule) for group in policy.groups)

    def waive(self, finding: Finding, candidate: Candidate) -> Finding:
        """Return `finding`, set aside by the first exemption or approval that still holds."""
        covering = [e for e in self.exemptions if e.covers(finding, candidate)]
        accepting = list(self.approvals.accepting(finding, candidate))
        waivers: tuple[Exemption | Approval, ...] = (*covering, *accepting)
        for waiver in waivers:
            if not waiver.expired(candidate.judged_at):
                by = f" ({waiver.approved_by})" if waiver.approved_by else ""
                return replace(finding, waiver=f"{waiver.reason}{by}")
        expired = (
            *(f"policy: [[exempt]] expired on {e.expires}: {e.reason}" for e in covering),
            *(f"approval: expired on {e.expires}: {e.reason}" for e in accepting),
        )
        return replace(finding, detail=(*finding.detail, *expired))

    def approved(self, project: NormalizedName, now: datetime) -> frozenset[Version] | None:
        """Return the only releases of `project` that may be admitted; `None` if any may be."""
        sets = [policy._approved(project, now) for policy in self.stack()]  # noqa: SLF001 - own
        bounded = [versions for versions in sets if versions is not None]
        return frozenset.intersection(*bounded) if bounded else None

    def _approved(self, project: NormalizedName, now: datetime) -> frozenset[Version] | None:
        rule = self.rule(UnapprovedFile, project)
        waived = any(e.rule == rule.id and matches_name(e.name, project) for e in self.exemptions)
        if waived or not rule.required or rule.approvals.open or rule.level is not Level.DENY:
            return None
        return rule.approvals.versions(project, now)

    def approved_names(self) -> frozenset[NormalizedName]:
        """Return the projects of which anything is approved, in this policy or below it."""
        return frozenset().union(*(policy.approvals.names() for policy in self.stack()))

    def upload_cutoff(self, now: datetime) -> datetime | None:
        """Return the moment after which uploads are denied, or `None` if none are."""
        rules = [policy.rule(FreshUpload) for policy in self.stack()]
        return min(filter(None, (_cutoff(rule, now) for rule in rules)), default=None)

    def settled(self) -> timedelta:
        """Return how long a release must have been up for a later one to be compared with it.

        It is the cooldown, but no shorter because somebody does without one.
        """
        return max(_SETTLED, *(rule.age for rule in self._variants(FreshUpload)))

    def compares_contents(self, listing: Fact[Listing], now: datetime) -> bool:
        """Tell whether a file so listed is compared with an earlier one, inside."""
        return any(_compares(rule, listing, now) for rule in self._variants(SuspiciousChange))

    def compares_requirements(self, listing: Fact[Listing], now: datetime) -> bool:
        """Tell whether a file so listed is compared with what an earlier one required."""
        return any(_compares(rule, listing, now) for rule in self._variants(NewDependency))

    def was_opened(self, file: File, listing: Fact[Listing], now: datetime) -> bool:
        """Tell whether the promised bytes of `file` were opened and approved, in every policy."""
        listed = listing.hashes if isinstance(listing, Listing) else {}
        promised = file.hashes.get("sha256") or listed.get("sha256")
        return all(policy.approvals.opened(file, promised, now) for policy in self.stack())

    def suspects(self, content: Content) -> bool:
        """Tell whether the earlier release matters to what is said of `content`."""
        return any(rule.suspects(content) for rule in self._variants(SuspiciousChange))

    def builds(self, project: NormalizedName) -> Isolation | None:
        """Return how sources of `project` are built, the strictest says; `None`: they are not."""
        rules = [policy.rule(SourceDistribution, project) for policy in self.stack()]
        if any(rule.action is not Action.BUILD for rule in rules):
            return None
        kept_apart = any(rule.isolation is Isolation.SANDBOX for rule in rules)
        return Isolation.SANDBOX if kept_apart else Isolation.NONE

    def may_be_fresh(self, project: NormalizedName) -> bool:
        """Tell whether a fresh file of `project` may be admitted, so a resolver must see it."""
        return all(policy._may_be_fresh(project) for policy in self.stack())  # noqa: SLF001 - own

    def _may_be_fresh(self, project: NormalizedName) -> bool:
        rule = self.rule(FreshUpload)
        own = self.rule(FreshUpload, project)
        if own.level is not Level.DENY or own.age < rule.age:
            return True
        first_party = any(
            matches_name(pattern, project)
            for entry in self.indexes
            if entry.name in rule.exempt_indexes
            for pattern in entry.owns
        )
        accepted = self.approvals.accept_some(rule.id)
        return (
            first_party
            or project in accepted
            or any(
                exemption.rule == rule.id and matches_name(exemption.name, project)
                for exemption in self.exemptions
            )
        )

    def fresh_names(self) -> frozenset[str]:
        """Return the plain project names of which a fresh file was let in by somebody."""
        names = (
            policy.approvals.accept_some(FreshUpload.id).union(
                e.name for e in policy.exemptions if e.rule == FreshUpload.id
            )
            for policy in self.stack()
        )
        found = frozenset.intersection(*names)
        return frozenset(name for name in found if not _GLOB & set(name))


def _cutoff(rule: FreshUpload, now: datetime) -> datetime | None:
    longest = now - datetime.min.replace(tzinfo=now.tzinfo)
    return now - min(rule.age, longest) if rule.level is Level.DENY else None


def _compares(
    rule: SuspiciousChange | NewDependency, listing: Fact[Listing], now: datetime
) -> bool:
    return rule.level is not Level.OFF and younger_than(listing, rule.window, now=now)
