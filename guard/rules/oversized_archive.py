"""The `oversized-archive` rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from guard.artifact.content import Content
from guard.model import Candidate, Finding, RuleId
from guard.rules._contents import ContentRule

Limit = Annotated[int, msgspec.Meta(ge=1)]


class OversizedArchive(ContentRule, frozen=True, kw_only=True):
    """Denies archives that unpack to more than any honest one does.

    ## What it does

    Counts the members and adds up their sizes before anything is unpacked, and holds what is then
    read to what was announced. The reader itself stops at 250,000 members, at 16 GiB, and at 50
    times the size of the file where that is more than 64 MiB. The options can only be stricter.

    ## Why is this bad?

    A file of some kilobytes can unpack to petabytes, and fill the disk of whoever installs it, or
    keep a scanner busy until its time is up and the file passes unread.

    ## Example

    ```toml
    [rules.oversized-archive]
    max-entries = 100000
    max-bytes = 8000000000
    ```

    ## Remediation

    Look at the file with `guard inspect`. If it is as large as it must be, as models and GPU
    libraries are, raise the option that it exceeds.
    """

    id: ClassVar = RuleId("oversized-archive")
    since: ClassVar = "0.1.0"

    max_entries: Annotated[Limit, msgspec.Meta(description="Members that a file may have.")] = (
        250_000
    )
    max_bytes: Annotated[
        Limit, msgspec.Meta(description="Bytes that all of them may have, unpacked.")
    ] = 16 << 30

    def inside(self, content: Content, candidate: Candidate) -> Iterator[Finding]:
        if content.entries > self.max_entries:
            yield self.finding(
                f"{content.entries} members, more than {self.max_entries}",
                f"policy: rules.oversized-archive.max-entries = {self.max_entries}",
            )
        if content.size > self.max_bytes:
            yield self.finding(
                f"{content.size} bytes once unpacked, more than {self.max_bytes}",
                f"policy: rules.oversized-archive.max-bytes = {self.max_bytes}",
            )
