"""`guard log` and `guard policy sign`, as people and programs read them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.guarded import LONG_AGO, Environment, Guard, Ran, ago, assert_paragraph
from tests.evidence.leaving import a_key_file
from tests.fakes import LoopbackIndex
from tests.wheels import a_wheel


@pytest.fixture
def index(index: LoopbackIndex) -> LoopbackIndex:
    index.add(a_wheel("frob", "1.0", requires=["dep"]), uploaded=LONG_AGO)
    index.add(a_wheel("dep", "1.0"), uploaded=LONG_AGO)
    index.add(a_wheel("fresh", "1.0"), uploaded=ago(days=1))
    return index


@pytest.fixture
def done(target: Environment, guard: Guard, index: LoopbackIndex) -> Guard:
    """An install, a denial, and a policy that was trusted."""
    assert guard.install("frob", into=target, index=index).code == 0
    assert guard.install("fresh==1.0", into=target, index=index).code == 77
    (guard.work / "guard.toml").write_text('extends = "default"\n')
    assert guard("policy", "trust").code == 0
    return guard


def commands(ran: Ran) -> list[str]:
    assert ran.code == 0, ran.said
    return [json.loads(line)["command"] for line in ran.out.splitlines()]


def test_each_run_is_a_line(done: Guard, target: Environment) -> None:
    install, denied, trusted = done("log").out.splitlines()
    assert install.endswith("install     admitted  2 files  frob")
    assert denied.endswith("denied  1 file  fresh==1.0  (fresh-1.0-py3-none-any.whl: fresh-upload)")
    assert trusted.endswith(f"policy trust  done  {done.work / 'guard.toml'}")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ((), ["install", "install", "policy trust"]),
        (("--command", "policy trust"), ["policy trust"]),
        (("--decision", "denied"), ["install"]),
        (("--decision", "none"), ["policy trust"]),
        (("--project", "DEP"), ["install"]),
        (("--project", "other"), []),
        (("--since", "1 hour"), ["install", "install", "policy trust"]),
        (("--until", "1 hour"), []),
        (("--since", "2100-01-01"), []),
    ],
)
def test_runs_can_be_picked(words: tuple[str, ...], found: list[str], done: Guard) -> None:
    assert commands(done("log", "--output-format", "json", *words)) == found


def test_where_nothing_was_done_there_is_nothing_to_list(guard: Guard) -> None:
    assert (guard("log").code, guard("log").said) == (0, "")
    ran = guard("log", "verify")
    assert (ran.code, ran.out.partition(";")[0]) == (
        0,
        "0 entries, 0 files of receipts: as they were written",
    )


def test_one_run_is_shown_with_its_receipts(done: Guard, target: Environment) -> None:
    run = json.loads(done("log", "--output-format", "json").out.splitlines()[0])
    shown = done("log", "show", run["run"])
    assert f"  target {target.path}\n" in shown.out
    assert "frob-1.0-py3-none-any.whl  sha256 " in shown.out
    told = done("log", "show", run["run"], "--output-format", "json").out.splitlines()
    entry, *receipts = map(json.loads, told)
    assert entry == run
    assert {receipt["predicate"]["wheelguard"]["name"] for receipt in receipts} == {"dep", "frob"}


def test_a_run_must_be_named_so_that_only_one_is_meant(done: Guard) -> None:
    assert_paragraph(done("log", "show", "2"), 2, "3 runs have a name", "`guard log` lists them")
    assert_paragraph(done("log", "show", "x"), 2, "0 runs have a name")


def test_one_flipped_byte_is_found(done: Guard) -> None:
    ran = done("log", "verify")
    assert ran.code == 0, ran.said
    assert "5 entries, 1 file of receipts: as they were written; head " in ran.out
    noted = ran.out.split()[-1]
    (receipts,) = (done.state / "receipts").iterdir()
    for path, where in ((done.state / "journal.jsonl", "line 3"), (receipts, receipts.name)):
        before = path.read_bytes()
        path.write_bytes(before.replace(b"fresh==1.0", b"other==1.0").replace(b"PASSED", b"PASSeD"))
        ran = done("log", "verify")
        assert ran.code == 70, ran.said
        assert where in ran.out
        document = json.loads(done("log", "verify", "--output-format", "json").out)
        assert document["whole"] is False
        assert where in document["problems"][0]["where"]
        path.write_bytes(before)
    assert done("log", "verify", "--head", noted).code == 0
    assert done("log", "verify", "--head", "0" * 64).code == 70
    assert done("log", "verify", "--head", "0").code == 2


def test_a_broken_journal_is_said_to_be_broken_by_whoever_lists_it(done: Guard) -> None:
    (done.state / "journal.jsonl").write_bytes(b"{}\n")
    assert_paragraph(done("log"), 70, "was changed by something else", "guard log verify")


def test_receipts_are_verified_wherever_they_are(
    target: Environment, guard: Guard, index: LoopbackIndex, tmp_path: Path
) -> None:
    key, other = a_key_file(tmp_path), a_key_file(tmp_path, 2)
    ran = guard.install("frob", into=target, index=index, GUARD_SIGNING_KEY=str(key))
    assert ran.code == 0, ran.said
    (written,) = (guard.state / "receipts").iterdir()
    brought = written.rename(tmp_path / "brought.jsonl")
    ran = guard("log", "verify", brought, "--key", key.with_suffix(".pub"))
    assert (ran.code, ran.out) == (0, "2 receipts: signed by a key that was named\n")
    ran = guard("log", "verify", brought, "--key", other.with_suffix(".pub"))
    assert ran.code == 70
    assert "signed by another key\n  --> brought.jsonl, lines 1 to 2" in ran.out
    assert "not verified" in guard("log", "verify", brought).out
    assert_paragraph(guard("log", "verify", brought, "--key", key), 2, "no public key")


def test_a_policy_is_signed_with_its_approvals(guard: Guard, tmp_path: Path) -> None:
    key = a_key_file(tmp_path)
    policy, approvals = guard.work / "guard.toml", guard.work / "approvals.toml"
    policy.write_text('extends = "strict"\n')
    approvals.write_text("")
    ran = guard("policy", "sign", "guard.toml", "--key", key)
    assert ran.code == 0, ran.said
    assert "`guard.toml` and `approvals.toml` are signed" in ran.err
    public = ("--key", key.with_suffix(".pub"))
    ran = guard("policy", "verify", "guard.toml", *public)
    assert ran.code == 0, ran.said
    assert ran.out.startswith("`guard.toml` and `approvals.toml` are signed by the key ")
    assert commands(guard("log", "--output-format", "json")) == ["policy sign"]
    approvals.write_text("# more\n")
    ran = guard("policy", "verify", "guard.toml", *public)
    assert_paragraph(ran, 78, "`approvals.toml` was changed after it was signed")


def test_what_is_no_policy_is_not_signed(guard: Guard, tmp_path: Path) -> None:
    (guard.work / "guard.toml").write_text("extends = 7\n")
    ran = guard("policy", "sign", "guard.toml", "--key", a_key_file(tmp_path))
    assert ran.code == 78
    assert not (guard.work / "guard.toml.sig").exists()


def test_without_a_key_nothing_is_signed(guard: Guard, tmp_path: Path) -> None:
    (guard.work / "guard.toml").write_text("")
    assert_paragraph(guard("policy", "sign", "guard.toml"), 2, "no key", "GUARD_SIGNING_KEY")
    ran = guard("policy", "sign", "guard.toml", GUARD_SIGNING_KEY=str(tmp_path / "missing"))
    assert_paragraph(ran, 78, str(tmp_path / "missing"), "could not be read")
    ran = guard("policy", "verify", "guard.toml", "--repository", "acme/policies")
    assert_paragraph(ran, 78, "is not signed as it must be", "guard.toml.sigstore.json")
