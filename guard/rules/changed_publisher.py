"""The `changed-publisher` rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    release line that had been up for 30 days, where there is one, and with the one that was
    recorded when the project was last installed here. Another issuer or repository is a change; a
    repository with the same numeric id has only been renamed. From the same repository, a run that
    a pull request triggered or that moved to a self-hosted runner is denied too, and a release from
    a branch where there was a tag is worth a warning.

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
    `[[publisher]]` table: it says who may publish. Triggers, runners and refs that the pin does not
    name are still compared with those of the releases before.
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
        match candidate.provenance:
            case Absent() | Unknown():
                return  # there is nobody to compare; other rules say what that means
            case provenance:
                identities = provenance.identities
        pins = [p for p in self.publishers if matches_name(p.name, candidate.file.project)]
        compare = self._pinned if pins else self._against
        before = [("the last one installed here", candidate.remembered)]
        if not _known(candidate.remembered, identities):
            before.append(self._before(candidate))
        # Otherwise: what was seen here is better evidence than what an index lists.
        for name, earlier in before:
            yield from compare(name, earlier, identities, pins)

    def _before(self, candidate: Candidate) -> tuple[str, Fact[tuple[Identity, ...]]]:
        """Return the release to compare with, and who published it."""
        match candidate.prior:
            case Absent() | Unknown() as nothing:
                return "the release before", nothing
            case prior:
                name = str(prior.version)
        if self._too_long_ago(candidate, prior):
            return name, Absent("too long ago")
        match prior.provenance:
            case Absent() | Unknown() as nobody:
                return name, nobody
            case proved:
                return name, proved.identities

    def _too_long_ago(self, candidate: Candidate, prior: Prior) -> bool:
        """From one upload to the next: a takeover does not become right by being left alone."""
        published = candidate.judged_at
        if isinstance(candidate.listing, Listing):
            uploaded = candidate.listing.upload_time
            published = published if isinstance(uploaded, Absent | Unknown) else uploaded
        return prior.upload_time is not None and published - prior.upload_time > self.within

    def _pinned(
        self,
        name: str,
        before: Fact[tuple[Identity, ...]],
        now: tuple[Identity, ...],
        pins: Sequence[Pin],
    ) -> Iterator[Finding]:
        """Compare what the pins leave open: they say who may publish, and not always how."""
        if isinstance(before, Absent | Unknown):
            return
        expected = [pattern for pin in pins for pattern in pin.identities]
        for identity in now:
            named = [pattern for pattern in expected if not pattern.mismatches(identity)]
            same = [other for other in before if identity.same_publisher(other)]
            for claim, finding in self._within_repository(name, identity, same):
                if not any(getattr(pattern, claim) for pattern in named):
                    yield finding

    def _against(
        self,
        name: str,
        before: Fact[tuple[Identity, ...]],
        now: tuple[Identity, ...],
        _: Sequence[Pin],
    ) -> Iterator[Finding]:
        match before:
            case Absent():
                return
            case Unknown(reason):
                yield self.unknown(f"not known who published {name}", cause=reason)
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
            for _claim, finding in self._within_repository(name, identity, same):
                yield finding

    def _within_repository(
        self, name: str, identity: Identity, same: list[Identity]
    ) -> Iterator[tuple[str, Finding]]:
        """Yield what changed in the same repository, each with the claim that it is about."""
        if not same:
            return
        trigger, runner, ref = identity.trigger, identity.runner, identity.ref or ""
        if trigger in _FOREIGN_TRIGGERS and trigger not in {other.trigger for other in same}:
            how = same[0].trigger or NOT_ATTESTED
            yield (
                "trigger",
                self.finding(f"published by a run that {trigger} triggered, {name} by {how}"),
            )
        if runner == _SELF_HOSTED and _SELF_HOSTED not in {other.runner for other in same}:
            yield "runner", self.finding(f"published on a self-hosted runner, {name} was not")
        tagged = all((other.ref or "").startswith("refs/tags/") for other in same)
        if ref.startswith("refs/heads/") and tagged:
            said = f"published from {ref}, {name} from {same[0].ref}"
            yield "ref", self.finding(said, level=self.at_most(Level.WARN))


def _known(remembered: Fact[tuple[Identity, ...]], identities: tuple[Identity, ...]) -> bool:
    match remembered:
        case Absent() | Unknown():
            return False
        case earlier:
            return all(
                any(identity.same_publisher(other) for other in earlier) for identity in identities
            )
