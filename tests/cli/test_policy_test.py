"""`guard policy test`: a team's own expectations, as its CI runs them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.guarded import Guard, assert_paragraph

CASE: Final = """\
[[case]]
title = "a fresh litellm is denied"
name = "litellm"
version = "1.82.8"
uploaded = "2 hours ago"
expect = "denied"
by = ["fresh-upload"]
"""


@pytest.fixture
def cases(guard: Guard) -> Path:
    path = guard.work / "cases.toml"
    path.write_text(CASE)
    return path


def test_what_is_as_expected_ends_with_0(guard: Guard, cases: Path) -> None:
    ran = guard("policy", "test", cases)
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0] == "ok     a fresh litellm is denied: denied by fresh-upload"
    assert lines[1] == "1 case: all as expected"
    assert lines[2].startswith("no case is about: yanked-file, ")
    assert "fresh-upload" not in lines[2]


def test_what_is_not_ends_with_78_and_says_what_came_instead(guard: Guard, cases: Path) -> None:
    ran = guard("policy", "test", cases, "--policy", "observe")
    assert ran.code == 78
    assert ran.out.splitlines()[:4] == [
        "FAILED a fresh litellm is denied: admitted, with remarks by fresh-upload",
        f"       expected: denied by fresh-upload ({cases})",
        "       fresh-upload: uploaded 2 hours ago, younger than 7 days",
        "1 case: 1 not as expected",
    ]


def test_it_is_the_effective_policy_that_is_tested(guard: Guard, cases: Path) -> None:
    """A checkout that loosens everything does not, and the cases show it."""
    (guard.work / "guard.toml").write_text('[rules.fresh-upload]\nlevel = "off"\n')
    assert guard("policy", "test", cases).code == 0
    assert guard("policy", "trust").code == 0
    assert guard("policy", "test", cases).code == 78


def test_several_files_and_a_document_for_programs(guard: Guard, cases: Path) -> None:
    more = guard.work / "more.toml"
    more.write_text(CASE.replace("denied", "admitted").replace('by = ["fresh-upload"]', ""))
    ran = guard("policy", "test", cases, more, "--output-format", "json")
    assert ran.code == 78
    document = json.loads(ran.out)
    assert (document["schema"], document["met"]) == (1, False)
    assert [(c["source"], c["met"], c["decision"], c["by"]) for c in document["cases"]] == [
        (str(cases), True, "denied", ["fresh-upload"]),
        (str(more), False, "denied", ["fresh-upload"]),
    ]
    assert document["cases"][1]["expected"] == {"decision": "admitted", "by": [], "only": False}
    assert document["cases"][0]["findings"][0]["rule"] == "fresh-upload"
    assert "startup-hook" in document["unexercised"]


def test_a_mistake_in_a_case_is_an_error_and_no_failed_case(guard: Guard, cases: Path) -> None:
    cases.write_text(CASE.replace("uploaded", "uplaoded"))
    ran = guard("policy", "test", cases)
    assert_paragraph(ran, 78, f"{cases}, case[0].uplaoded", "did you mean `uploaded`?")
    ran = guard("policy", "test", cases, "--output-format", "json")
    assert json.loads(ran.out)["error"]["kind"] == "policy"
    assert_paragraph(guard("policy", "test", "gone.toml"), 78, "could not be read", "gone.toml")


def test_a_title_writes_nothing_of_its_own_to_a_terminal(guard: Guard, cases: Path) -> None:
    cases.write_text(CASE.replace("a fresh litellm", "a \\u001b[2J fresh litellm"))
    assert "\x1b" not in guard("policy", "test", cases).out


def test_the_schema_of_a_file_of_cases(guard: Guard) -> None:
    document = json.loads(guard("policy", "schema", "--cases").out)
    assert document["title"] == "What a team expects of its policy"
