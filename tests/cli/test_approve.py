"""`guard approve`, `revoke` and `approvals`: asked, written whole, and never past what they may."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import tomllib
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.guarded import (
    LONG_AGO,
    TIMEOUT,
    Environment,
    Guard,
    Ran,
    ago,
    assert_paragraph,
    at,
    to,
)
from tests.fakes import LoopbackIndex
from tests.wheels import a_startup_payload, a_wheel, an_sdist

YES = ("--yes", "--reason", "we need it")


@pytest.fixture
def index(index: LoopbackIndex) -> LoopbackIndex:
    index.add(a_wheel("frob", "1.0", requires=["dep"]), uploaded=LONG_AGO)
    index.add(a_wheel("frob", "2.0", requires=["dep"]), uploaded=ago(minutes=90))
    index.add(a_wheel("dep", "1.0"), uploaded=LONG_AGO)
    return index


@pytest.fixture
def path(guard: Guard) -> Path:
    """The approvals beside a project's policy."""
    (guard.work / "guard.toml").write_text('extends = "default"\n')
    return guard.work / "approvals.toml"


def entries(path: Path) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = tomllib.loads(path.read_text())["approval"]
    return found


def titles(path: Path) -> list[str]:
    return [f"{entry['name']} {entry['version']}" for entry in entries(path)]


def approve(guard: Guard, index: LoopbackIndex, *words: str | Path) -> Ran:
    return guard("approve", *words, *YES, *at(index))


def answered(guard: Guard, answers: str, *words: str) -> Ran:
    """What comes of a run whose questions are answered at a terminal."""
    mine, its = pty.openpty()
    try:
        child = subprocess.Popen(
            guard.command(*words),
            cwd=guard.work,
            env=guard.environment(),
            stdin=its,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        os.write(mine, answers.encode())
        out, err = child.communicate(timeout=TIMEOUT)
    finally:
        os.close(mine)
        os.close(its)
    return Ran(child.returncode, out, err)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["frob"], "there is nobody to ask"),
        (["frob", "--reason", "x"], "there is nobody to ask"),
        (["frob", "--yes"], "needs a `--reason`"),
        (["frob", "--output-format", "json", "--reason", "x"], "there is nobody to ask"),
        (["frob", *YES, "--accept", "zzz"], "there is no rule `zzz`"),
        (["frob", *YES, "--accept", "hash-mismatch"], "no approval sets hash-mismatch aside"),
        (["frob", *YES, "--accept", "known-malware"], "no approval sets known-malware aside"),
        (["frob", *YES, "--expires", "2020-01-01"], "is over already"),
        (["frob", *YES, "--expires", "soon"], "neither a day nor a duration"),
        (["frob", *YES, "--policy", "strict"], "has no approvals of its own"),
        (["frob", *YES, "--environment"], "approved as it is"),
        (["--lock", "lock.toml", *YES], "no name for a lock file"),
        ([*YES], "nothing was asked for"),
    ],
)
def test_what_cannot_be_finished_is_not_begun(
    words: list[str], said: str, guard: Guard, index: LoopbackIndex, path: Path
) -> None:
    assert_paragraph(guard("approve", *words, *at(index)), 2, said)
    assert index.requests == []
    assert not path.exists()


@pytest.mark.parametrize("reason", ["", " ", "two\nlines", "\x1b[31m"])
def test_a_reason_is_a_line_of_text(reason: str, guard: Guard, path: Path) -> None:
    ran = guard("approve", "frob", "--yes", "--reason", reason)
    assert (ran.code, path.exists()) == (2, False)


def test_the_whole_tree_is_approved_with_who_and_why(
    guard: Guard, index: LoopbackIndex, path: Path
) -> None:
    ran = approve(guard, index, "frob", "--approved-by", "sec@example.com")
    assert ran.code == 0, ran.said
    assert "2 files judged" in ran.err
    assert titles(path) == ["dep 1.0", "frob 1.0"]
    for entry in entries(path):
        assert (entry["reason"], entry["approved-by"]) == ("we need it", "sec@example.com")
        assert "expires" not in entry


def test_asking_shows_first_and_takes_no_for_an_answer(
    guard: Guard, index: LoopbackIndex, path: Path
) -> None:
    words = ["approve", "frob", *at(index)]
    for answers in ("because\nn\n", "\ny\n", "because\n\n"):
        ran = answered(guard, answers, *words)
        assert ran.code == 77, ran.said
        assert "To be approved in" in ran.err
        assert ran.err.endswith("nothing was approved\n")
        assert not path.exists()
    ran = answered(guard, "because\ny\n", *words)
    assert ran.code == 0, ran.said
    assert ran.err.index("judged") < ran.err.index("  frob 1.0: frob-1.0-py3-none-any.whl")
    assert entries(path)[0]["reason"] == "because"


def test_what_a_rule_denies_is_approved_only_by_naming_the_rule(
    guard: Guard, index: LoopbackIndex, path: Path
) -> None:
    assert guard("policy", "trust").code == 0
    ran = approve(guard, index, "frob==2.0")
    assert_paragraph(ran, 77, "denied[fresh-upload]", "nothing was approved")
    assert "help: to set this aside, once you have read it: --accept fresh-upload" in ran.err
    assert not path.exists()

    ran = approve(guard, index, "frob==2.0", "--accept", "fresh-upload")
    assert ran.code == 0, ran.said
    assert "waived[fresh-upload]" in ran.err
    dep, frob = entries(path)
    assert "accepted" not in dep
    assert [accepted["rule"] for accepted in frob["accepted"]] == ["fresh-upload"]
    assert date.fromisoformat(str(frob["expires"])) - frob["approved-at"].date() == timedelta(90)
    ran = guard("check", "frob==2.0", *at(index))
    assert ran.code == 0, "a project that is trusted stays so: " + ran.said
    assert "we need it" in ran.out


def test_findings_that_come_to_light_one_after_the_other(
    guard: Guard, index: LoopbackIndex, path: Path, tmp_path: Path
) -> None:
    """What the page denies is not downloaded, so what is inside is found only after that."""
    files = a_startup_payload(tmp_path / "marker")
    index.add(a_wheel("hook", "1.0", files=files), uploaded=ago(minutes=90))
    assert guard("policy", "trust").code == 0
    ran = approve(guard, index, "hook==1.0", "--accept", "fresh-upload")
    assert_paragraph(ran, 77, "denied[startup-hook]")
    both = ("--accept", "fresh-upload", "--accept", "startup-hook")
    assert approve(guard, index, "hook==1.0", *both).code == 0
    (entry,) = entries(path)
    assert {a["rule"] for a in entry["accepted"]} == {"fresh-upload", "startup-hook"}
    assert not (tmp_path / "marker").exists()


def test_a_checkout_that_is_not_trusted_sets_nothing_aside(
    guard: Guard, index: LoopbackIndex, path: Path
) -> None:
    ran = approve(guard, index, "frob==2.0", "--accept", "fresh-upload")
    assert_paragraph(ran, 77, "may not loosen anything", f"for that, `{path}` does not count")
    assert not path.exists()


def test_bytes_that_are_not_the_promised_ones_cannot_be_approved(
    guard: Guard, index: LoopbackIndex, path: Path
) -> None:
    wheel = a_wheel("frob", "3.0")
    index.add(wheel, uploaded=LONG_AGO, hashes={"sha256": "0" * 64})
    ran = approve(guard, index, "frob==3.0")
    assert_paragraph(ran, 77, "denied[hash-mismatch]", "no approval sets this aside")
    assert not path.exists()


def test_a_source_is_not_approved(guard: Guard, index: LoopbackIndex, path: Path) -> None:
    index.add(an_sdist("raw", "1.0", payload=guard.work / "marker"), uploaded=LONG_AGO)
    ran = approve(guard, index, "raw")
    assert ran.code == 77, ran.said
    assert not path.exists()


def test_what_is_approved_already_stays_as_it_is(
    guard: Guard, index: LoopbackIndex, path: Path
) -> None:
    assert approve(guard, index, "dep", "--approved-by", "first@example.com").code == 0
    ran = approve(guard, index, "frob", "--approved-by", "second@example.com")
    assert ran.err.endswith(f"1 release approved in {path}; 1 was approved already\n")
    assert [e["approved-by"] for e in entries(path)] == ["first@example.com", "second@example.com"]
    before = path.read_bytes()
    assert "nothing to approve; 2 were approved already" in approve(guard, index, "frob").err
    assert path.read_bytes() == before
    ran = approve(guard, index, "frob", "--renew", "--expires", "90 days")
    assert ran.code == 0
    assert all("expires" in entry for entry in entries(path))


def test_an_environment_is_learned(
    guard: Guard, index: LoopbackIndex, path: Path, target: Environment
) -> None:
    target.holds(a_wheel("frob", "1.0"), a_wheel("dep", "1.0"), a_wheel("ours", "1.0"))
    ran = guard("approve", "--environment", *YES, *to(target), *at(index))
    assert ran.code == 0, ran.said
    assert "left out, for no index has them: ours==1.0" in ran.err
    assert titles(path) == ["dep 1.0", "frob 1.0"]


def test_a_lock_is_approved_as_it_is(guard: Guard, index: LoopbackIndex, path: Path) -> None:
    assert guard("lock", "frob", *at(index)).code == 0
    index.add(a_wheel("frob", "1.5"), uploaded=LONG_AGO)
    ran = approve(guard, index, "--lock", "pylock.toml")
    assert ran.code == 0, ran.said
    assert titles(path) == ["dep 1.0", "frob 1.0"]


def test_programs_read_what_was_approved(guard: Guard, index: LoopbackIndex, path: Path) -> None:
    ran = guard("approve", "frob", *YES, *at(index), "--output-format", "json")
    assert (ran.code, ran.report["decision"]) == (0, "admitted")
    assert ran.report["done"] == f"2 releases approved in {path}"


def test_approvals_can_lie_where_one_says(guard: Guard, index: LoopbackIndex, path: Path) -> None:
    words = ("--policy", "strict", "--approvals", "team.toml")
    guard.knows()
    ran = guard("approve", "dep", *YES, *words, *at(index))
    assert ran.code == 0, ran.said
    assert titles(guard.work / "team.toml") == ["dep 1.0"]
    assert not path.exists()
    assert guard("approvals", "list", *words).out.startswith("dep 1.0: approved\n")


def test_a_file_that_cannot_be_written_is_left_as_it_was(
    guard: Guard, index: LoopbackIndex, path: Path
) -> None:
    path.write_text("[[approval]]\n")
    ran = approve(guard, index, "frob")
    assert ran.code == 78
    assert path.read_text() == "[[approval]]\n"


def test_what_is_revoked_is_approved_no_more(
    guard: Guard, index: LoopbackIndex, path: Path
) -> None:
    assert approve(guard, index, "frob").code == 0
    before = path.read_bytes()
    for words in (["frob>1.0"], ["frob", "zzz"]):
        assert_paragraph(guard("revoke", *words), 2, "approves")
        assert path.read_bytes() == before
    assert_paragraph(guard("revoke", "frob @ https://example.com/frob.whl"), 2, "name and versions")
    ran = guard("revoke", "Frob<2")
    assert (ran.code, ran.err) == (0, f"frob 1.0 is approved no more in {path}\n")
    assert titles(path) == ["dep 1.0"]


def test_the_list_says_what_has_expired_and_what_is_about_to(guard: Guard, path: Path) -> None:
    blocks = []
    today = ago().date()
    for name, expires in (("a", -1), ("b", 10), ("c", 300), ("d", None)):
        until = f"expires = {today + timedelta(expires)}\n" if expires is not None else ""
        blocks.append(
            f'[[approval]]\nname = "{name}"\nversion = "1"\n'
            f'files = [{{ filename = "{name}-1.whl", sha256 = "{"a" * 64}", judged = true }}]\n'
            'reason = "why\\u001b[31m"\napproved-by = "sec"\napproved-at = 2026-01-01T00:00:00Z\n'
            + until
        )
    path.write_text("\n".join(blocks))
    ran = guard("approvals", "list")
    lines = [line for line in ran.out.splitlines() if not line.startswith(" ")]
    assert lines[0] == f"a 1: expired, on {today - timedelta(1)}"
    assert lines[1] == f"b 1: expiring, on {today + timedelta(10)}, in 10 days"
    assert lines[2].startswith("c 1: approved, on ")
    assert lines[3] == "d 1: approved"
    assert "\x1b" not in ran.out
    listed = json.loads(guard("approvals", "list", "--expiring", "--output-format", "json").out)
    assert [(e["name"], e["status"]) for e in listed["approvals"]] == [
        ("a", "expired"),
        ("b", "expiring"),
    ]


def test_a_change_of_approvals_is_told_in_words(
    guard: Guard, index: LoopbackIndex, path: Path
) -> None:
    assert approve(guard, index, "frob").code == 0
    (guard.work / "old.toml").write_bytes(path.read_bytes())
    assert guard("revoke", "dep").code == 0
    text = path.read_text()
    block = text[text.index("[[approval]]") :]
    named = 'identities = [{ kind = "GitHub", repository = "other/frob" }]\n'
    accepted = 'accepted = [{ rule = "startup-hook", finding = "it starts" }]\n'
    path.write_text(text + block.replace('"1.0"', '"1.1"') + named + accepted)
    ran = guard("approvals", "diff", "old.toml")
    user = entries(path)[0]["approved-by"]
    assert ran.out == (
        f"- dep 1.0: we need it ({user})\n"
        f"+ frob 1.1: we need it ({user})\n"
        "    + 1 file, 1 opened\n"
        "    ! sets aside startup-hook: it starts\n"
        "    ! published by GitHub other/frob; 1.0 by nobody who attests it\n"
    )
    told = json.loads(guard("approvals", "diff", "old.toml", "--output-format", "json").out)
    assert [e["name"] for e in told["removed"]] == ["dep"]
    assert [e["version"] for e in told["added"]] == ["1.1"]
    assert guard("approvals", "diff", "old.toml", "old.toml").out == ""
