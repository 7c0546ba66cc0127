"""The `foreign-index` rule."""

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
    RuleId,
    Unknown,
    matches_name,
)
from guard.rules._base import Rule


class ForeignIndex(Rule, frozen=True, kw_only=True):
    """Denies a name that comes from another index than the one that owns it.

    ## What it does

    A name belongs to one index. Where an `[[index]]` table of the policy owns the name, only that
    index may serve it, in any version. Where none does and several indexes are configured, all of
    them are asked: if another index has files of that name which this one does not list with the
    same digest, nobody can say whose name it is. An index that only repeats the files of this one
    is a mirror, not a rival.

    ## Why is this bad?

    pip takes the highest version from any index. Whoever registers a company's private name on a
    public index with a high version is installed instead: dependency confusion, as with torchtriton
    in December 2022.

    ## Example

    ```toml
    [[index]]
    name = "internal"
    url = "https://packages.example.com/simple/"
    owns = ["acme-*"]
    ```

    ## Remediation

    Say in the policy which index owns the name, or take the other index out of pip's or uv's
    configuration.
    """

    id: ClassVar = RuleId("foreign-index")
    since: ClassVar = "0.1.0"

    indexes: Annotated[
        tuple[IndexEntry, ...],
        msgspec.Meta(description="The `[[index]]` tables.", extra={"table": "index"}),
    ] = ()

    def check(self, candidate: Candidate) -> Iterator[Finding]:
        match candidate.origin:
            case Absent():
                return
            case Unknown(reason):
                yield self.unknown("not known which index it comes from", cause=reason)
            case origin:
                yield from self._judge(candidate, origin)

    def _judge(self, candidate: Candidate, origin: Origin) -> Iterator[Finding]:
        project = candidate.file.project
        owners = [
            entry
            for entry in self.indexes
            if any(matches_name(pattern, project) for pattern in entry.owns)
        ]
        if owners:
            if not any(entry.url == origin.url for entry in owners):
                yield self.finding(
                    f"{project} belongs to {_named(owners[0])}, this file comes from {origin.url}",
                    f"policy: [[index]] {owners[0].name} owns it",
                )
            return
        match origin.rivals:
            case Unknown(reason):
                yield self.unknown("not known whether another index has this name", cause=reason)
            case Absent():
                return
            case rivals:
                for rival in rivals:
                    yield self.finding(
                        f"{origin.url} and {rival} have different files of this name",
                        "help: say whose name it is: [[index]] with `owns` in the policy",
                    )


def _named(entry: IndexEntry) -> str:
    return f"{entry.name} ({entry.url})"
