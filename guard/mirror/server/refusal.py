"""What is said of a file that is not sent: 403 with the findings, 404, or 503 for now."""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from urllib.parse import quote

from guard.mirror.finding import Missing
from guard.mirror.pulling import Taken
from guard.mirror.records import FileRecord, State
from guard.mirror.server.asgi import AGAIN, NOT_FOUND, Problem
from guard.mirror.server.told import told, told_findings
from guard.model import Finding, Unknown

_SAFE: Final = " :;,.()[]=<>!~+-_/'\"`"
"""Characters of a header that say what they say; what is not ASCII is escaped."""


def refusal(taken: Taken) -> Problem:
    """Return what is said of a file that may not be sent."""
    if isinstance(taken, Missing):
        return replace(NOT_FOUND, detail=told(taken.reason))
    if isinstance(taken, FileRecord) and taken.state in {State.DENIED, State.REVOKED}:
        return denial(taken)
    return _undecided(taken)


def _undecided(taken: FileRecord | Unknown) -> Problem:
    findings: tuple[Finding, ...] = ()
    if isinstance(taken, Unknown):
        detail = taken.reason
    else:
        findings = taken.decided.findings if taken.decided else ()
        held = "; ".join(finding.message for finding in findings if finding.holds)
        detail = held or "it could not be judged"
    return Problem(
        status=503,
        title="Undecided",
        detail=told(detail),
        more={"findings": told_findings(findings)},
        headers=[AGAIN],
    )


def denial(record: FileRecord) -> Problem:
    """Return what is said to whoever asks for a file that was denied, and how to request it."""
    listed, decided = record.listed, record.decided
    findings = decided.findings if decided else ()
    held = [finding for finding in findings if finding.holds and not finding.unknown]
    detail = told("; ".join(f"{finding.rule}: {finding.message}" for finding in held))
    title = "Revoked" if record.state is State.REVOKED else "Denied"
    said = quote(f"guard {title.lower()}: {detail}"[:200], safe=_SAFE)
    return Problem(
        status=403,
        title=title,
        detail=detail,
        more={
            "file": listed.key.filename,
            "sha256": listed.key.sha256,
            "state": record.state.value,
            "findings": told_findings(findings),
            "request": f"guard request {listed.project}=={listed.version} --reason WHY",
        },
        headers=[(b"x-guard", said.encode())],
    )
