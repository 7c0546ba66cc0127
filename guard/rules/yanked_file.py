"""The `yanked-file` rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from guard.model import Absent, Candidate, Finding, Level, RuleId, Unknown
from guard.rules._base import Rule


class YankedFile(Rule, frozen=True, kw_only=True):
    """Denies files that their project has withdrawn from new installs (PEP 592).

    ## What it does

    Looks for the yanked mark on the project page of the index, which pip and uv honour only for
    versions that are not pinned. A version that the user pinned is held to `pinned-level`.

    ## Why is this bad?

    A release is yanked when its authors found it broken or dangerous. In several takeovers the bad
    release was yanked hours before it was removed, and pins and lock files went on installing it.

    ## Example

    ```toml
    [rules.yanked-file]
    level = "deny"
    pinned-level = "deny"
    ```

    ## Remediation

    Use a release that is not yanked. The reason that the project gave is part of the message.
    """

    id: ClassVar = RuleId("yanked-file")
    since: ClassVar = "0.1.0"

    pinned_level: Annotated[
        Level, msgspec.Meta(description="The level for a version the user pinned.")
    ] = Level.WARN

    def check(self, candidate: Candidate) -> Iterator[Finding]:
        level = self.pinned_level if candidate.requested.pinned else self.level
        if level is Level.OFF:
            return
        match candidate.listing:
            case Absent():
                return
            case Unknown(reason):
                yield self.unknown("not known whether it is yanked", level=level, cause=reason)
            case listing:
                if listing.yanked is not None:
                    why = f": {listing.yanked}" if listing.yanked else " (no reason given)"
                    setting = f'policy: rules.yanked-file.pinned-level = "{level}"'
                    detail = (setting,) if candidate.requested.pinned else ()
                    yield self.finding(f"yanked by its project{why}", *detail, level=level)
