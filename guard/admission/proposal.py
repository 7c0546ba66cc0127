"""What an approval would say of files that are judged as if it were there already."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from guard import attestation_identities
from guard.approval import Accepted, Approval, Approvals, ApprovedFile, sha256_of
from guard.model import Absent, Built, Candidate, RuleId, Unknown, Verdict
from guard.publisher import Provenance
from guard.simple import PageError

if TYPE_CHECKING:
    from guard.sources.index import IndexSource

ROUNDS: Final = 12
"""Judgements in which findings that may be set aside can come to light, one after the other."""

ACCEPTED_FOR: Final = timedelta(days=90)
"""How long something is set aside for whoever does not say."""


def accepting(
    verdicts: Sequence[Verdict], rules: Collection[RuleId], now: datetime
) -> Iterator[Approval]:
    """Yield what would set aside the findings of `rules` that speak against the plan."""
    for verdict in verdicts:
        found = tuple(
            Accepted(rule=finding.rule, finding=finding.message)
            for finding in verdict.findings
            if finding.holds and not finding.unknown and finding.rule in rules
        )
        if found and (entry := proposed(verdict.candidate, found, now)) is not None:
            yield entry


def proposed(
    candidate: Candidate, accepted: tuple[Accepted, ...], now: datetime
) -> Approval | None:
    """Return the approval of one judged file; `None` where it has no version or no digest."""
    file, sha256 = candidate.file, sha256_of(candidate)
    if file.version is None or sha256 is None:
        return None
    filename = file.filename
    if isinstance(candidate.built, Built):
        filename = candidate.built.source.file.filename
    return Approval(
        name=file.project,
        version=file.version,
        files=(ApprovedFile(filename=filename, sha256=sha256, judged=True),),
        reason="about to be approved",
        approved_by="",
        approved_at=now.replace(microsecond=0),
        accepted=accepted,
    )


def accepted_of(verdict: Verdict, proposal: Approvals) -> tuple[Accepted, ...]:
    """Return the findings of a verdict that the proposal sets aside."""
    seen = {
        accepted
        for finding in verdict.findings
        for entry in proposal.accepting(finding, verdict.candidate)
        for accepted in entry.accepted
    }
    return tuple(sorted(seen, key=lambda each: (each.rule, each.finding)))


def others_of(
    index: IndexSource, candidate: Candidate, judged: ApprovedFile
) -> Iterator[ApprovedFile]:
    """Yield the other wheels of the release that its index lists. Nobody has opened them."""
    file, origin = candidate.file, candidate.origin
    if isinstance(origin, Absent | Unknown) or file.version is None:
        return
    page = index.page_on(origin.url, file.project)
    if isinstance(page, Absent | Unknown):
        return
    for filename in page.releases().get(file.version, ()):
        try:
            entry = page.file(filename) if filename.endswith(".whl") else None
        except PageError:
            continue
        sha256 = entry.hashes.get("sha256") if entry else None
        if sha256 and sha256.lower() != judged.sha256 and filename != judged.filename:
            yield ApprovedFile(filename=filename, sha256=sha256.lower())


def identities_of(candidate: Candidate) -> tuple[tuple[tuple[str, str], ...], ...]:
    """Return who published a file, as its verified attestations say, in the words of PEP 751."""
    proved = candidate.provenance
    if not isinstance(proved, Provenance):
        return ()
    return tuple(tuple(t.items()) for t in attestation_identities.tables(proved.identities))
