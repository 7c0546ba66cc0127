"""The `unapproved-file` rule."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Annotated, ClassVar, Final

import msgspec

from guard.approval import Approval, Approvals, sha256_of
from guard.model import Candidate, Finding, Level, RuleId
from guard.rules._base import Rule

_SHOWN: Final = 5


class UnapprovedFile(Rule, frozen=True, kw_only=True):
    """Denies files that nobody has approved, where the policy has an allowlist.

    ## What it does

    With `approval = "required"` in the policy, looks for an approval of this name, this version and
    this sha256 in `approvals.toml`. Before the file is downloaded, the digest is the one that the
    index promises; after that, it is that of the bytes. Without that key the rule says nothing.

    A release is approved with all the files that its index listed. Those that were not opened when
    it was approved (wheels for other platforms) are admitted with a warning.

    ## Why is this bad?

    Every other rule looks for something that is wrong. An allowlist asks whether anybody has
    decided that this file is needed here: what is new, unnoticed or a dependency of a dependency
    waits until somebody has.

    ## Example

    ```toml
    approval = "required"

    [rules.unapproved-file]
    unopened-level = "deny"
    ```

    ## Remediation

    `guard approve NAME==VERSION --reason …` judges the file by all other rules, shows what they
    find and who published it, and writes the approval down. Where approvals lie in a repository,
    propose the change there.
    """

    id: ClassVar = RuleId("unapproved-file")
    since: ClassVar = "0.1.0"

    unopened_level: Annotated[
        Level,
        msgspec.Meta(description="The level for approved files that nobody had opened."),
    ] = Level.WARN
    required: Annotated[
        bool,
        msgspec.Meta(description='Whether `approval = "required"`.', extra={"table": "approval"}),
    ] = False
    approvals: Annotated[
        Approvals,
        msgspec.Meta(description="What `approvals.toml` says.", extra={"table": "approvals"}),
    ] = Approvals()

    def check(self, candidate: Candidate) -> Iterator[Finding]:
        if not self.required or self.approvals.open or candidate.own:
            return
        file, sha256 = candidate.file, sha256_of(candidate)
        entries = [e for e in self.approvals.of(file.project) if e.version == file.version]
        if sha256 is None:
            message = f"not known whether {file.title} is approved: no sha256 of it is known"
            yield self._asking(self.unknown(message), candidate)
            return
        matching = [entry for entry in entries if entry.file(sha256)]
        holding = [entry for entry in matching if not entry.expired(candidate.judged_at)]
        if not holding:
            message = _objection(candidate, entries, matching, sha256)
            yield self._asking(self.finding(message), candidate)
        elif not any((found := e.file(sha256)) and found.judged for e in holding):
            message = f"approved by {holding[0].approved_by} without having been opened"
            level = self.at_most(self.unopened_level)
            yield self._asking(self.finding(message, level=level), candidate)

    def _asking(self, finding: Finding, candidate: Candidate) -> Finding:
        """Return `finding` with what is approved, and what to run to ask for this one."""
        file = candidate.file
        wanted = f"{file.project}=={file.version}" if file.version else str(file.project)
        return replace(
            finding, detail=(*self._approved(candidate), asking(wanted)), asks_for=wanted
        )

    def _approved(self, candidate: Candidate) -> Iterator[str]:
        file = candidate.file
        versions = sorted(self.approvals.versions(file.project, candidate.judged_at), reverse=True)
        if others := [str(version) for version in versions if version != file.version]:
            more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
            yield f"approved: {file.project} {', '.join(others[:_SHOWN])}{more}"
        yield 'policy: approval = "required"'


def asking(*requirements: str) -> str:
    """Return the line of detail that says how to ask for what is not approved."""
    which = "it" if len(requirements) == 1 else f"all {len(requirements)}"
    return f"help: to ask for {which}: guard approve {shlex.join(requirements)} --reason …"


def _objection(
    candidate: Candidate, entries: Sequence[Approval], matching: Sequence[Approval], sha256: str
) -> str:
    title = candidate.file.title
    if matching:
        last = max(matching, key=lambda e: (e.expires is None, e.expires))
        return f"the approval of {title} expired on {last.expires}: {last.reason}"
    if entries:
        return f"other files of {title} are approved, and none with the sha256 {sha256}"
    return f"nobody has approved {title}"
