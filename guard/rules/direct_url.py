"""The `direct-url` rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from guard.model import Candidate, Finding, RuleId
from guard.rules._base import Rule
from guard.rules._urls import check_url_glob, url_matches


class DirectUrl(Rule, frozen=True, kw_only=True):
    """Denies requirements that name a URL, a repository or a path instead of a project.

    ## What it does

    Looks at how each file was asked for, in the request and in `Requires-Dist`. What matches an
    entry of `allow` passes: scheme and host must be equal, and the path is an anchored glob in
    which `*` stays within one segment and `**` covers any number of them.

    ## Why is this bad?

    No index stands behind such a file: no upload time, no yanking, no quarantine, no hash. Poisoned
    packages were spread by requirements files that pointed at a host which looked like a real one.

    ## Example

    ```toml
    [rules.direct-url]
    allow = ["https://packages.example.com/wheels/**", "file:///srv/wheels/*"]
    ```

    ## Remediation

    Ask for the project by name, from an index. If the URL is yours, add it to `allow`.
    """

    id: ClassVar = RuleId("direct-url")
    since: ClassVar = "0.1.0"

    allow: Annotated[
        tuple[str, ...], msgspec.Meta(description="URL globs that may be asked for directly.")
    ] = ()

    def __post_init__(self) -> None:
        for glob in self.allow:
            check_url_glob(glob)

    def check(self, candidate: Candidate) -> Iterator[Finding]:
        url = candidate.requested.direct_url
        if url is not None and not any(url_matches(glob, url) for glob in self.allow):
            yield self.finding(
                f"asked for by URL or path, not from an index: {url}",
                "policy: rules.direct-url.allow has no entry for it",
            )
