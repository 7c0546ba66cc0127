"""The `dropped-attestation` rule."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, ClassVar

import msgspec

from guard.duration import Duration
from guard.model import Absent, Candidate, Fact, Finding, Listing, Prior, RuleId, Unknown
from guard.publisher import Provenance
from guard.rules._base import Rule


class DroppedAttestation(Rule, frozen=True, kw_only=True):
    """Denies files without an attestation whose release line had them before.

    ## What it does

    Looks on the project page for the nearest earlier release, in the order of versions, whose like
    file (same kind, same tags) is attested. A backport is so compared with its own line, and files
    that were never attested beside others that were are left alone.

    ## Why is this bad?

    Projects that have set up attestations do not lose them by accident. When the ultralytics
    project was taken over a second time, by a left-over upload token, the missing attestation was
    the mark that told the attacker's release from the project's own.

    ## Example

    ```toml
    [rules.dropped-attestation]
    level = "deny"
    within = "365 days"
    ```

    ## Remediation

    Use the release before, and ask the project how it published this one. A project that has
    stopped attesting for good gets an `[[exempt]]` entry.
    """

    id: ClassVar = RuleId("dropped-attestation")
    since: ClassVar = "0.1.0"

    within: Annotated[
        Duration,
        msgspec.Meta(description="An attested file older than this is not held against it."),
    ] = Duration(days=365)

    def check(self, candidate: Candidate) -> Iterator[Finding]:
        if not self._unattested(candidate):
            return
        match candidate.prior:
            case Absent():
                return
            case Unknown(reason):
                yield self.unknown("not known whether earlier releases were attested", cause=reason)
            case prior:
                if not self._too_long_ago(candidate, prior):
                    yield self.finding(
                        f"not attested, though {prior.version} was ({prior.filename})",
                        f'policy: rules.dropped-attestation.within = "{self.within}"',
                    )

    def _unattested(self, candidate: Candidate) -> bool:
        match candidate.provenance:
            case Absent():
                return True
            case Unknown():
                return False  # it is listed: `invalid-attestation` says that it cannot be verified
            case Provenance() as provenance:
                return not provenance.attestations

    def _too_long_ago(self, candidate: Candidate, prior: Prior) -> bool:
        published = _moment(candidate.listing) or candidate.judged_at
        return prior.upload_time is not None and published - prior.upload_time > self.within


def _moment(listing: Fact[Listing]) -> datetime | None:
    if isinstance(listing, Absent | Unknown):
        return None
    return None if isinstance(listing.upload_time, Absent | Unknown) else listing.upload_time
