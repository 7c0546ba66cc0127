"""The `hash-mismatch` rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, ClassVar, Final

import msgspec

from guard.approval import Approvals
from guard.model import Absent, Candidate, Finding, Listing, RuleId, Unknown
from guard.rules._base import Rule, Stage

_STRONG: Final = frozenset({"sha256", "sha384", "sha512"})


class HashMismatch(Rule, frozen=True, kw_only=True):
    """Denies files whose bytes are not those that the index, lock, requirement or approval says.

    ## What it does

    Compares the digests of the downloaded bytes with each promise there is: the project page's, the
    plan's or lock's, the requirement's `--hash`, and that of an approval of a file of this name.
    Only sha256, sha384 and sha512 count. Before the bytes are here, and in an audit that fetches
    none, the other promises are compared with the page's.

    ## Why is this bad?

    The bytes were replaced on the way or on the server, or the promise is about another file.

    ## Example

    ```toml
    [rules.hash-mismatch]
    level = "deny"
    ```

    ## Remediation

    Do not install it. Ask again with `--refresh`; if the mismatch stays, tell the index's
    operators. A `--hash` that was written for another file of the release is mended in the
    requirements file.
    """

    id: ClassVar = RuleId("hash-mismatch")
    since: ClassVar = "0.1.0"
    stage: ClassVar = Stage.BOTH

    approvals: Annotated[
        Approvals,
        msgspec.Meta(description="What `approvals.toml` says.", extra={"table": "approvals"}),
    ] = Approvals()

    def check(self, candidate: Candidate) -> Iterator[Finding]:
        match candidate.digests:
            case Absent():
                yield from self._contradictions(candidate)
            case Unknown(reason):
                yield from self._contradictions(candidate)
                yield self.unknown("could not be downloaded", cause=reason)
            case digests:
                yield from self._promises(candidate, digests)

    def _contradictions(self, candidate: Candidate) -> Iterator[Finding]:
        """Yield the promises that the page's own cannot keep."""
        listing = candidate.listing
        if not isinstance(listing, Listing):
            return
        listed = {n: digest.lower() for n, digest in listing.hashes.items() if n in _STRONG}
        approved = {("sha256", sha256) for sha256 in self._approved(candidate)}
        promises = {
            "the plan says": set(candidate.file.hashes.items()),
            "asked for is": set(candidate.requested.hashes),
            "approved is": approved,
        }
        for who, promised in promises.items():
            comparable = {(name, digest.lower()) for name, digest in promised if name in listed}
            if comparable and not comparable & listed.items():
                own = sorted((name, listed[name]) for name in dict(comparable))
                yield self.finding(f"the index says {_words(own)}, {who} {_words(comparable)}")

    def _promises(self, candidate: Candidate, digests: Mapping[str, str]) -> Iterator[Finding]:
        promises = {"the plan": candidate.file.hashes}
        if isinstance(candidate.listing, Listing):
            promises["the index"] = candidate.listing.hashes
        for who, promised in promises.items():
            comparable = promised.keys() & digests.keys()
            for algorithm in sorted(comparable):
                if promised[algorithm].lower() != digests[algorithm]:
                    yield self.finding(
                        f"{algorithm} is {digests[algorithm]}, {who} says {promised[algorithm]}"
                    )
            if not comparable and (strong := sorted(_STRONG & promised.keys())):
                yield self.unknown(f"{who} promises a {strong[0]}, which was not computed")
        wanted = candidate.requested.hashes
        if wanted and not wanted & set(digests.items()):
            given = ", ".join(f"{algorithm}:{digest}" for algorithm, digest in sorted(wanted))
            yield self.finding(
                f"sha256 is {digests['sha256']}, none of the hashes asked for: {given}"
            )
        approved = set(self._approved(candidate))
        if approved and digests["sha256"] not in approved:
            yield self.finding(
                f"sha256 is {digests['sha256']}, approved is {', '.join(sorted(approved))}"
            )

    def _approved(self, candidate: Candidate) -> Iterator[str]:
        """Yield the digests of approved files of this very name, whether they hold yet or not."""
        for entry in self.approvals.of(candidate.file.project):
            for file in entry.files:
                if file.filename == candidate.file.filename:
                    yield file.sha256


def _words(digests: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{algorithm} {digest}" for algorithm, digest in sorted(digests))
