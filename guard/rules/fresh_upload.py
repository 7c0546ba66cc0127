"""The `fresh-upload` rule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, ClassVar

import msgspec

from guard.duration import Duration, ago
from guard.model import Absent, Candidate, Finding, IndexEntry, Origin, RuleId, Unknown
from guard.rules._base import Rule


class FreshUpload(Rule, frozen=True, kw_only=True):
    """Denies files uploaded too recently for anyone to have looked at them.

    ## What it does

    Compares the upload time of each *file* with `age`: a wheel added today to an old release is
    fresh, and so is a fresh dependency of an old project. What the user did not pin is not denied
    outright: the newest release that is old enough is installed instead, and the newer ones are
    listed as passed over.

    A release need not wait that an advisory names as the fix of the version that is installed now:
    the finding is waived, and the report says for which advisory. Only that very version counts,
    so whoever takes a vulnerable project over cannot publish past the cooldown.

    ## Why is this bad?

    Malicious releases of well-known projects are found and removed within hours or days. The two
    litellm releases of March 2026 were up for two and a half hours; 18 of 20 takeovers of
    well-known projects that were looked at would have been missed by an install that waits a week.

    ## Example

    ```toml
    [rules.fresh-upload]
    age = "14 days"
    exempt-indexes = ["internal"]

    [[index]]
    name = "internal"
    url = "https://packages.example.com/simple/"
    owns = ["acme-*"]
    ```

    ## Remediation

    Leave the version open and let the newest release that is old enough be chosen, or wait. An
    urgent fix gets an `[[exempt]]` entry that names the project, the version and the reason. Where
    the index gives no upload times (PEP 700) nothing can be decided: name the index in
    `exempt-indexes` if everything on it is your own.
    """

    id: ClassVar = RuleId("fresh-upload")
    since: ClassVar = "0.1.0"

    age: Annotated[
        Duration, msgspec.Meta(description="How long a file must have been on its index.")
    ] = Duration(days=7)
    waive_fixes: Annotated[
        bool,
        msgspec.Meta(description="Let the fix of what is installed in, as advisories name it."),
    ] = True
    exempt_indexes: Annotated[
        tuple[str, ...],
        msgspec.Meta(description="Names of `[[index]]` entries whose files need not wait."),
    ] = ()
    indexes: Annotated[
        tuple[IndexEntry, ...],
        msgspec.Meta(description="The `[[index]]` tables.", extra={"table": "index"}),
    ] = ()

    def check(self, candidate: Candidate) -> Iterator[Finding]:
        if self._exempt(candidate):
            return
        match candidate.listing:
            case Absent():
                return
            case Unknown(reason):
                yield self.unknown("upload time unknown", cause=reason)
                return
            case listing:
                upload_time = listing.upload_time
        match upload_time:
            case Absent():
                return
            case Unknown(reason):
                yield self.unknown(
                    "upload time unknown",
                    "help: an index of your own can be named in rules.fresh-upload.exempt-indexes",
                    cause=reason,
                )
            case moment:
                age = candidate.judged_at - moment
                if age < self.age:
                    when = f"{ago(age)} ago" if age > timedelta() else "in the future"
                    finding = self.finding(
                        f"uploaded {when}, younger than {self.age}",
                        f'policy: rules.fresh-upload.age = "{self.age}"',
                    )
                    yield replace(finding, waiver=self._remedy(candidate))

    def _remedy(self, candidate: Candidate) -> str | None:
        """Return why the file need not wait: an advisory names it as the fix of what it replaces.

        Where there are no advisories nothing is known to be a fix, so it waits.
        """
        remedies = candidate.remedies
        if not self.waive_fixes or isinstance(remedies, Absent | Unknown) or not remedies:
            return None
        ids = ", ".join(advisory.id for advisory in remedies)
        return f"the installed version is known to be vulnerable, and this is the fix: {ids}"

    def _exempt(self, candidate: Candidate) -> bool:
        return isinstance(candidate.origin, Origin) and any(
            entry.name in self.exempt_indexes and entry.url == candidate.origin.url
            for entry in self.indexes
        )
