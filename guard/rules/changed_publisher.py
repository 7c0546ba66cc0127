"""The `changed-publisher` rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Final

import msgspec

from guard.duration import Duration
from guard.model import (
    Absent,
    Candidate,
    Fact,
    Finding,
    Level,
    Listing,
    Prior,
    RuleId,
    Unknown,
    matches_name,
)
from guard.publisher import NOT_ATTESTED, Identity, Pin
from guard.rules._base import Rule, Stage

_FOREIGN_TRIGGERS: Final = frozenset({"pull_request", "pull_request_target"})
_SELF_HOSTED: Final = "self-hosted"


class ChangedPublisher(Rule, frozen=True, kw_only=True):
    """Denies attested files that another publisher signed than the releases before.

    ## What it does

    Compares the verified identity with that of the nearest earlier attested file of the same
    release line, and with the one that was recorded when the project was last installed here.
    Another issuer or repository is a change; a repository with the same numeric id has only been
    renamed. From the same repository, a run that a pull request triggered or that moved to a
    self-hosted runner is denied too, and a release from a branch where there was a tag is worth a
    warning.

    ## Why is this bad?

    A takeover that can attest, attests as somebody else, or from a place in the repository where
    outsiders can run code. The index shows both as *attested*.

    ## Example

    ```toml
    [rules.changed-publisher]
    level = "deny"
    within = "365 days"
    ```

    ## Remediation

    Look for an announcement of the move in the old repository. Then pin the new publisher with a
    `[[publisher]]` table: a project with a pin is held to that, not to its history.
    """

    id: ClassVar = RuleId("changed-publisher")
    since: ClassVar = "0.1.0"
    stage: ClassVar = Stage.FILE

    within: Annotated[
        Duration, msgspec.Meta(description="An attested file older than this is not compared with.")
    ] = Duration(days=365)
    publishers: Annotated[
        tuple[Pin, ...],
        msgspec.Meta(description="The `[[publisher]]` tables.", extra={"table": "publisher"}),
    ] = ()

    def check(self, candidate: Candidate) -> Iterator[Finding]:
        if any(matches_name(pin.name, candidate.file.project) for pin in self.publishers):
            return
        match candidate.provenance:
            case Absent() | Unknown():
                return  # there is nobody to compare; other rules say what that means
            case provenance:
                identities = provenance.identities
        yield from self._against("the last one installed here", candidate.remembered, identities)
        if not _known(candidate.remembered, identities):
            yield from self._against_prior(candidate, identities)
        # Otherwise: what was seen here is better evidence than what an index lists.

    def _against_prior(
        self, candidate: Candidate, identities: tuple[Identity, ...]
    ) -> Iterator[Finding]:
        match candidate.prior:
            case Absent():
                return
            case Unknown(reason):
                yield self.unknown(f"not known who published the release before: {reason}")
                return
            case prior:
                if self._too_long_ago(candidate, prior):
                    return
        match prior.provenance:
            case Absent() | Unknown() as nobody:
                earlier: Fact[tuple[Identity, ...]] = nobody
            case before:
                earlier = before.identities
        yield from self._against(str(prior.version), earlier, identities)

    def _too_long_ago(self, candidate: Candidate, prior: Prior) -> bool:
        """From one upload to the next: a takeover does not become right by being left alone."""
        published = candidate.judged_at
        if isinstance(candidate.listing, Listing):
            uploaded = candidate.listing.upload_time
            published = published if isinstance(uploaded, Absent | Unknown) else uploaded
        return prior.upload_time is not None and published - prior.upload_time > self.within

    def _against(
        self, name: str, before: Fact[tuple[Identity, ...]], now: tuple[Identity, ...]
    ) -> Iterator[Finding]:
        match before:
            case Absent():
                return
            case Unknown(reason):
                yield self.unknown(f"not known who published {name}: {reason}")
                return
            case identities:
                earlier = identities
        for identity in now:
            same = [other for other in earlier if identity.same_publisher(other)]
            if earlier and not same:
                yield self.finding(
                    f"published by {identity.title}, but {name} by {earlier[0].title}",
                    "help: if the project has moved, pin its new publisher: [[publisher]]",
                )
            elif same:
                yield from self._within_repository(name, identity, same)

    def _within_repository(
        self, name: str, identity: Identity, same: list[Identity]
    ) -> Iterator[Finding]:
        trigger, runner, ref = identity.trigger, identity.runner, identity.ref or ""
        if trigger in _FOREIGN_TRIGGERS and trigger not in {other.trigger for other in same}:
            yield self.finding(
                f"published by a run that {trigger} triggered, "
                f"{name} by {same[0].trigger or NOT_ATTESTED}"
            )
        if runner == _SELF_HOSTED and _SELF_HOSTED not in {other.runner for other in same}:
            yield self.finding(f"published on a self-hosted runner, {name} was not")
        tagged = all((other.ref or "").startswith("refs/tags/") for other in same)
        if ref.startswith("refs/heads/") and tagged:
            yield self.finding(
                f"published from {ref}, {name} from {same[0].ref}", level=self.at_most(Level.WARN)
            )


def _known(remembered: Fact[tuple[Identity, ...]], identities: tuple[Identity, ...]) -> bool:
    match remembered:
        case Absent() | Unknown():
            return False
        case earlier:
            return all(
                any(identity.same_publisher(other) for other in earlier) for identity in identities
            )
