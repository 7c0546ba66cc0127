"""What CycloneDX has no field for, as properties in the name of the tool: `wheelguard:…`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Final

from cyclonedx.model import Property

from guard.model import Absent, Candidate, Finding, Listing, Origin, Unknown, Verdict
from guard.publisher import Provenance
from guard.sbom.cleaning import clean, public_url
from guard.sbom.described import Part

TOOL: Final = "wheelguard"
"""The reference of the tool in its own document, and how its properties begin."""


def properties(pairs: Iterable[tuple[str, str]]) -> list[Property]:
    """Return properties of the tool, each name and value of `pairs` in one."""
    return [Property(name=f"{TOOL}:{name}", value=clean(value)) for name, value in pairs]


def proved_by(verdict: Verdict | Unknown) -> Provenance | None:
    """Return what the attestations of a file prove, where one of them verifies."""
    if isinstance(verdict, Unknown):
        return None
    provenance = verdict.candidate.provenance
    return provenance if isinstance(provenance, Provenance) and provenance.identities else None


def of_part(part: Part) -> Iterator[tuple[str, str]]:
    """Yield the verdict on a part, and where it comes from."""
    if isinstance(part.verdict, Unknown):
        yield "decision", "not judged"
        yield "reason", part.verdict.reason
        return
    candidate = part.verdict.candidate
    yield "decision", part.verdict.decision
    yield from (said(finding) for finding in part.findings if not finding.common)
    yield "filename", candidate.file.filename
    yield from _of_index(candidate)
    if part.standing is not None:
        yield "publisher:standing", part.standing
    if (proved := proved_by(part.verdict)) is not None:
        for identity in proved.identities:
            claims = {name: value for name, value in asdict(identity).items() if value is not None}
            yield "publisher", json.dumps(claims)


def _of_index(candidate: Candidate) -> Iterator[tuple[str, str]]:
    origin, listing = candidate.origin, candidate.listing
    if isinstance(origin, Origin) and (url := public_url(origin.url)) is not None:
        yield "index", url
    if not isinstance(listing, Listing):
        return
    if not isinstance(listing.upload_time, Absent | Unknown):
        yield "upload-time", listing.upload_time.isoformat()
    if isinstance(candidate.digests, Unknown) and (promised := listing.hashes.get("sha256")):
        yield "promised:sha256", promised


def said(finding: Finding) -> tuple[str, str]:
    """Return a finding as a property."""
    return f"finding:{finding.rule}", f"{effect(finding)}: {finding.message}"


def effect(finding: Finding) -> str:
    """Return what a finding does, in the words of the report."""
    if finding.waiver is not None:
        return "waived"
    if not finding.holds:
        return "warning"
    return "undecided" if finding.unknown else "denied"
