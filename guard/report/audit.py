"""An audit in words: grouped by finding, the worst first, a line for each release."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from guard.model import Absent, Decision, Finding, RuleId, Verdict
from guard.report.result import Location, Result, common, located, own
from guard.report.text import aged, common_block, painted, plain, word
from guard.rules import CATALOGUE

_ORDER: Final = ("denied", "undecided", "warning", "waived")
_SHOWN: Final = 20
"""Lines of one group that denies nothing; a denial is never left out."""

_WIDTH: Final = 240
"""Characters of a message on a line of its own."""


@dataclass(frozen=True, slots=True)
class _Line:
    """What is held against one release, for one reason or for several that come together."""

    verdict: Verdict
    location: Location | None
    findings: tuple[Finding, ...]

    @property
    def where(self) -> str:
        title = self.verdict.candidate.file.title
        return f"{title} ({self.location})" if self.location else title


def render(result: Result, *, noun: str, verbose: bool = False, colour: bool = False) -> str:
    """Return the whole report; it ends with the decision. `noun` is what was audited."""
    groups = _groups(result)
    order = sorted(groups, key=lambda key: (_ORDER.index(key[0]), key[1]))
    blocks = [_group(key[0], groups[key], verbose=verbose, colour=colour) for key in order]
    blocks += [common_block(*each, colour=colour) for each in common(result)]
    if result.left_out:
        blocks.append("\n".join(["Left out:", *(f"  {plain(each)}" for each in _some(result))]))
    blocks.append(_summary(result, noun, colour=colour))
    return "\n\n".join(blocks) + "\n"


def _groups(result: Result) -> dict[tuple[str, tuple[int, ...]], list[_Line]]:
    """Return what is held against releases by how bad it is, and by the rules that say so.

    What cannot be told has one cause for all rules that would have to know, so it is one group.
    """
    positions = {rule: number for number, rule in enumerate(CATALOGUE)}
    groups: dict[tuple[str, tuple[int, ...]], list[_Line]] = {}
    for verdict, location in located(result):
        by_word: dict[str, list[Finding]] = {}
        for finding in own(verdict, result):
            same = finding.unknown and verdict.decision is Decision.UNDECIDED
            by_word.setdefault("undecided" if same else word(finding), []).append(finding)
        for said, findings in by_word.items():
            for some in _together(said, findings):
                rules = tuple(dict.fromkeys(positions[finding.rule] for finding in some))
                groups.setdefault((said, rules), []).append(_Line(verdict, location, tuple(some)))
    return groups


def _together(said: str, findings: Sequence[Finding]) -> Iterator[Sequence[Finding]]:
    if said == "undecided":
        yield findings
        return
    if said == "denied":  # each is read
        yield from ([finding] for finding in findings)
        return
    by_rule: dict[RuleId, list[Finding]] = {}
    for finding in findings:
        by_rule.setdefault(finding.rule, []).append(finding)
    yield from by_rule.values()


def _group(said: str, lines: Sequence[_Line], *, verbose: bool, colour: bool) -> str:
    rules = list(dict.fromkeys(finding.rule for finding in lines[0].findings))
    more = f" and {len(rules) - 1} more" if len(rules) > 1 else ""
    title = f"{painted(said, colour=colour)}[{rules[0]}{more}]"
    if len(lines) == 1:
        (line,) = lines
        text = [f"{title}: {_message(line)}", f"  --> {plain(line.where)}"]
        text += _details(line.findings[:1] if not verbose else line.findings)
    else:
        text = [f"{title}: {_count(lines)}"]
        kept = lines if said == "denied" or verbose else lines[:_SHOWN]
        for line in kept:
            text.append(f"  --> {plain(line.where)}: {_message(line)}")
            text += _details(line.findings) if verbose else []
        if len(lines) > len(kept):
            text.append(f"  … and {len(lines) - len(kept)} more (`--verbose`)")
    return "\n".join([*text, f"   = help: guard rule {rules[0]}"])


def _count(lines: Sequence[_Line]) -> str:
    releases = len({id(line.verdict) for line in lines})
    return f"{releases} releases" if releases > 1 else f"{len(lines)} findings"


def _message(line: _Line) -> str:
    """Return the first finding's words, and how many more there are."""
    first = line.findings[0]
    same = sum(finding.rule == first.rule for finding in line.findings) - 1
    more = f" (and {same} more)" if same else ""
    words = first.message if len(first.message) <= _WIDTH else f"{first.message[:_WIDTH]}…"
    return plain(words) + more


def _details(findings: Sequence[Finding]) -> list[str]:
    text = []
    for finding in findings:
        text += [f"   = {plain(detail)}" for detail in finding.detail]
        if finding.waiver:
            text.append(f"   = waived: {plain(finding.waiver)}")
    return text


def _some(result: Result) -> Sequence[str]:
    left = result.left_out
    return left if len(left) <= _SHOWN else (*left[:_SHOWN], f"… and {len(left) - _SHOWN} more")


def _summary(result: Result, noun: str, *, colour: bool) -> str:
    releases = [verdict for verdict in result.verdicts if not _is_nobodys(verdict)]
    counts = Counter(verdict.decision for verdict in releases)
    parts = [
        f"{counts[decision]} {painted(str(decision), colour=colour)}"
        for decision in (Decision.ADMITTED, Decision.DENIED, Decision.UNDECIDED)
        if counts[decision]
    ]
    count = f"{len(releases)} {noun}{'' if len(releases) == 1 else 's'}"
    nobodys = [v.decision for v in result.verdicts if _is_nobodys(v)]
    rest = [f"what is nobody's: {painted(str(each), colour=colour)}" for each in nobodys]
    return "; ".join([f"{count}{aged(result)}: {', '.join(parts) or 'nothing to judge'}", *rest])


def _is_nobodys(verdict: Verdict) -> bool:
    return not isinstance(verdict.candidate.unowned, Absent)
