"""The effective policy, and what it says of one finding. Pure: no files, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Final, TypeVar

from packaging.utils import NormalizedName

from guard.model import (
    Absent,
    Candidate,
    DenyEntry,
    Finding,
    IndexEntry,
    Level,
    RuleId,
    Unknown,
    Versions,
    matches_name,
)
from guard.publisher import Pin
from guard.rules import Rule
from guard.rules.fresh_upload import FreshUpload

_GLOB: Final = frozenset("*?[")
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
class Policy:
    """Every rule as configured, and the exemptions from them."""

    rules: tuple[Rule, ...]
    """One of each in the catalogue; a rule is switched off by its level, never by its absence."""

    indexes: tuple[IndexEntry, ...] = ()
    deny: tuple[DenyEntry, ...] = ()
    exemptions: tuple[Exemption, ...] = ()
    publishers: tuple[Pin, ...] = ()
    origins: Mapping[str, str] = field(default_factory=dict)
    """Where each value comes from: `rules.fresh-upload.age` → `default`, or a file."""

    def in_force(self) -> tuple[Rule, ...]:
        """Return the rules that are not switched off."""
        return tuple(rule for rule in self.rules if rule.level is not Level.OFF)

    def rule(self, kind: type[R]) -> R:
        """Return the one configured rule of that kind."""
        (configured,) = (rule for rule in self.rules if isinstance(rule, kind))
        return configured

    def waive(self, finding: Finding, candidate: Candidate) -> Finding:
        """Return `finding`, set aside by the first exemption that covers it and still holds."""
        covering = [e for e in self.exemptions if e.covers(finding, candidate)]
        for exemption in covering:
            if not exemption.expired(candidate.judged_at):
                by = f" ({exemption.approved_by})" if exemption.approved_by else ""
                return replace(finding, waiver=f"{exemption.reason}{by}")
        expired = tuple(f"policy: [[exempt]] expired on {e.expires}: {e.reason}" for e in covering)
        return replace(finding, detail=(*finding.detail, *expired))

    def upload_cutoff(self, now: datetime) -> datetime | None:
        """Return the moment after which uploads are denied, or `None` if none are."""
        rule = self.rule(FreshUpload)
        longest = now - datetime.min.replace(tzinfo=now.tzinfo)
        return now - min(rule.age, longest) if rule.level is Level.DENY else None

    def may_be_fresh(self, project: NormalizedName) -> bool:
        """Tell whether a fresh file of `project` may be admitted, so a resolver must see it."""
        rule = self.rule(FreshUpload)
        first_party = any(
            matches_name(pattern, project)
            for entry in self.indexes
            if entry.name in rule.exempt_indexes
            for pattern in entry.owns
        )
        return first_party or any(
            exemption.rule == rule.id and matches_name(exemption.name, project)
            for exemption in self.exemptions
        )

    def fresh_names(self) -> frozenset[str]:
        """Return the plain project names that an exemption from `fresh-upload` is about."""
        return frozenset(
            exemption.name
            for exemption in self.exemptions
            if exemption.rule == FreshUpload.id and not _GLOB & set(exemption.name)
        )
