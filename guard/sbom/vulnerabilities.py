"""The advisories against the parts, each once, with everything that it affects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from cyclonedx.model import XsUri
from cyclonedx.model.impact_analysis import ImpactAnalysisAffectedStatus
from cyclonedx.model.vulnerability import (
    BomTarget,
    BomTargetVersionRange,
    Vulnerability,
    VulnerabilityRating,
    VulnerabilityReference,
    VulnerabilitySeverity,
    VulnerabilitySource,
)

from guard.model import Advisories, Advisory
from guard.sbom.cleaning import clean, public_url
from guard.sbom.described import Part
from guard.sbom.properties import properties

_SOURCE: Final = "OSV"


def vulnerabilities(parts: Sequence[Part], refs: Sequence[str]) -> Iterator[Vulnerability]:
    """Yield every advisory that is known against a part; `refs` are those of the parts."""
    found: dict[str, list[tuple[Advisory, Part, str]]] = {}
    sources: dict[str, str] = {}
    for part, ref in zip(parts, refs, strict=True):
        if isinstance(part.advisories, Advisories):
            for record in part.advisories.records:
                found.setdefault(record.id, []).append((record, part, ref))
                sources[record.id] = part.advisories.source
    for id_, affected in found.items():
        yield _vulnerability(affected, public_url(sources[id_]))


def _vulnerability(
    affected: Sequence[tuple[Advisory, Part, str]], source: str | None
) -> Vulnerability:
    record = affected[0][0]
    fixed = sorted({version for each, _, _ in affected for version in each.fixed})
    return Vulnerability(
        bom_ref=f"advisory:{clean(record.id)}",
        id=clean(record.id),
        source=VulnerabilitySource(name=_SOURCE, url=XsUri(source) if source else None),
        references=[
            VulnerabilityReference(id=clean(alias), source=VulnerabilitySource(name=_SOURCE))
            for alias in record.aliases
        ],
        ratings=[VulnerabilityRating(severity=_severity(record))],
        description=clean(record.summary) or None,
        recommendation=f"fixed in {', '.join(map(str, fixed))}" if fixed else None,
        affects=[_target(part, ref) for _, part, ref in affected],
        properties=properties(_marks(record)),
    )


def _severity(record: Advisory) -> VulnerabilitySeverity:
    """Return how severe it is; `unknown` where nobody says, for that is not harmless."""
    if record.severity is None:
        return VulnerabilitySeverity.UNKNOWN
    return VulnerabilitySeverity(str(record.severity))


def _target(part: Part, ref: str) -> BomTarget:
    affected = ImpactAnalysisAffectedStatus.AFFECTED
    versions = (
        [BomTargetVersionRange(version=part.version, status=affected)] if part.version else []
    )
    return BomTarget(ref=ref, versions=versions)


def _marks(record: Advisory) -> Iterator[tuple[str, str]]:
    if record.malware:
        yield "malware", "true"
    if record.name_wide:
        yield "name-wide", "true"
