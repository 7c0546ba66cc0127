"""The `missing-attestation` rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from guard.model import Absent, Candidate, Finding, RuleId, Unknown, matches_name
from guard.publisher import Pin
from guard.rules._base import Rule, Stage


class MissingAttestation(Rule, frozen=True, kw_only=True):
    """Denies files without a valid attestation where the policy or a lock demands one.

    ## What it does

    An attestation is demanded by a `[[publisher]]` table whose `attestation` is `"required"`, by a
    lock that names `attestation-identities`, or for every file with `every-file = true`. At least
    one attestation must verify for this very file; an empty provenance object has none.

    ## Why is this bad?

    Whoever stole an upload token can publish, but cannot sign as the project's release workflow. Of
    a project that always attests, a file without an attestation did not come from there.

    ## Example

    ```toml
    [[publisher]]
    name = "acme-widget"
    identities = [{ kind = "GitHub", repository = "acme/widget", workflow = "release.yml" }]
    attestation = "required"
    ```

    ## Remediation

    Use a release that is attested. If the project does not attest at all, say
    `attestation = "if-present"`, which still holds every attested file to the pin.
    """

    id: ClassVar = RuleId("missing-attestation")
    since: ClassVar = "0.1.0"
    stage: ClassVar = Stage.FILE

    every_file: Annotated[
        bool, msgspec.Meta(description="Demand an attestation of every file from an index.")
    ] = False
    publishers: Annotated[
        tuple[Pin, ...],
        msgspec.Meta(description="The `[[publisher]]` tables.", extra={"table": "publisher"}),
    ] = ()

    def check(self, candidate: Candidate) -> Iterator[Finding]:
        demand = self._demand(candidate)
        if demand is None:
            return
        match candidate.provenance:
            case Absent(reason):
                yield self.finding(f"not attested: {reason}", demand)
            case Unknown(reason):
                yield self.unknown("not known whether it is attested", demand, cause=reason)
            case provenance:
                if not provenance.attestations:
                    yield self.finding("not attested: no attestation verifies", demand)

    def _demand(self, candidate: Candidate) -> str | None:
        project = candidate.file.project
        if candidate.requested.identities:
            return "policy: the lock names attestation-identities"
        for pin in self.publishers:
            if pin.required and matches_name(pin.name, project):
                return f'policy: [[publisher]] {pin.name}: attestation = "required"'
        if self.every_file:
            return "policy: rules.missing-attestation.every-file = true"
        return None
