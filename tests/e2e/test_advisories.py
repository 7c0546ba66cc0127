"""What is publicly known against a release keeps it out, and nobody takes ignorance for that."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.advisory.records import a_record, an_export
from tests.e2e.guarded import LONG_AGO, Environment, Guard, ago, assert_paragraph, at, to, untouched
from tests.fakes import LoopbackIndex
from tests.wheels import Artifact, a_wheel

MISSING = "no advisories were asked: there are none here yet"
V3_CRITICAL = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"


@pytest.fixture
def index(index: LoopbackIndex) -> LoopbackIndex:
    for version in ("1.0", "1.1", "1.2"):
        index.add(a_wheel("frob", version, requires=["dep"]), uploaded=LONG_AGO)
    index.add(a_wheel("dep", "1.0"), uploaded=LONG_AGO)
    return index


def a_recent(name: str, *events: tuple[str, str], **changes: Any) -> dict[str, Any]:
    return a_record(name, *events, modified=ago(minutes=95), **changes)


def serve(index: LoopbackIndex, content: bytes) -> str:
    index.add(Artifact(name="all", version="0", filename="all.zip", content=content, metadata=b""))
    return index.file_url("all.zip")


def test_known_malware_is_passed_over_for_the_newest_release_that_is_none(
    either: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    url = serve(index, an_export(a_recent("MAL-2026-1", versions=("1.2",))))
    assert guard("feed", "update", url).code == 0
    ran = guard.install("frob", into=either, index=index)
    assert ran.code == 0, ran.said
    assert either.installed() == {"frob": "1.1", "dep": "1.0"}
    assert "frob 1.2 (known-malware: known malware: MAL-2026-1)" in ran.said


def test_a_pinned_one_is_denied(target: Environment, guard: Guard, index: LoopbackIndex) -> None:
    guard.knows(a_recent("MAL-2026-1", versions=("1.2",), aliases=["PYSEC-2026-7"]))
    with untouched(target):
        ran = guard.install("frob==1.2", into=target, index=index)
    assert_paragraph(ran, 77, "known malware: MAL-2026-1, PYSEC-2026-7", "advisories 1 hour old")


def test_a_malicious_dependency_is_denied_too(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    guard.knows(a_recent("MAL-2026-1", versions=("1.0",), project="Dep"))
    with untouched(target):
        ran = guard.install("frob", into=target, index=index)
    assert_paragraph(ran, 77, "denied[known-malware]", "dep-1.0")


def test_a_vulnerability_is_mentioned_and_denied_by_the_strict_policy(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    severity = [{"type": "CVSS_V3", "score": V3_CRITICAL}]
    events = (("introduced", "0"), ("fixed", "1.2"))
    guard.knows(a_recent("PYSEC-2026-1", *events, severity=severity))
    ran = guard.install("frob==1.1", "--dry-run", into=target, index=index)
    assert ran.code == 0, ran.said
    assert "PYSEC-2026-1, critical" in ran.finding("known-vulnerability")
    assert "fixed in 1.2" in ran.finding("known-vulnerability")
    with untouched(target):
        ran = guard.install("frob==1.1", "--policy", "strict", into=target, index=index)
    assert_paragraph(ran, 77, "denied[known-vulnerability]")


def test_on_the_first_day_all_is_as_before_but_for_one_remark(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    shutil.rmtree(guard.state)
    ran = guard.install("frob", into=target, index=index)
    assert ran.code == 0, ran.said
    assert target.installed() == {"frob": "1.2", "dep": "1.0"}
    assert ran.said.count(MISSING) == 1
    assert "  --> 2 files" in ran.said
    assert "guard feed update" in ran.said


def test_the_strict_policy_does_not_decide_without_them(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    shutil.rmtree(guard.state)
    with untouched(target):
        ran = guard.install("frob", "--policy", "strict", into=target, index=index)
    assert_paragraph(ran, 69, MISSING, "2 undecided")
    assert ran.said.count(MISSING) == 1


def test_a_damaged_snapshot_is_none(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    guard.knows(a_recent("MAL-2026-1", versions=("1.2",)))
    store = guard.state / "advisories" / "osv.sqlite"
    store.write_bytes(store.read_bytes()[:-100])
    with untouched(target):
        ran = guard.install("frob==1.2", "--policy", "strict", into=target, index=index)
    assert_paragraph(ran, 69, "the snapshot cannot be read")


def test_a_local_file_is_compared_too(guard: Guard, target: Environment, tmp_path: Path) -> None:
    guard.knows(a_recent("MAL-2026-1", versions=("1.2",)))
    path = a_wheel("frob", "1.2").write_to(tmp_path)
    assert_paragraph(guard("check", path, *to(target), *at("http://127.0.0.1:9")), 77, "MAL-2026-1")


def test_the_fix_of_what_is_installed_need_not_wait(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    guard.knows(a_recent("PYSEC-2026-1", ("introduced", "0"), ("fixed", "1.3")))
    index.add(a_wheel("frob", "1.3", requires=["dep"]), uploaded=ago(minutes=5))
    index.add(a_wheel("frob", "1.4", requires=["dep"]), uploaded=ago(minutes=2))
    with untouched(target):
        ran = guard.install("frob==1.3", into=target, index=index)
    assert_paragraph(ran, 77, "denied[fresh-upload]")
    target.holds(a_wheel("frob", "1.2"), a_wheel("dep", "1.0"))
    ran = guard.install("frob==1.3", into=target, index=index)
    assert ran.code == 0, ran.said
    assert target.installed()["frob"] == "1.3"
    assert "this is the fix: PYSEC-2026-1" in ran.finding("fresh-upload")
    with untouched(target):
        ran = guard.install("frob==1.4", into=target, index=index)
    assert_paragraph(ran, 77, "denied[fresh-upload]")


@pytest.mark.parametrize("words", [["-U", "frob"], ["frob>1.2"]])
def test_an_upgrade_of_what_is_vulnerable_finds_the_fix_and_nothing_younger(
    either: Environment, guard: Guard, index: LoopbackIndex, words: list[str]
) -> None:
    guard.knows(a_recent("PYSEC-2026-1", ("introduced", "0"), ("fixed", "1.3")))
    index.add(a_wheel("frob", "1.3", requires=["dep"]), uploaded=ago(minutes=5))
    index.add(a_wheel("frob", "1.4", requires=["dep"]), uploaded=ago(minutes=2))
    either.holds(a_wheel("frob", "1.2"), a_wheel("dep", "1.0"))
    ran = guard.install(*words, into=either, index=index)
    assert ran.code == 0, ran.said
    assert either.installed()["frob"] == "1.3"
    assert "frob 1.4 (fresh-upload" in ran.said


def test_an_upgrade_of_what_is_harmless_is_as_ever(
    either: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    guard.knows(a_recent("PYSEC-2026-1", ("introduced", "0"), ("fixed", "1.2")))
    index.add(a_wheel("frob", "1.3", requires=["dep"]), uploaded=ago(minutes=5))
    either.holds(a_wheel("frob", "1.2"), a_wheel("dep", "1.0"))
    ran = guard.install("-U", "frob", into=either, index=index)
    assert ran.code == 0, ran.said
    assert either.installed()["frob"] == "1.2"
