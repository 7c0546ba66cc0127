"""The `invalid-attestation` rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from guard.model import Absent, Candidate, Finding, Level, RuleId, Unknown
from guard.rules._base import Rule, Stage


class InvalidAttestation(Rule, frozen=True, kw_only=True):
    """Denies files with an attestation that does not verify, or verifies for something else.

    ## What it does

    Verifies every attestation that the index lists: certificate, transparency log, signature,
    subject, and that the publisher the index claims is the one in the certificate. One that fails
    is enough. What could not be fetched, or is of a kind this verifier does not know, is
    *undecided*.

    ## Why is this bad?

    An attestation is made for one file by one workflow. When it does not fit, the file is not the
    one that was attested, or somebody has tried to make it look so.

    ## Example

    ```toml
    [rules.invalid-attestation]
    level = "deny"
    unavailable-level = "warn"
    ```

    ## Remediation

    Do not install it. If many valid files fail at once, the trust root may be too old: see
    `guard doctor`. Attestations that cannot be fetched become a warning with
    `unavailable-level = "warn"`, where a missing answer is a smaller evil than a stopped build.
    """

    id: ClassVar = RuleId("invalid-attestation")
    since: ClassVar = "0.1.0"
    stage: ClassVar = Stage.FILE

    unavailable_level: Annotated[
        Level,
        msgspec.Meta(description="The level for attestations that are listed but cannot be had."),
    ] = Level.DENY

    def check(self, candidate: Candidate) -> Iterator[Finding]:
        match candidate.provenance:
            case Absent():
                return
            case Unknown(reason):
                yield self._unavailable(reason)
            case provenance:
                for reason in provenance.invalid:
                    yield self.finding(f"an attestation does not verify: {reason}")
                if not provenance.attestations:
                    for reason in provenance.unsupported:
                        yield self._unavailable(f"not understood: {reason}")

    def _unavailable(self, reason: str) -> Finding:
        return self.unknown(
            "its attestations are not verified",
            f'policy: rules.invalid-attestation.unavailable-level = "{self.unavailable_level}"',
            cause=reason,
            level=self.at_most(self.unavailable_level),
        )
