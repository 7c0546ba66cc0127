"""A judgement as workflow commands of GitHub Actions: annotations on the run."""

from __future__ import annotations

from collections.abc import Iterator

from guard.model import Finding, Level
from guard.report.result import Location, Result, blocks, common, located
from guard.report.text import plain


def render(result: Result) -> str:
    """Return one workflow command for each finding, and a notice with the decision."""
    count = len(result.verdicts)
    judged = f"{count} {'file' if count == 1 else 'files'} judged: {result.decision}"
    return "\n".join([*_lines(result), _command("notice", "guard", judged)]) + "\n"


def _lines(result: Result) -> Iterator[str]:
    places = {id(verdict): location for verdict, location in located(result)}
    for block in blocks(result):
        for verdict in block.verdicts:
            title = f"{block.finding.rule}: {verdict.candidate.file.filename}"
            yield _said(block.said, title, places[id(verdict)])
    for finding, *_ in common(result):
        yield _said(finding, str(finding.rule))
    for item in result.passed_over:
        why = "; ".join(f"{finding.rule}: {finding.message}" for finding in item.findings)
        yield _command("notice", f"passed over: {item.project} {item.version}", why)


def _said(finding: Finding, title: str, location: Location | None = None) -> str:
    message = " · ".join((finding.message, *finding.detail))
    return _command(_kind(finding), title, message, location)


def _kind(finding: Finding) -> str:
    if finding.waiver:
        return "notice"
    return "error" if finding.level is Level.DENY else "warning"


def _command(kind: str, title: str, message: str, location: Location | None = None) -> str:
    place = ""
    if location is not None:
        line = f",line={location.line}" if location.line else ""
        place = f"file={_property(location.path)}{line},"
    return f"::{kind} {place}title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    """Escape what would end the message: an index must not write commands of its own."""
    return plain(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
