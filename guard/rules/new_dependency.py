"""The `new-dependency` rule."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, ClassVar, Final

import msgspec
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name

from guard.approval import Approvals
from guard.duration import Duration
from guard.model import Absent, Candidate, Finding, Level, RuleId, Unknown
from guard.rules._base import Rule, Stage

_SHOWN: Final = 10
_NAME: Final = re.compile(r"[A-Z0-9](?:[A-Z0-9._-]*[A-Z0-9])?", re.IGNORECASE | re.ASCII)
_QUOTED: Final = re.compile(r"\"[^\"]*\"|'[^']*'")
_INNERMOST: Final = re.compile(r"\(([^()]*)\)")
_ASKED: Final = "extra == value"


class NewDependency(Rule, frozen=True, kw_only=True):
    """Warns of young releases that require a project which the release before did not know.

    ## What it does

    Compares the `Requires-Dist` of a wheel younger than `window` with that of the *baseline*: the
    nearest earlier release that had been up for the cooldown when this one came. Named is what is
    required without any extra and was not mentioned before in any way. Requirements by URL are the
    business of `direct-url`. What was opened and approved is not compared again.

    ## Why is this bad?

    The harm need not be in the project that was taken over. The releases of axios that somebody
    else published in March 2026 required one project more, and the payload was in that one.

    ## Example

    ```toml
    [rules.new-dependency]
    level = "deny"
    ```

    ## Remediation

    Look for the reason in the change log of the project, and at the new dependency as at anything
    that you would add yourself: it is judged as every file of the plan is.
    """

    id: ClassVar = RuleId("new-dependency")
    since: ClassVar = "0.1.0"
    stage: ClassVar = Stage.FILE

    level: Level = Level.WARN
    window: Annotated[
        Duration, msgspec.Meta(description="A file older than this is not compared.")
    ] = Duration(days=90)
    approvals: Annotated[
        Approvals,
        msgspec.Meta(description="What `approvals.toml` says.", extra={"table": "approvals"}),
    ] = Approvals()

    def check(self, candidate: Candidate) -> Iterator[Finding]:
        if not candidate.younger_than(self.window) or self.approvals.opened_before(candidate):
            return
        match candidate.content:
            case Absent():
                return
            case Unknown(reason):
                yield self.unopened(reason)
                return
            case content:
                required = content.requires_dist
        match candidate.baseline:
            case Absent():
                return
            case Unknown(reason):
                yield self.unknown("not known what was required before", cause=reason)
                return
            case baseline:
                version = baseline.file.version
        match baseline.requires_dist:
            case Absent():
                return
            case Unknown(reason):
                yield self.unknown(f"not known what {version} required", cause=reason)
            case before:
                if new := _new(candidate.file.project, required, before):
                    more = f" and {len(new) - _SHOWN} more" if len(new) > _SHOWN else ""
                    names = ", ".join(new[:_SHOWN])
                    yield self.finding(f"requires {names}{more}, which {version} did not")


def _new(
    project: NormalizedName, required: tuple[str, ...], before: tuple[str, ...]
) -> list[NormalizedName]:
    known = {project, *map(_name, before)}
    return sorted({_name(text) for text in required if _name(text) not in known and _plain(text)})


def _name(text: str) -> NormalizedName:
    found = _NAME.match(text.lstrip())
    return canonicalize_name(found[0] if found else "")


def _plain(text: str) -> bool:
    """Tell whether a requirement holds without any extra, on some machine, and names no URL."""
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return True
    return requirement.url is None and not (requirement.marker and _extra(str(requirement.marker)))


def _extra(marker: str) -> bool:
    """Tell whether a marker can hold with an extra alone, whatever the machine (PEP 508)."""
    text = _QUOTED.sub("value", marker)
    while found := _INNERMOST.search(text):
        text = text.replace(found[0], _ASKED if _needs_extra(found[1]) else "always")
    return _needs_extra(text)


def _needs_extra(text: str) -> bool:
    """Tell the same of a marker without parentheses: in PEP 508, `and` binds more than `or`."""
    return all(
        any(part.strip() in {_ASKED, "value == extra"} for part in either.split(" and "))
        for either in text.split(" or ")
    )
