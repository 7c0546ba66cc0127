"""The `missing-receipt` rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from guard.model import (
    Absent,
    Candidate,
    Finding,
    IndexEntry,
    Origin,
    ReceiptTerms,
    RuleId,
    Unknown,
)
from guard.rules._base import Rule, Stage


class MissingReceipt(Rule, frozen=True, kw_only=True):
    """Denies files of a mirror that does not vouch for them, where the policy takes its word.

    ## What it does

    An `[[index]]` with `receipts` is a mirror of the guard's own whose judgement counts for yours.
    For each file that comes from it, the receipt is asked for: it has to be signed with that key,
    about these very bytes and this name, no older than `max-age` (2 days), and, where `policies`
    are named, made by one of them.

    Then only those rules are asked that nobody but you can answer: `denied-release`,
    `unapproved-file`, `vanished-file`, `hash-mismatch`, `foreign-index`, `source-distribution`,
    `direct-url`, `foreign-file`, and those of an audit about what is installed. All others were
    asked by the mirror. Where this rule does not deny, every rule is asked here again.

    ## Why is this bad?

    Whoever answers for the mirror's address without its key could hand out anything. And a receipt
    that is old says nothing of what has been found out since: what a mirror has revoked gets none.

    ## Example

    ```toml
    [[index]]
    name = "mirror"
    url = "https://mirror.example.com/simple/"
    receipts = { key = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=" }
    ```

    ## Remediation

    Have the mirror started with `--signing-key`, and name the key that belongs to it: the one line
    between BEGIN and END of its public PEM. Otherwise take `receipts` out of the policy, and have
    everything judged here.
    """

    id: ClassVar = RuleId("missing-receipt")
    since: ClassVar = "0.1.0"
    stage: ClassVar = Stage.FILE

    indexes: Annotated[
        tuple[IndexEntry, ...],
        msgspec.Meta(description="The `[[index]]` tables.", extra={"table": "index"}),
    ] = ()

    def check(self, candidate: Candidate) -> Iterator[Finding]:
        terms = self.terms(candidate)
        if terms is None:
            return
        match candidate.vouched:
            case Absent(reason):
                yield self.finding(f"its mirror gives no receipt for it: {reason}")
            case Unknown(reason):
                yield self.unknown("not known whether its mirror vouches for it", cause=reason)
            case vouched:
                objection = terms.objection(vouched, candidate.judged_at)
                if objection is not None:
                    yield self.finding(f"the receipt of its mirror is not taken: {objection}")

    def terms(self, candidate: Candidate) -> ReceiptTerms | None:
        """Return the terms on which the word of its index is taken; `None` where it is not."""
        origin = candidate.origin
        if not isinstance(origin, Origin):
            return None
        entries = (entry for entry in self.indexes if entry.url == origin.url)
        return next((entry.receipts for entry in entries if entry.receipts), None)
