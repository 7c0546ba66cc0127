"""A judgement in words, in the manner of uv and cargo: colour never says what words do not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from guard.admission import Standing
from guard.duration import ago
from guard.model import Absent, Built, Decision, Finding, Level, PassedOver, Unknown
from guard.publisher import Provenance
from guard.report.result import Block, Result, asked_for, blocks, common
from guard.rules.unapproved_file import asking

_COLOURS: Final = {
    "denied": "\x1b[1;31m",
    "undecided": "\x1b[1;33m",
    "warning": "\x1b[1;33m",
    "waived": "\x1b[1;36m",
    "admitted": "\x1b[1;32m",
}
_RESET: Final = "\x1b[0m"
_PASSED_OVER_SHOWN: Final = 5
_PUBLISHERS_SHOWN: Final = 20
_OUTPUT_LINES: Final = 12
_FILES_SHOWN: Final = 3


def render(result: Result, *, colour: bool = False) -> str:
    """Return the whole report; it ends with the decision."""
    asked = asked_for(result)
    told = [_block(block, asked, result, colour=colour) for block in blocks(result)]
    told += [common_block(*each, colour=colour) for each in common(result)]
    if len(asked) > 1:
        told.append(asking(*asked))
    told += _built(result)
    told += _published(result)
    told += _passed_over(result.passed_over)
    if result.note:
        told.append(_note(result.note))
    told.append(_summary(result, colour=colour))
    return "\n\n".join(told) + "\n"


def plain(text: str, *, lines: bool = False) -> str:
    """Return `text` with what a terminal would obey made visible: an index chooses some of it."""
    kept = "\n" if lines else ""
    return "".join(c if c.isprintable() or c in kept else ascii(c)[1:-1] for c in text)


def _block(block: Block, asked: Sequence[str], result: Result, *, colour: bool) -> str:
    finding = _unasked(block.said, asked)
    lines = _said(finding, len(block.rules) - 1, _files(block), colour=colour)
    newest = result.suggestions.get(block.verdicts[0].candidate.file.project)
    if word(finding) == "denied" and newest:
        lines.append(f"   = help: newest acceptable release: {newest}")
    lines.append(f"   = help: guard rule {finding.rule}")
    return "\n".join(lines)


def _files(block: Block) -> str:
    names = [verdict.candidate.file.filename for verdict in block.verdicts]
    if len(names) <= _FILES_SHOWN:
        return ", ".join(names)
    return f"{', '.join(names[:_FILES_SHOWN])} and {len(names) - _FILES_SHOWN} more"


def _unasked(finding: Finding, asked: Sequence[str]) -> Finding:
    """Return `finding` without the line that asks for it, where one line asks for all."""
    if finding.asks_for is None or len(asked) < 2:  # noqa: PLR2004 - all of one is itself
        return finding
    line = asking(finding.asks_for)
    return replace(finding, detail=tuple(each for each in finding.detail if each != line))


def common_block(finding: Finding, others: int, files: int, *, colour: bool) -> str:
    """Return what all files of a run have in common."""
    lines = _said(finding, others, _count(files), colour=colour)
    return "\n".join([*lines, f"   = help: guard rule {finding.rule}"])


def _said(finding: Finding, others: int, where: str, *, colour: bool) -> list[str]:
    rules = f"{finding.rule} and {others} more" if others else finding.rule
    lines = [
        f"{painted(word(finding), colour=colour)}[{rules}]: {plain(finding.message)}",
        f"  --> {plain(where)}",
    ]
    lines += [f"   = {plain(detail)}" for detail in finding.detail]
    if finding.waiver:
        lines.append(f"   = waived: {plain(finding.waiver)}")
    return lines


def word(finding: Finding) -> str:
    """Return what a finding comes to, in a word."""
    if finding.waiver:
        return "waived"
    if finding.level is Level.WARN:
        return "warning"
    return "undecided" if finding.unknown else "denied"


def painted(word: str, *, colour: bool) -> str:
    """Return a word in its colour, where there are colours."""
    return f"{_COLOURS[word]}{word}{_RESET}" if colour else word


def _published(result: Result) -> list[str]:
    """Say who published what is attested; what is not is counted: most files are not."""
    if result.decision is not Decision.ADMITTED:
        return []
    lines, counts = [], Counter(result.standings)
    for verdict, standing in zip(result.verdicts, result.standings, strict=True):
        provenance = verdict.candidate.provenance
        if isinstance(provenance, Provenance) and provenance.identities:
            titles = " and ".join(identity.title for identity in provenance.identities)
            title = plain(verdict.candidate.file.title)
            lines.append(f"  {title}: {plain(titles)} ({standing})")
    if not lines:
        return []
    if len(lines) > _PUBLISHERS_SHOWN:
        lines = [*lines[:_PUBLISHERS_SHOWN], f"  … and {len(lines) - _PUBLISHERS_SHOWN} more"]
    if unattested := counts[Standing.NOT_ATTESTED]:
        lines.append(f"  {unattested} not attested")
    return ["\n".join(("Published by, as their attestations say:", *lines))]


def _built(result: Result) -> list[str]:
    """Say what was built here, of what and with what: no index has these bytes."""
    lines = []
    for verdict in result.verdicts:
        if isinstance(built := verdict.candidate.built, Built):
            used = ", ".join(_release(name) for name, _ in built.requirements) or "nothing else"
            where = "in a sandbox" if built.isolation == "sandbox" else "without a sandbox"
            lines.append(
                f"  {plain(verdict.candidate.file.filename)} from "
                f"{plain(built.source.file.filename)}{_digest(built.sha256)}, {where}, "
                f"with {plain(used)}"
            )
    return ["\n".join(("Built here:", *lines))] if lines else []


def _digest(sha256: str | None) -> str:
    return f" (sha256 {sha256[:16]}…)" if sha256 else ""


def _release(filename: str) -> str:
    return " ".join(filename.split("-")[:2])


def _passed_over(passed_over: Sequence[PassedOver]) -> list[str]:
    if not passed_over:
        return []
    lines = ["Passed over:"]
    for project in dict.fromkeys(item.project for item in passed_over):
        items = [item for item in passed_over if item.project == project]
        lines += _of_project(items)
    return ["\n".join(lines)]


def _of_project(items: Sequence[PassedOver]) -> Iterator[str]:
    for item in items[:_PASSED_OVER_SHOWN]:
        why = "; ".join(f"{finding.rule}: {plain(finding.message)}" for finding in item.findings)
        yield f"  {item.project} {item.version} ({why})"
    if len(items) > _PASSED_OVER_SHOWN:
        yield f"  {items[0].project}: {len(items) - _PASSED_OVER_SHOWN} more"


def _note(note: str) -> str:
    lines = plain(note, lines=True).strip().splitlines()
    kept = lines[:_OUTPUT_LINES] + (["…"] if len(lines) > _OUTPUT_LINES else [])
    return "The resolver found nothing else:\n" + "\n".join(f"  | {line}" for line in kept)


def _summary(result: Result, *, colour: bool) -> str:
    if result.satisfied:
        return "Nothing to do: everything asked for is installed already"
    files = _count(len(result.verdicts))
    age = aged(result)
    decision = painted(str(result.decision), colour=colour)
    match result.decision:
        case Decision.ADMITTED:
            warned = sum(any(not f.common for f in verdict.findings) for verdict in result.verdicts)
            remarks = f", {warned} with remarks" if warned else ""
            words = f"{files} judged{age}: {decision}{remarks}"
            return f"{words}; {result.done}" if result.done else words
        case Decision.DENIED | Decision.UNDECIDED:
            if not result.verdicts:
                return f"{decision}: nothing else would do; nothing was installed"
            held = sum(v.decision is result.decision for v in result.verdicts)
            return f"{files} judged{age}: {held} {decision}; nothing was installed"


def aged(result: Result) -> str:
    """Say how old the advisories are that were asked: they know nothing of what came since."""
    for verdict in result.verdicts:
        advisories = verdict.candidate.advisories
        if not isinstance(advisories, Absent | Unknown):
            return f", advisories {ago(verdict.candidate.judged_at - advisories.as_of)} old"
    return ""


def _count(files: int) -> str:
    return "1 file" if files == 1 else f"{files} files"
