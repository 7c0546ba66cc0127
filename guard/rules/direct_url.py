"""The `direct-url` rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Final

import msgspec
from packaging.requirements import InvalidRequirement, Requirement

from guard.model import Absent, Candidate, FileKind, Finding, RuleId, Unknown
from guard.redacted import without_secrets
from guard.rules._base import Rule, Stage
from guard.rules._urls import check_url_glob, url_matches

_SHOWN: Final = 5
_WIDTH: Final = 200


class DirectUrl(Rule, frozen=True, kw_only=True):
    """Denies requirements that name a URL, a repository or a path instead of a project.

    ## What it does

    Looks at how each file was asked for, and at the `Requires-Dist` of each file: there a URL is
    denied behind every extra and every marker, for the next install may ask for the extra, and
    nobody reads a marker so closely. What matches an entry of `allow` passes: scheme and host must
    be equal, and the path is an anchored glob in which `*` stays within one segment and `**` covers
    any number of them. A folder of your own (`.`, `-e .`) passes where the policy has it built:
    `rules.source-distribution.action = "build"`.

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
    stage: ClassVar = Stage.BOTH

    allow: Annotated[
        tuple[str, ...], msgspec.Meta(description="URL globs that may be asked for directly.")
    ] = ()

    def __post_init__(self) -> None:
        for glob in self.allow:
            check_url_glob(glob)

    def check(self, candidate: Candidate) -> Iterator[Finding]:
        url = candidate.requested.direct_url
        tree = candidate.file.kind is FileKind.SOURCE_TREE
        if tree and candidate.requested.to_build:
            return  # a folder of the user's own, which no index could stand behind
        if url is not None and not self._allows(url):
            yield self.finding(
                f"asked for by URL or path, not from an index: {without_secrets(url)}",
                "policy: rules.direct-url.allow has no entry for it",
            )
        match candidate.content:
            case Absent():
                return
            case Unknown(reason):
                yield self.unopened(reason)
            case content:
                yield from self._required(content.url_requirements)

    def _required(self, requirements: tuple[str, ...]) -> Iterator[Finding]:
        denied = [text for text in requirements if not self._allows(_url(text))]
        for text in denied[:_SHOWN]:
            shown = text if len(text) <= _WIDTH else f"{text[:_WIDTH]}…"
            yield self.finding(
                f"METADATA requires a URL or path, not a project of an index: {shown!r}",
                "policy: rules.direct-url.allow has no entry for it",
            )
        if len(denied) > _SHOWN:
            yield self.finding(f"METADATA requires {len(denied) - _SHOWN} more URLs or paths")

    def _allows(self, url: str) -> bool:
        return any(url_matches(glob, url) for glob in self.allow)


def _url(requirement: str) -> str:
    """Return the URL of a requirement; of what cannot be read again, one that nothing allows."""
    try:
        return Requirement(requirement).url or ""
    except InvalidRequirement:
        return ""
