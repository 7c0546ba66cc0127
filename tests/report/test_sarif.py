"""The report in SARIF: what code scanning reads, and nothing that an index wrote into it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import pytest
from inline_snapshot import snapshot

import guard
from guard.artifact.defect import DefectKind
from guard.cli.exit import ExitCode, of_decision
from guard.errors import SourceError
from guard.model import Decision, Finding, Level, RuleId, Verdict
from guard.report import Result
from guard.report.result import Location
from guard.report.sarif import render, render_error
from guard.report.text import plain
from guard.rules import CATALOGUE
from guard.rules._page import page
from tests.builders import a_candidate, a_file, a_verdict
from tests.report.results import (
    ADMITTED,
    ATTACKED,
    CHOSEN,
    DENIED,
    EVERY,
    HOSTILE,
    SATISFIED,
    SET_ASIDE,
    UNDECIDED,
)
from tests.rules.contents import frob, with_defects

_LEVELS = {"none", "note", "warning", "error"}
_KINDS = {"pass", "open", "informational", "notApplicable", "review", "fail"}
_UNRESERVED = re.compile(r"(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})+")
_RELATIVE = re.compile(rf"{_UNRESERVED.pattern}(?:/{_UNRESERVED.pattern})*")


def run_of(result: Result) -> dict[str, Any]:
    """The one run of the report."""
    return checked(render(result, exit_code=of_decision(result.decision)))


def of(*verdicts: Verdict, decision: Decision = Decision.DENIED) -> dict[str, Any]:
    return run_of(Result(decision=decision, verdicts=verdicts))


def found(*details: str, message: str = "bad", level: Level = Level.DENY) -> Verdict:
    """A verdict with one finding of these details."""
    finding = Finding(
        rule=RuleId("unsafe-path"), level=level, message=message, detail=tuple(details)
    )
    return Verdict(a_candidate(file=a_file("frob", "1.0")), (finding,))


def text_of(message: str) -> str:
    """What a viewer shows of a message that says `message`."""
    text: str = of(found(message=message))["results"][0]["message"]["text"]
    return text


def checked(document: str) -> dict[str, Any]:
    """The run of a document that keeps what SARIF 2.1.0 demands of one."""
    log = json.loads(document)
    assert set(log) == {"$schema", "version", "runs"}
    assert log["version"] == "2.1.0"
    [run] = log["runs"]
    assert set(run) == {"tool", "invocations", "results", "columnKind"}
    assert run["columnKind"] in {"utf16CodeUnits", "unicodeCodePoints"}
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("guard", guard.__version__)
    for rule in driver["rules"]:
        check_rule(rule)
    [invocation] = run["invocations"]
    assert isinstance(invocation["executionSuccessful"], bool)
    assert isinstance(invocation["exitCode"], int)
    for notification in invocation["toolExecutionNotifications"]:
        assert set(notification) == {"level", "message"}
        assert notification["level"] in _LEVELS
        check_message(notification["message"])
    prints = [check_result(result, driver["rules"]) for result in run["results"]]
    assert len(set(prints)) == len(prints)
    assert {r["ruleIndex"] for r in run["results"]} == set(range(len(driver["rules"])))
    checked_run: dict[str, Any] = run
    return checked_run


def check_rule(rule: dict[str, Any]) -> None:
    keys = {"id", "shortDescription", "fullDescription", "help", "defaultConfiguration"}
    assert set(rule) == keys
    for key in ("shortDescription", "fullDescription", "help"):
        assert rule[key]["text"]
    assert rule["help"]["markdown"] == page(CATALOGUE[rule["id"]])
    assert rule["defaultConfiguration"]["level"] in _LEVELS


def check_message(message: dict[str, str]) -> None:
    assert set(message) == {"text"}
    assert message["text"].replace("\n", "").isprintable()
    braces = message["text"].replace("{{", "").replace("}}", "")
    assert not set("{}") & set(braces), "a placeholder"


def check_result(result: dict[str, Any], rules: list[dict[str, Any]]) -> str:
    """Check one result; return its fingerprint."""
    assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    assert result["kind"] in _KINDS
    assert result["level"] in _LEVELS
    check_message(result["message"])
    [location] = result["locations"]
    physical = location["physicalLocation"]
    assert _RELATIVE.fullmatch(physical["artifactLocation"]["uri"]), "a relative reference"
    assert set(physical["region"]) == {"startLine"}
    assert physical["region"]["startLine"] >= 1
    for logical in location.get("logicalLocations", [{"fullyQualifiedName": "-"}]):
        assert logical["fullyQualifiedName"].isprintable()
    for suppression in result.get("suppressions", []):
        assert suppression["kind"] in {"inSource", "external"}
        assert suppression["status"] in {"accepted", "underReview", "rejected"}
        assert suppression["justification"].isprintable()
    [fingerprint] = result["partialFingerprints"].values()
    assert isinstance(fingerprint, str)
    return fingerprint


@pytest.mark.parametrize("result", EVERY.values(), ids=EVERY)
def test_every_result_is_sarif(result: Result) -> None:
    run = run_of(result)
    [invocation] = run["invocations"]
    assert invocation["exitCode"] == of_decision(result.decision)
    assert invocation["executionSuccessful"] is (result.decision is not Decision.UNDECIDED)
    assert render(result, exit_code=0).isascii()


def test_denied() -> None:
    [result] = run_of(DENIED)["results"]
    assert len(result.pop("partialFingerprints")["primaryLocationLineHash"]) == 64
    assert result == snapshot(
        {
            "ruleId": "fresh-upload",
            "ruleIndex": 0,
            "kind": "fail",
            "level": "error",
            "message": {
                "text": """\
uploaded 2 hours ago, younger than 7 days
policy: rules.fresh-upload.age = "7 days"\
"""
            },
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": "litellm-1.82.6-py3-none-any.whl"},
                        "region": {"startLine": 1},
                    }
                }
            ],
            "properties": {
                "project": "litellm",
                "version": "1.82.6",
                "decision": "denied",
                "undecided": False,
            },
        }
    )


def test_the_rules_that_fired_and_no_others() -> None:
    run = of(a_verdict(frob({"evil.pth": "import os\n"})))
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["startup-hook"]
    assert run_of(SATISFIED)["tool"]["driver"]["rules"] == []


def test_a_finding_of_a_weaker_level_is_a_warning() -> None:
    [result] = run_of(ADMITTED)["results"]
    assert (result["ruleId"], result["level"]) == ("yanked-file", "warning")


def test_what_could_not_be_told_is_an_error_that_says_so() -> None:
    run = run_of(UNDECIDED)
    assert run["results"]
    for result in run["results"]:
        assert result["level"] == "error"
        assert result["properties"]["undecided"] is True
    assert run["invocations"][0]["exitCodeDescription"] == "undecided"


def test_what_the_policy_sets_aside_is_suppressed() -> None:
    [result] = run_of(SET_ASIDE)["results"]
    assert result["level"] == "note"
    assert result["suppressions"] == snapshot(
        [
            {
                "kind": "external",
                "status": "accepted",
                "justification": "fixes an outage (sec@example.com)",
            }
        ]
    )


def test_every_file_with_a_finding_is_there() -> None:
    """Also the warning about one file, when another one is denied."""
    verdicts = (found("a"), *ADMITTED.verdicts)
    assert {result["ruleId"] for result in of(*verdicts)["results"]} == {
        "unsafe-path",
        "yanked-file",
    }


def test_what_was_passed_over_is_a_notification() -> None:
    run = run_of(CHOSEN)
    notes = run["invocations"][0]["toolExecutionNotifications"]
    assert run["results"] == []
    assert len(notes) == len(CHOSEN.passed_over)
    assert notes[0]["level"] == "note"
    assert notes[0]["message"]["text"] == (
        "passed over: litellm 1.83.6: fresh-upload: uploaded 2 hours ago, younger than 7 days"
    )


def test_what_is_of_the_run_is_told_once_and_of_no_file() -> None:
    missing = Finding(
        rule=RuleId("known-malware"),
        level=Level.WARN,
        message="there are none here yet",
        unknown=True,
        common=True,
    )
    verdicts = (Verdict(a_candidate(), (missing,)), Verdict(a_candidate(), (missing,)))
    run = of(*verdicts, decision=Decision.ADMITTED)
    assert run["results"] == []
    (told,) = run["invocations"][0]["toolExecutionNotifications"]
    assert told["level"] == "warning"
    assert told["message"]["text"] == "known-malware, of 2 files: there are none here yet"


def test_the_member_is_a_logical_location() -> None:
    verdict = a_verdict(with_defects(DefectKind.UNSAFE_PATH, "one", "two"))
    names = [
        logical["fullyQualifiedName"]
        for result in of(verdict)["results"]
        for logical in result["locations"][0]["logicalLocations"]
    ]
    assert names == ["frob/0.py", "frob/1.py"]


@pytest.mark.parametrize(
    ("detail", "members"),
    [
        ("where: 'a.py'", ["a.py"]),
        ("where: 'a.py' at byte 12", ["a.py"]),
        ("where: 'a.pth' at byte 12, line 3", ["a.pth"]),
        ('where: "it\'s.py"', ["it's.py"]),
        ("where: 'a.py' at byte 12, line 3: decoded-exec: 'exec(x)'", ["a.py"]),
        (f"where: {chr(39) + chr(34) + 'a'!r}", ["'\"a"]),
        (f"where: {chr(0x1B) + '[2J.py'!r}", ["\\x1b[2J.py"]),
        ("where: the archive at byte 12", []),
        ("where: and in 3 more files", []),
        ("where: 'a', 'b'", []),
        ("where: 'a' if x else 'b'", []),
        ("policy: where: 'a.py'", []),
    ],
)
def test_where_is_read_as_it_was_written(detail: str, members: list[str]) -> None:
    [location] = of(found(detail))["results"][0]["locations"]
    names = [each["fullyQualifiedName"] for each in location.get("logicalLocations", [])]
    assert names == members


def test_fingerprints_outlive_what_a_message_says_of_today() -> None:
    def fingerprint(verdict: Verdict) -> object:
        return of(verdict)["results"][0]["partialFingerprints"]

    today = found("where: 'a.py' at byte 1", message="uploaded 2 hours ago")
    assert fingerprint(today) == fingerprint(found("where: 'a.py' at byte 9", message="3 hours"))
    assert fingerprint(today) != fingerprint(found("where: 'b.py'"))


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("{0} of {x}", "{{0}} of {{x}}"),
        ("see [this](https://evil.example)", "see \\[this\\](https://evil.example)"),
        ("allow = ['x']", "allow = ['x']"),
        ("\x1b[2J\u202e\r", "\\x1b[2J\\u202e\\r"),
        ("one\npolicy: none", "one\\npolicy: none"),
    ],
)
def test_a_message_has_no_placeholders_links_or_controls(said: str, shown: str) -> None:
    assert text_of(said) == shown


def test_what_an_index_says_is_data() -> None:
    run = run_of(ATTACKED)
    [result] = run["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert unquote(uri) == plain(f"litellm{HOSTILE}.whl")


def test_a_name_that_is_no_text_at_all() -> None:
    verdict = found("where: 'a\\udcff'", message="\udcff")
    filename = "frob\udcff-1.0-py3-none-any.whl"
    verdict = Verdict(a_candidate(file=a_file("frob", "1.0", filename=filename)), verdict.findings)
    assert "\\udcff" in of(verdict)["results"][0]["message"]["text"]


def test_a_run_that_came_to_no_judgement_did_not_succeed() -> None:
    error = SourceError("the index did not answer", reason="{HTTP} 503", hint="try again")
    run = checked(render_error(error, exit_code=ExitCode.UNDECIDED))
    assert run["results"] == []
    assert run["invocations"] == snapshot(
        [
            {
                "executionSuccessful": False,
                "exitCode": 69,
                "exitCodeDescription": "undecided",
                "toolExecutionNotifications": [
                    {
                        "level": "error",
                        "message": {
                            "text": """\
the index did not answer
{{HTTP}} 503
try again\
"""
                        },
                    }
                ],
            }
        ]
    )


AUDITED = Result(
    decision=Decision.DENIED,
    verdicts=(found(), found("a detail", level=Level.WARN), found()),
    locations=(Location("locks/my uv.lock", 7), Location("locks/my uv.lock"), None),
    each=True,
    left_out=("locks/my uv.lock: your own: mine",),
)


def test_what_a_document_lists_is_at_its_line() -> None:
    run = run_of(AUDITED)
    places = [each["locations"][0]["physicalLocation"] for each in run["results"]]
    assert places == [
        {"artifactLocation": {"uri": "locks/my%20uv.lock"}, "region": {"startLine": 7}},
        {"artifactLocation": {"uri": "locks/my%20uv.lock"}, "region": {"startLine": 1}},
        {
            "artifactLocation": {"uri": "frob-1.0-py3-none-any.whl"},
            "region": {"startLine": 1},
        },
    ]
    assert run["results"][0]["message"]["text"] == "frob 1.0: bad"
    [note] = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"] == "left out: locks/my uv.lock: your own: mine"


def test_a_document_that_moved_a_line_is_the_same_finding() -> None:
    moved = replace(AUDITED, locations=(Location("locks/my uv.lock", 9), *AUDITED.locations[1:]))
    first, second = (run_of(each)["results"] for each in (AUDITED, moved))
    assert [each["partialFingerprints"] for each in first] == [
        each["partialFingerprints"] for each in second
    ]


def test_in_an_audit_one_denial_hides_nothing_of_the_others() -> None:
    unknown = Finding(rule=RuleId("yanked-file"), level=Level.DENY, message="?", unknown=True)
    undecided = Verdict(a_candidate(), (unknown,))
    audit = Result(decision=Decision.DENIED, verdicts=(found(), undecided), each=True)
    assert [each["ruleId"] for each in run_of(audit)["results"]] == ["unsafe-path", "yanked-file"]
    assert len(run_of(replace(audit, each=False))["results"]) == 1
