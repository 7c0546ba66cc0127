"""The `lookalike-name` rule."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, ClassVar, Final

import msgspec
from packaging.utils import NormalizedName, canonicalize_name

from guard.duration import Duration, ago
from guard.model import Absent, Candidate, Finding, Level, RuleId, Unknown
from guard.names import Kind, Resemblance, nearest
from guard.rules._base import Rule

Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$")]

_WORDS: Final = {
    Kind.SKELETON: "reads like",
    Kind.SEPARATORS: "is spelled like",
    Kind.EDIT: "is one letter away from",
    Kind.TRANSPOSITION: "is two swapped letters away from",
    Kind.AFFIX: "is named after",
}


class LookalikeName(Rule, frozen=True, kw_only=True):
    """Denies new or obscure projects with a name that could be taken for a well-known one.

    ## What it does

    Compares the name with the 5,000 most downloaded projects of PyPI, and with some models,
    services and wallets that are often imitated. A name with other characters that look the same
    (`rnatplotlib`, `jeIlyfish`, `b0to3`) is denied. A name that differs in hyphens, in one letter
    or in two swapped ones, or that adds nothing but the look of another edition
    (`python3-requests`, `requests-darwin-lite`), is held to `distance-level`; for letters and
    additions the first 2,500 count.

    A name that is on the list is never objected to, nor a project that was first uploaded at least
    `age` ago and has at least `releases` releases. Extensions that say what they are for, such as
    `types-requests`, `pytest-django` or `requests-cache`, are not taken for lookalikes.

    ## Why is this bad?

    One wrong letter installs what a stranger wrote. jeIlyfish stole keys for a year, colourama
    changed the addresses of wallets for ten months; deepseeek and deepseekai came with the fame of
    the original. Such a project needs no takeover: waiting for a release to grow older does not
    help, and an attestation proves no more than that it is its own author's.

    ## Example

    ```toml
    [rules.lookalike-name]
    distance-level = "deny"
    age = "180 days"
    allow = ["request-id"]
    ```

    ## Remediation

    Look at the name again: the finding says which project it resembles. If the project is the one
    you want, look at who wrote it, and add its name to `allow`. If you never named it, a project of
    your plan depends on it: that one is the one to look at.
    """

    id: ClassVar = RuleId("lookalike-name")
    since: ClassVar = "0.1.0"

    distance_level: Annotated[
        Level,
        msgspec.Meta(description="The level for names that are close, and do not look the same."),
    ] = Level.WARN
    age: Annotated[
        Duration, msgspec.Meta(description="Since when a project must exist to be trusted by name.")
    ] = Duration(days=90)
    releases: Annotated[
        int, msgspec.Meta(ge=0, description="How many releases it must have as well.")
    ] = 3
    allow: Annotated[
        tuple[Name, ...],
        msgspec.Meta(description="Projects that you know, whatever they look like."),
    ] = ()

    def check(self, candidate: Candidate) -> Iterator[Finding]:
        obscurity = self._obscurity(candidate)
        alike = self._alike(candidate.file.project) if obscurity else None
        if obscurity is None or alike is None:
            return
        level = self.level if alike.kind is Kind.SKELETON else self.at_most(self.distance_level)
        if level is Level.OFF:
            return
        likeness = f"{candidate.file.project!r} {_WORDS[alike.kind]} {_described(alike)}"
        detail = (
            f'policy: rules.lookalike-name.age = "{self.age}", releases = {self.releases}',
            _advice(alike, named=candidate.requested.named),
            f'help: if you know it: rules.lookalike-name.allow = ["{candidate.file.project}"]',
        )
        match obscurity:
            case Unknown(reason):
                message = f"{likeness}; not known how old it is"
                yield self.unknown(message, *detail, cause=reason, level=level)
            case past:
                yield self.finding(f"{likeness}; {past}", *detail, level=level)

    def _obscurity(self, candidate: Candidate) -> str | Unknown | None:
        """Say how new a project is and what it has come to; `None` if it is well established."""
        match candidate.history:
            case Absent():
                return None
            case Unknown() as unknown:
                return unknown
            case history:
                few = history.releases < self.releases
                count = f"{history.releases} release{'' if history.releases == 1 else 's'}"
        if history.first_upload is None:
            return count if few else Unknown("its index gives no upload times")
        age = candidate.judged_at - history.first_upload
        if age >= self.age and not few:
            return None
        when = f"{ago(age)} ago" if age >= timedelta() else "in the future"
        return f"first uploaded {when}, {count}"

    def _alike(self, project: NormalizedName) -> Resemblance | None:
        known = {canonicalize_name(name) for name in self.allow}
        return None if project in known else nearest(project)


def _described(alike: Resemblance) -> str:
    rank = f"number {alike.rank:,} by downloads" if alike.rank else "which is often imitated"
    return f"{alike.name!r}, {rank}: {alike.difference}"


def _advice(alike: Resemblance, *, named: bool) -> str:
    if not named:
        return f"help: a project of the plan depends on it; was {alike.name!r} meant there?"
    if alike.project is None:
        return f"help: ask the makers of {alike.name!r} which project is theirs"
    return f"help: did you mean {alike.project!r}?"
