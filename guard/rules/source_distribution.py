"""The `source-distribution` rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from guard.model import Candidate, FileKind, Finding, RuleId
from guard.rules._base import Rule


class SourceDistribution(Rule, frozen=True, kw_only=True):
    """Denies what would have to be built: sdists, VCS checkouts and source folders.

    ## What it does

    Tells wheels from everything else. Resolution itself is wheels-only, whatever this rule's level:
    even a dry run of pip or uv would execute an sdist's build backend.

    ## Why is this bad?

    Building runs the project's own code before anyone could judge it, with the rights of whoever
    builds, and nothing shows that the result is what the source says.

    ## Example

    ```toml
    [rules.source-distribution]
    level = "deny"
    ```

    ## Remediation

    Use a release that has a wheel for this interpreter and platform, or build the wheel once in a
    sandbox and publish it on an index of your own.
    """

    id: ClassVar = RuleId("source-distribution")
    since: ClassVar = "0.1.0"

    def check(self, candidate: Candidate) -> Iterator[Finding]:
        if candidate.file.kind is not FileKind.WHEEL:
            yield self.finding(
                f"installing this {candidate.file.kind} would run its build backend",
                "help: choose a release with a wheel for the target interpreter",
            )
