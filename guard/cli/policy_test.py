"""`guard policy test`: whether the policy says what its authors expect of it."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from guard.admission.expectations import Tried, tried, unexercised
from guard.cli.exit import ExitCode
from guard.cli.session import policy_files
from guard.model import RuleId
from guard.policy import effective
from guard.policy.cases import cases_of
from guard.report.text import plain


def run(arguments: argparse.Namespace) -> int:
    """Judge each case by the effective policy; no network, and nothing is installed."""
    policy, _ = effective(policy_files(arguments.policy, arguments.approvals))
    now = datetime.now(UTC)
    found = tried((case for path in arguments.file for case in cases_of(path, now)), policy)
    silent = unexercised(found, policy)
    if arguments.output_format == "json":
        sys.stdout.write(json.dumps(_document(found, silent), indent=2) + "\n")
    else:
        sys.stdout.writelines(f"{plain(line)}\n" for line in _lines(found, silent))
    return ExitCode.OK if all(each.met for each in found) else ExitCode.CONFIGURATION


def _lines(found: Sequence[Tried], silent: Sequence[RuleId]) -> Iterator[str]:
    for each in found:
        yield f"{'ok    ' if each.met else 'FAILED'} {each.case.title}: {_came(each)}"
        if not each.met:
            yield f"       expected: {_expected(each)} ({each.case.source})"
            yield from (f"       {f.rule}: {f.message}" for f in each.telling)
    missed = sum(not each.met for each in found)
    count = "1 case" if len(found) == 1 else f"{len(found)} cases"
    yield f"{count}: {f'{missed} not as expected' if missed else 'all as expected'}"
    if silent:
        yield f"no case is about: {', '.join(silent)}"


def _came(each: Tried) -> str:
    return _said(each.verdict.decision, each.by)


def _expected(each: Tried) -> str:
    expected = each.case.expected
    if expected.only and not expected.by:
        return f"{expected.decision}, with nothing to remark"
    return _said(expected.decision, expected.by) + (" and nothing else" if expected.only else "")


def _said(decision: str, rules: Sequence[RuleId]) -> str:
    if not rules:
        return decision
    return (
        f"{decision}, with remarks by {', '.join(rules)}"
        if decision == "admitted"
        else (f"{decision} by {', '.join(rules)}")
    )


def _document(found: Sequence[Tried], silent: Sequence[RuleId]) -> dict[str, Any]:
    return {
        "schema": 1,
        "met": all(each.met for each in found),
        "cases": [_case(each) for each in found],
        "unexercised": [*silent],
    }


def _case(each: Tried) -> dict[str, Any]:
    from guard.report.json import finding  # noqa: PLC0415 - one of the formats is needed

    expected = each.case.expected
    return {
        "title": each.case.title,
        "source": each.case.source,
        "met": each.met,
        "expected": {
            "decision": str(expected.decision),
            "by": [*expected.by],
            "only": expected.only,
        },
        "decision": str(each.verdict.decision),
        "by": [*each.by],
        "findings": [finding(found) for found in each.verdict.findings],
    }
