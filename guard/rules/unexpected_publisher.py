"""The `unexpected-publisher` rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar

import msgspec

from guard.model import Absent, Candidate, Finding, RuleId, Unknown, matches_name
from guard.publisher import Identity, IdentityPattern, Mismatch, Pin
from guard.rules._base import Rule, Stage


class UnexpectedPublisher(Rule, frozen=True, kw_only=True):
    """Denies attested files that somebody else published than the policy or a lock says.

    ## What it does

    Compares what the verified *certificate* says with each identity that a `[[publisher]]` table or
    the `attestation-identities` of a lock name for the project; one must match in every claim that
    it names. Values are anchored globs over path segments, repositories match without regard to
    case, ids as numbers. A claim that an old certificate does not have is *undecided*, unless the
    pin lists `"not attested"` for it.

    ## Why is this bad?

    A valid attestation says who signed, not that the signer is the project. Anyone can attest a
    file from a repository of their own, and a stolen token uploads it under the project's name.

    ## Example

    ```toml
    [[publisher]]
    name = "acme-widget"
    [[publisher.identities]]
    kind = "GitHub"
    repository = "acme/widget"
    workflow = "release.yml"
    ref = "refs/tags/*"
    ```

    ## Remediation

    Find out whether the project has moved. If it has, correct the pin; if not, do not install it.
    """

    id: ClassVar = RuleId("unexpected-publisher")
    since: ClassVar = "0.1.0"
    stage: ClassVar = Stage.FILE

    publishers: Annotated[
        tuple[Pin, ...],
        msgspec.Meta(description="The `[[publisher]]` tables.", extra={"table": "publisher"}),
    ] = ()

    def check(self, candidate: Candidate) -> Iterator[Finding]:
        pins = [
            (f"[[publisher]] {pin.name}", pin.identities)
            for pin in self.publishers
            if matches_name(pin.name, candidate.file.project)
        ]
        if candidate.requested.identities:
            pins.append(("the lock's attestation-identities", candidate.requested.identities))
        if not pins:
            return
        match candidate.provenance:
            case Absent():
                return  # `missing-attestation` says whether one is demanded
            case Unknown(reason):
                yield self.unknown(
                    "not known who published it", f"policy: {pins[0][0]}", cause=reason
                )
            case provenance:
                for identity in provenance.identities:
                    for where, expected in pins:
                        yield from self._compared(identity, where, expected)

    def _compared(
        self, identity: Identity, where: str, expected: Sequence[IdentityPattern]
    ) -> Iterator[Finding]:
        """Hold one identity against those of one pin: it is enough that one of them matches."""
        answers = [pattern.mismatches(identity) for pattern in expected]
        if any(not answer for answer in answers):
            return
        nearest = min(answers, key=len)
        said = f"published by {identity.title}: {_words(nearest)}"
        if all(mismatch.unattested for mismatch in nearest):
            yield self.unknown(said, f"policy: {where}", 'help: allow it with "not attested"')
        else:
            yield self.finding(said, f"policy: {where}")


def _words(mismatches: Sequence[Mismatch]) -> str:
    return "; ".join(map(str, mismatches))
