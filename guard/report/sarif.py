"""A judgement in SARIF 2.1.0, for code scanning and whatever else gathers findings.

Essential reading: SARIF 2.1.0 §3.11 (messages), §3.20 (invocation), §3.27 (result), §3.49 (rules).
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final
from urllib.parse import quote

import guard
from guard.errors import GuardError
from guard.model import Decision, Finding, Level, PassedOver, RuleId, Verdict
from guard.report.result import Location, Result, common, located, own
from guard.report.text import plain
from guard.rules import CATALOGUE, Rule
from guard.rules._page import page, summary

_SCHEMA: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_WHERE: Final = re.compile(
    r"""where: ('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")(?= at byte [0-9]|, line [0-9]|: |$)"""
)
"""As `guard.artifact.content.where` begins; a rule may add the line, and what is in it."""


def render(result: Result, *, exit_code: int) -> str:
    """Return the report as one run of SARIF: a result for each finding that counts.

    Under a denial, what was never asked is left out, as in every format for people.
    """
    pairs = [
        (verdict, location, finding)
        for verdict, location in located(result)
        for finding in own(verdict, result)
    ]
    fired = {finding.rule for *_, finding in pairs}
    rules = [rule for id_, rule in CATALOGUE.items() if id_ in fired]
    notes = [_common(*each) for each in common(result)]
    notes += [_passed_over(item) for item in result.passed_over]
    notes += [_notification("note", f"left out: {words}") for words in result.left_out]
    if result.note:
        words = result.note.splitlines()
        notes.append(_notification("note", "The resolver found nothing else:", *words))
    return _run(
        rules=[_rule(rule) for rule in rules],
        results=_results(pairs, [rule.id for rule in rules]),
        invocation={
            "executionSuccessful": result.decision is not Decision.UNDECIDED,
            "exitCode": exit_code,
            "exitCodeDescription": str(result.decision),
            "toolExecutionNotifications": notes,
        },
    )


def render_error(error: GuardError, *, exit_code: int) -> str:
    """Return the report of a run that came to no judgement: one that did not succeed."""
    words = (part for part in (error.message, error.reason, error.hint) if part)
    return _run(
        rules=[],
        results=[],
        invocation={
            "executionSuccessful": False,
            "exitCode": exit_code,
            "exitCodeDescription": error.kind,
            "toolExecutionNotifications": [_notification("error", *words)],
        },
    )


def _run(
    *, rules: list[dict[str, Any]], results: list[dict[str, Any]], invocation: dict[str, Any]
) -> str:
    driver = {"name": "guard", "version": guard.__version__, "rules": rules}
    run = {
        "tool": {"driver": driver},
        "invocations": [invocation],
        "results": results,
        "columnKind": "unicodeCodePoints",
    }
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2) + "\n"  # in ASCII: an index chooses some of it


def _common(finding: Finding, others: int, files: int) -> dict[str, Any]:
    """Return what is said of the run rather than of one file, once."""
    rules = f"{finding.rule} and {others} more" if others else finding.rule
    words = f"{rules}, of {files} {'file' if files == 1 else 'files'}: {finding.message}"
    return _notification(_strength(finding.level), words, *finding.detail)


def _rule(rule: type[Rule]) -> dict[str, Any]:
    text = page(rule)
    return {
        "id": str(rule.id),
        "shortDescription": {"text": summary(rule)},
        "fullDescription": {"text": inspect.getdoc(rule) or ""},
        "help": {"text": text, "markdown": text},
        "defaultConfiguration": {"level": _strength(rule().level)},
    }


def _results(
    pairs: Sequence[tuple[Verdict, Location | None, Finding]], rules: Sequence[RuleId]
) -> list[dict[str, Any]]:
    seen: Counter[str] = Counter()
    results = []
    for verdict, place, finding in pairs:
        file = verdict.candidate.file
        # The line moves with every edit of a document.
        listed = () if place is None else (place.path,)
        same = "\n".join((finding.rule, file.filename, *listed, *_members(finding)))
        seen[same] += 1
        result = _result(verdict, finding, rules, f"{same}\n{seen[same]}")
        results.append(result | _where(verdict, place, finding))
    return results


def _where(verdict: Verdict, place: Location | None, finding: Finding) -> dict[str, Any]:
    """Return what says where: the file itself, or the line of the document that lists it."""
    file = verdict.candidate.file
    if place is None:
        uri = quote(plain(file.filename), safe="")
        words = [finding.message, *finding.detail]
    else:
        uri = _uri(place.path)
        words = [f"{file.title}: {finding.message}", *finding.detail]
    line = (place and place.line) or 1  # an archive has no lines, but code scanning wants one
    return {
        "message": _message(*words),
        "locations": [_location(uri, line, _members(finding))],
    }


def _uri(path: str) -> str:
    """Return the reference to a file: relative to the folder of the run, if it is below that."""
    reference = "/".join(quote(plain(part), safe="") for part in path.split("/"))
    return f"file://{reference}" if reference.startswith("/") else reference


def _result(
    verdict: Verdict, finding: Finding, rules: Sequence[RuleId], identity: str
) -> dict[str, Any]:
    file = verdict.candidate.file
    result: dict[str, Any] = {
        "ruleId": str(finding.rule),
        "ruleIndex": rules.index(finding.rule),
        "kind": "fail",
        "level": "note" if finding.waiver is not None else _strength(finding.level),
        "partialFingerprints": {"primaryLocationLineHash": _fingerprint(identity)},
        "properties": {
            "project": str(file.project),
            "version": str(file.version) if file.version else None,
            "decision": str(verdict.decision),
            "undecided": finding.unknown,
        },
    }
    if finding.waiver is not None:
        result["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": plain(finding.waiver)}
        ]
    return result


def _location(uri: str, line: int, members: Sequence[str]) -> dict[str, Any]:
    """Return where a finding is: the file, and the members of it that the finding names."""
    location: dict[str, Any] = {
        "physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": line}}
    }
    if members:
        location["logicalLocations"] = [
            {"fullyQualifiedName": plain(member), "kind": "resource"} for member in members
        ]
    return location


def _members(finding: Finding) -> list[str]:
    """Return the members of the archive that the detail of a finding names."""
    return list(dict.fromkeys(_named(finding.detail)))


def _named(details: Sequence[str]) -> Iterator[str]:
    for detail in details:
        if found := _WHERE.match(detail):
            try:
                member = ast.literal_eval(found[1])
            except (ValueError, SyntaxError):  # not what `repr` wrote
                continue
            if isinstance(member, str):
                yield member


def _fingerprint(identity: str) -> str:
    """Return what stays the same from run to run: no message does, some say how old a file is."""
    return hashlib.sha256(identity.encode("utf-8", "backslashreplace")).hexdigest()


def _passed_over(item: PassedOver) -> dict[str, Any]:
    why = "; ".join(f"{finding.rule}: {finding.message}" for finding in item.findings)
    return _notification("note", f"passed over: {item.project} {item.version}: {why}")


def _notification(level: str, *lines: str) -> dict[str, Any]:
    return {"level": level, "message": _message(*lines)}


def _message(*lines: str) -> dict[str, str]:
    r"""Return `lines` as a message in which nothing is a placeholder, a link or a line more.

    SARIF §3.11.5: braces are doubled. §3.11.6: `[words](target)` is a link, `\[` a bracket.
    """
    shown = "\n".join(map(plain, lines)).replace("{", "{{").replace("}", "}}")
    if "](" in shown:
        shown = shown.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    return {"text": shown}


def _strength(level: Level) -> str:
    return {Level.DENY: "error", Level.WARN: "warning", Level.OFF: "none"}[level]
