"""What a command has to report, whatever the format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest

from guard.admission import Standing
from guard.model import Decision, Finding, PassedOver, RuleId, Verdict


@dataclass(frozen=True, slots=True)
class Location:
    """Where a document lists what was judged."""

    path: str
    """As the user would name the file from here."""

    line: int | None = None
    """Counted from 1."""

    def __str__(self) -> str:
        return self.path if self.line is None else f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The judgement on a request and what was done about it."""

    decision: Decision
    verdicts: tuple[Verdict, ...]
    standings: tuple[Standing, ...] = ()
    """What is known of each verdict's publisher, in the order of the verdicts."""

    locations: tuple[Location | None, ...] = ()
    """Where each verdict's file is listed, in the order of the verdicts; empty for a request."""

    passed_over: tuple[PassedOver, ...] = ()
    suggestions: Mapping[str, str] = field(default_factory=dict)
    """Project → its newest release that would not be denied by its page."""

    note: str | None = None
    """What the resolver said when there was nothing better."""

    done: str | None = None
    """What followed: `installed`, `downloaded`; `None` where nothing did."""

    changes: Sequence[Mapping[str, str | None]] = ()
    """What `guard sync` changes in the environment: name, versions before and after, reason."""
    each: bool = False
    """Each verdict stands for itself, as in an audit: one that denies hides no other."""

    left_out: tuple[str, ...] = ()
    """What an audit met and did not judge, one line each."""

    satisfied: bool = False
    """There was nothing to do: the environment has all of it already."""


def shown(result: Result) -> list[Verdict]:
    """Return the verdicts worth a reader's time: all that have findings which made the decision."""
    if result.each:
        return [verdict for verdict in result.verdicts if verdict.findings]
    if result.decision is Decision.ADMITTED:
        return [verdict for verdict in result.verdicts if verdict.findings]
    return [verdict for verdict in result.verdicts if verdict.decision is result.decision]


def decisive(verdict: Verdict, decision: Decision) -> tuple[Finding, ...]:
    """Return the findings to show; under a denial, what was never asked is left out."""
    if decision is Decision.DENIED:
        return tuple(finding for finding in verdict.findings if not finding.unknown)
    return verdict.findings


def own(verdict: Verdict, result: Result) -> list[Finding]:
    """Return the findings to show that are about this one file."""
    return [finding for finding in told(verdict, result) if not finding.common]


def told(verdict: Verdict, result: Result) -> tuple[Finding, ...]:
    """Return the findings to show of a verdict in `result`."""
    return decisive(verdict, verdict.decision if result.each else result.decision)


def located(result: Result) -> Iterator[tuple[Verdict, Location | None]]:
    """Yield every verdict, and where a document lists what it is about."""
    return zip_longest(result.verdicts, result.locations)


def asked_for(result: Result) -> tuple[str, ...]:
    """Return the requirements that have to be approved for what is shown, each once."""
    found = (f for verdict in shown(result) for f in own(verdict, result))
    return tuple(dict.fromkeys(f.asks_for for f in found if f.asks_for and f.waiver is None))


@dataclass(frozen=True, slots=True)
class Block:
    """What is read as one: one thing that rules say of files."""

    findings: tuple[Finding, ...]
    verdicts: tuple[Verdict, ...]

    @property
    def finding(self) -> Finding:
        """The weightiest of them."""
        return next((each for each in self.findings if each.holds), self.findings[0])

    @property
    def rules(self) -> tuple[RuleId, ...]:
        """The rules that say so."""
        return tuple(dict.fromkeys(finding.rule for finding in self.findings))

    @property
    def said(self) -> Finding:
        """The finding in words that are true of every file: the cause, if nothing else is."""
        finding = self.finding
        messages = {each.message for each in self.findings if each.rule == finding.rule}
        if finding.cause is None or len(messages) == 1:
            return finding
        return replace(finding, message=finding.cause, detail=())


def blocks(result: Result) -> list[Block]:
    """Return what there is to say of single files, each thing once.

    A page that cannot be had, or a file that cannot be opened, is one thing to read about, however
    many rules would have looked, and however many files it keeps from being judged.
    """
    groups: dict[object, list[tuple[Verdict, Finding]]] = {}
    for verdict in shown(result):
        for finding in own(verdict, result):
            groups.setdefault(_same(verdict, finding), []).append((verdict, finding))
    return [_block(group) for group in groups.values()]


def _same(verdict: Verdict, finding: Finding) -> object:
    if finding.cause is not None and finding.waiver is None:
        return finding.cause
    return verdict.candidate.file.filename, replace(finding, rule=RuleId(""))


def _block(group: Sequence[tuple[Verdict, Finding]]) -> Block:
    verdicts = {id(verdict): verdict for verdict, _ in group}
    return Block(tuple(finding for _, finding in group), tuple(verdicts.values()))


def common(result: Result) -> list[tuple[Finding, int, int]]:
    """Return what files have in common, once: with the number of other rules, and of files."""
    files: dict[Finding, int] = {}
    for verdict in shown(result):
        for finding in told(verdict, result):
            if finding.common:
                files[finding] = files.get(finding, 0) + 1
    return [(finding, others, files[finding]) for finding, others in folded(files)]


def folded(findings: Iterable[Finding]) -> list[tuple[Finding, int]]:
    """Return each finding once, with the number of further rules that say the very same.

    A file that cannot be opened is one thing to read about, however many rules would have looked.
    """
    counts: dict[Finding, int] = {}
    first: dict[Finding, Finding] = {}
    for finding in findings:
        said = replace(finding, rule=RuleId(""))
        first.setdefault(said, finding)
        counts[said] = counts.get(said, -1) + 1
    return [(first[said], others) for said, others in counts.items()]
