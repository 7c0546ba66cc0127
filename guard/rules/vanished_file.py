"""The `vanished-file` rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from guard.model import Absent, Candidate, Finding, Listing, RuleId, Unknown
from guard.rules._base import Rule


class VanishedFile(Rule, frozen=True, kw_only=True):
    """Denies files that are locked or resolved, but gone from the page of their index.

    ## What it does

    Looks for the very file (its name, on the page of its project) on the index it comes from.

    ## Why is this bad?

    Removal is how an index withdraws malware, but removal from the page is not removal of the
    bytes: the file's own URL goes on working, and lock files keep that URL. Installing from it
    brings back exactly what was taken down.

    ## Example

    ```toml
    [rules.vanished-file]
    level = "deny"
    ```

    ## Remediation

    Lock again, so that a release the index still lists is chosen, and find out why the file went.
    """

    id: ClassVar = RuleId("vanished-file")
    since: ClassVar = "0.1.0"

    def check(self, candidate: Candidate) -> Iterator[Finding]:
        if isinstance(candidate.origin, Absent):
            return
        match candidate.listing:
            case Absent(reason):
                yield self.finding(f"gone from its index: {reason}")
            case Unknown(reason):
                yield self.unknown("not known whether its index still lists it", cause=reason)
            case Listing():
                return
