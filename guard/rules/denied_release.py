"""The `denied-release` rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from guard.model import Candidate, DenyEntry, Finding, RuleId, matches_name
from guard.rules._base import Rule


class DeniedRelease(Rule, frozen=True, kw_only=True):
    """Denies releases that the policy names in a `[[deny]]` table.

    ## What it does

    Compares the normalized project name with each entry's `name` (an anchored glob) and the version
    with its `versions`. An entry without `versions` denies the whole project.

    ## Why is this bad?

    Somebody has already found out that this release must not be installed: an incident report, an
    internal review, a licence. A deny entry holds at once and everywhere the policy is used.

    ## Example

    ```toml
    [[deny]]
    name = "litellm"
    versions = "==1.82.7,==1.82.8"
    reason = "MAL-2026-2144"
    ```

    ## Remediation

    Use another release. If the entry is out of date, remove it from the policy.
    """

    id: ClassVar = RuleId("denied-release")
    since: ClassVar = "0.1.0"

    releases: Annotated[
        tuple[DenyEntry, ...],
        msgspec.Meta(description="The `[[deny]]` tables.", extra={"table": "deny"}),
    ] = ()

    def check(self, candidate: Candidate) -> Iterator[Finding]:
        version = candidate.file.version
        for entry in self.releases:
            if not matches_name(entry.name, candidate.file.project):
                continue
            if entry.versions is None or (version and entry.versions.contains(version)):
                yield self.finding(f"denied by the policy: {entry.reason}", _entry(entry))
            elif version is None:
                yield self.unknown(
                    "some versions are denied, and this one is unknown", _entry(entry)
                )


def _entry(entry: DenyEntry) -> str:
    return f"policy: [[deny]] {entry.name} {entry.versions or '(every version)'}"
