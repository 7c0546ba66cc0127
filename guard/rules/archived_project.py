"""The `archived-project` rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from guard.model import Absent, Candidate, Finding, Level, ProjectState, RuleId, Unknown
from guard.rules._base import Rule


class ArchivedProject(Rule, frozen=True, kw_only=True):
    """Warns of projects that their owners have archived or deprecated (PEP 792).

    ## What it does

    Reads the project's status marker from its page on the index.

    ## Why is this bad?

    Nobody watches an archived project: no fixes come, and a takeover of its repository or of its
    owner's expired e-mail domain is noticed late.

    ## Example

    ```toml
    [rules.archived-project]
    level = "deny"
    ```

    ## Remediation

    Move to the successor that the project names, or accept the risk with an `[[exempt]]` entry.
    """

    id: ClassVar = RuleId("archived-project")
    since: ClassVar = "0.1.0"

    level: Level = Level.WARN

    def check(self, candidate: Candidate) -> Iterator[Finding]:
        match candidate.status:
            case Absent():
                return
            case Unknown(reason):
                yield self.unknown("project status unknown", cause=reason)
            case status:
                if status.state in {ProjectState.ARCHIVED, ProjectState.DEPRECATED}:
                    why = f": {status.reason}" if status.reason else ""
                    yield self.finding(f"the project is {status.state}{why}")
