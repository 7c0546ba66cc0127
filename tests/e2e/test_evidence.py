"""What every run leaves behind, whatever it comes to; and that nothing is done without it."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import faults
from tests.e2e.guarded import (
    LONG_AGO,
    TIMEOUT,
    Environment,
    Guard,
    ago,
    assert_paragraph,
    at,
    untouched,
)
from tests.evidence.leaving import a_key_file
from tests.fakes import LoopbackIndex
from tests.wheels import a_wheel

FROB = a_wheel("frob", "1.0", requires=["dep"])
YES = ("--yes", "--reason", "needed")

_KILLED = """
import os
from guard.cli.recording import recorded
with recorded("install", ["frob"]) as record, record.changing():
    os.kill(os.getpid(), 9)
"""


@pytest.fixture
def index(index: LoopbackIndex) -> LoopbackIndex:
    index.add(FROB, uploaded=LONG_AGO)
    index.add(a_wheel("dep", "1.0"), uploaded=LONG_AGO)
    index.add(a_wheel("fresh", "1.0"), uploaded=ago(days=1))
    return index


def entries(guard: Guard) -> list[dict[str, Any]]:
    path = guard.state / "journal.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def told(guard: Guard) -> list[tuple[Any, ...]]:
    return [(e["event"], e["command"], e["decision"], e["exit_code"]) for e in entries(guard)]


def assert_whole(guard: Guard) -> None:
    ran = guard("log", "verify")
    assert ran.code == 0, ran.said


def test_an_install_is_written_down_before_and_after(
    either: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    assert guard.install("frob", into=either, index=index).code == 0
    assert told(guard) == [
        ("begun", "install", "admitted", None),
        ("done", "install", "admitted", 0),
    ]
    begun, done = entries(guard)
    assert begun["run"] == done["run"]
    assert (done["asked"], done["files"], done["projects"]) == (["frob"], 2, ["dep", "frob"])
    assert done["target"] == str(either.path)
    path = guard.state / "receipts" / f"{done['run']}.jsonl"
    assert done["receipts"] == hashlib.sha256(path.read_bytes()).hexdigest()
    subjects = [json.loads(line)["subject"][0] for line in path.read_text().splitlines()]
    assert {"name": FROB.filename, "digest": {"sha256": FROB.sha256}} in subjects
    assert_whole(guard)


def test_a_download_leaves_receipts_too(guard: Guard, index: LoopbackIndex) -> None:
    assert guard("download", "frob", "-d", "wheels", *at(index)).code == 0
    assert [each[1:] for each in told(guard)][-1] == ("download", "admitted", 0)
    assert entries(guard)[-1]["target"] == str(guard.work / "wheels")
    assert len(list((guard.state / "receipts").iterdir())) == 1


def test_a_denial_is_written_down_and_has_no_receipts(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    assert guard.install("fresh==1.0", into=target, index=index).code == 77
    assert told(guard) == [("done", "install", "denied", 77)]
    (entry,) = entries(guard)
    assert entry["against"] == [{"file": "fresh-1.0-py3-none-any.whl", "rules": ["fresh-upload"]}]
    assert not (guard.state / "receipts").exists()


def test_what_is_undecided_or_fails_is_written_down(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    index.fault("/simple/frob/", faults.status(503))
    assert guard.install("frob", into=target, index=index).code == 69
    assert guard.install("missing", into=target, index=index).code == 1
    assert told(guard) == [("done", "install", "undecided", 69), ("done", "install", None, 1)]
    assert all(entry["reason"] for entry in entries(guard))


def test_what_changes_nothing_leaves_no_receipts(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    assert guard.install("frob", "--dry-run", into=target, index=index).code == 0
    assert guard("check", "frob", *at(index)).code == 0
    assert told(guard) == [("done", "install", "admitted", 0)]
    assert not (guard.state / "receipts").exists()


def test_approvals_and_trust_are_written_down(guard: Guard, index: LoopbackIndex) -> None:
    (guard.work / "guard.toml").write_text('approval = "required"\n')
    assert guard("approve", "frob", *YES, *at(index)).code == 0
    assert guard("approve", "fresh", *YES, *at(index)).code == 77
    assert guard("revoke", "frob").code == 0
    assert guard("revoke", "frob").code == 2
    assert guard("policy", "trust").code == 0
    assert guard("policy", "distrust").code == 0
    done = [each[1:] for each in told(guard) if each[0] == "done"]
    assert done == [
        ("approve", "admitted", 0),
        ("approve", "denied", 77),
        ("revoke", None, 0),
        ("revoke", None, 2),
        ("policy trust", None, 0),
        ("policy distrust", None, 0),
    ]
    assert_whole(guard)


def test_no_password_reaches_the_journal(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    secret = "s3cret"  # noqa: S105 - of nobody
    host = index.url.partition("://")[2].partition("/")[0]
    for word in (
        f"frob @ http://user:{secret}@{host}/files/{FROB.filename}",
        f"frob @ http://{secret}@{host}/files/{FROB.filename}?token={secret}",
        f"frob @ http://user:{secret}/x@{host}/{FROB.filename}",
        f"frob @ http://user:1/{secret}@{host}/{FROB.filename}",
    ):
        guard.install(word, into=target, index=index)
        guard("approve", word, *YES, *at(index))
        guard("approve", f"{word} ]", *YES, *at(index))
        guard("revoke", word)
    assert len(entries(guard)) > 8
    written = [path for path in guard.state.rglob("*") if path.is_file()]
    assert [path for path in written if secret.encode() in path.read_bytes()] == []


def test_a_run_that_is_killed_in_between_is_unfinished(guard: Guard) -> None:
    command = [sys.executable, "-c", _KILLED]
    ran = subprocess.run(command, check=False, env=guard.environment(), timeout=TIMEOUT)
    assert ran.returncode == -9
    assert told(guard) == [("begun", "install", None, None)]
    assert "unfinished" in guard("log").out
    assert_whole(guard)


def test_where_nothing_can_be_written_down_nothing_is_installed(
    either: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    guard.state.joinpath("receipts").touch()
    with untouched(either):
        ran = guard.install("frob", into=either, index=index)
    assert_paragraph(ran, 70, "could not be written", "GUARD_STATE_DIR", str(guard.state))
    (guard.state / "receipts").unlink()
    (guard.state / "journal.lock").unlink()
    (guard.state / "journal.lock").mkdir()
    with untouched(either):
        ran = guard.install("frob", into=either, index=index)
    assert_paragraph(ran, 70, "could not be written", "GUARD_STATE_DIR", str(guard.state))


def test_a_denial_stays_one_where_nothing_can_be_written_down(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    (guard.state / "journal.lock").mkdir()
    ran = guard.install("fresh==1.0", into=target, index=index)
    assert ran.code == 77, ran.said
    assert "warning: the run is not in the journal" in ran.err


def test_a_journal_that_somebody_changed_stops_the_next_install(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    assert guard.install("dep", into=target, index=index).code == 0
    path = guard.state / "journal.jsonl"
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
    with untouched(target):
        ran = guard.install("frob", into=target, index=index)
    assert_paragraph(ran, 70, "was changed by something else", "guard log verify")


def test_with_a_key_that_cannot_be_used_nothing_is_installed(
    target: Environment, guard: Guard, index: LoopbackIndex, tmp_path: Path
) -> None:
    public = str(a_key_file(tmp_path).with_suffix(".pub"))
    with untouched(target):
        ran = guard.install("frob", into=target, index=index, GUARD_SIGNING_KEY=public)
    assert_paragraph(ran, 78, public, "no private key")


def test_many_guards_at_once_leave_one_chain(
    guard: Guard, index: LoopbackIndex, tmp_path: Path
) -> None:
    runs = [guard.start("download", "frob", "-d", f"to-{n}", *at(index)) for n in range(3)]
    for run in runs:
        _, said = run.communicate(timeout=TIMEOUT)
        assert run.returncode == 0, said
    assert len(entries(guard)) == 6
    assert_whole(guard)
