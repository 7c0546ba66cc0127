"""The `quarantined-project` rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from guard.model import Absent, Candidate, Finding, ProjectState, RuleId, Unknown
from guard.rules._base import Rule


class QuarantinedProject(Rule, frozen=True, kw_only=True):
    """Denies projects that their index has quarantined (PEP 792).

    ## What it does

    Reads the project's status marker from its page on the index, also for files that a lock names.

    ## Why is this bad?

    An index quarantines a project when it suspects malware or a takeover. Resolvers then see no
    files, but a lock file still holds the URLs, and those go on working.

    ## Example

    ```toml
    [rules.quarantined-project]
    level = "deny"
    ```

    ## Remediation

    Wait for the index to decide. Whoever has already installed a release should treat the machine
    as compromised until the reason is known.
    """

    id: ClassVar = RuleId("quarantined-project")
    since: ClassVar = "0.1.0"

    def check(self, candidate: Candidate) -> Iterator[Finding]:
        match candidate.status:
            case Absent():
                return
            case Unknown(reason):
                yield self.unknown("project status unknown", cause=reason)
            case status:
                if status.state is ProjectState.QUARANTINED:
                    why = f": {status.reason}" if status.reason else ""
                    yield self.finding(f"the index has quarantined this project{why}")
