"""What rules about advisories share: what their snapshot is worth, what is one vulnerability."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Annotated

import msgspec

from guard.duration import Duration, ago
from guard.model import Advisories, Advisory, Candidate, Finding, Level, Severity
from guard.rules._base import Rule

_UPDATE = "help: `guard feed update` fetches them, `guard feed import FILE` takes a file"


class AdvisoryRule(Rule, frozen=True, kw_only=True):
    """A rule that asks a snapshot of advisories, which may be missing or old."""

    missing_level: Annotated[
        Level,
        msgspec.Meta(description="The level where there are no advisories, or none young enough."),
    ] = Level.WARN
    stale_after: Annotated[
        Duration, msgspec.Meta(description="Advisories older than this get a warning.")
    ] = Duration(days=1)
    max_age: Annotated[
        Duration, msgspec.Meta(description="Advisories older than this count as missing.")
    ] = Duration(days=7)

    def missing(self, words: str) -> Iterator[Finding]:
        """Yield what is to be said where nothing is known. All files of a run have it in common."""
        level = self.at_most(self.missing_level)
        if level is not Level.OFF:
            yield replace(self.unknown(words, _UPDATE, level=level), common=True)

    def aged(self, candidate: Candidate, advisories: Advisories) -> Iterator[Finding]:
        """Yield what is to be said of the age of the snapshot; of one too old, that it is none."""
        age = candidate.judged_at - advisories.as_of
        moment = f"{advisories.as_of:%Y-%m-%d %H:%M} UTC"
        if age > self.max_age:
            yield from self.missing(f"the advisories are too old: {ago(age)} ({moment})")
        elif age > self.stale_after or age < -self.stale_after:
            how = f"{ago(age)} old" if age > self.stale_after else "of the future: check the clock"
            words = f"the advisories are {how} ({moment})"
            yield replace(self.finding(words, _UPDATE, level=Level.WARN), common=True)

    @staticmethod
    def snapshot(candidate: Candidate, advisories: Advisories) -> str:
        """Return the line of detail that says how old the snapshot is that was asked."""
        age = candidate.judged_at - advisories.as_of
        return f"advisories: {ago(age)} old, from {advisories.source}"


class Vulnerability:
    """All that the records of one vulnerability say."""

    def __init__(self, records: Sequence[Advisory]) -> None:
        self.id = records[0].id
        self.records = records

    @property
    def names(self) -> frozenset[str]:
        """Every id and alias, in upper case."""
        return frozenset(_names(self.records))

    @property
    def severity(self) -> Severity | None:
        """The worst rating that anybody gives; `None` where nobody does."""
        given = [r.severity for r in self.records if r.severity is not None]
        return max(given, key=lambda severity: severity.rank, default=None)

    @property
    def rank(self) -> int:
        """How severe it has to be taken for: what nobody has rated may be anything."""
        return (self.severity or Severity.CRITICAL).rank

    @property
    def is_fixed(self) -> bool:
        """Whether there is, or will be, a release without it."""
        return any(r.fixed or r.last_affected is not None for r in self.records)

    def __str__(self) -> str:
        """Return the line of a report: ids, rating, what it is, what fixes it."""
        also = sorted(self.names - {self.id.upper()})
        names = f"{self.id} ({', '.join(also)})" if also else self.id
        summary = next((r.summary for r in self.records if r.summary), "")
        said = f": {summary}" if summary else ""
        return f"{names}, {self.severity or 'not rated'}{said}; {self._fix()}"

    def _fix(self) -> str:
        fixed = sorted({version for r in self.records for version in r.fixed})
        if fixed:
            return f"fixed in {', '.join(map(str, fixed))}"
        last = [r.last_affected for r in self.records if r.last_affected is not None]
        return f"not in releases after {max(last)}" if last else "no release fixes it"


def vulnerabilities(records: Iterable[Advisory]) -> list[Vulnerability]:
    """Return the vulnerabilities that `records` are about: what shares a name is the same one."""
    groups: list[list[Advisory]] = []
    for record in records:
        if record.malware:
            continue
        names = _names((record,))
        same = [group for group in groups if names & _names(group)]
        groups = [group for group in groups if group not in same]
        groups.append([each for group in same for each in group] + [record])
    return [Vulnerability(group) for group in groups]


def _names(records: Iterable[Advisory]) -> set[str]:
    return {name.upper() for r in records for name in (r.id, *r.aliases)}
