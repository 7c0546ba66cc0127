"""`guard audit FILE`: what somebody locked is judged as it stands today."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.advisory.records import a_record
from tests.e2e.guarded import LONG_AGO, Guard, Ran, ago, at
from tests.fakes import LoopbackIndex
from tests.report.test_sarif import checked
from tests.wheels import Artifact, a_wheel

FROB = a_wheel("frob", "1.0")
OTHER_PLATFORM = a_wheel("frob", "1.0", tag="cp311-cp311-win_amd64")
DEP = a_wheel("dep", "2.0")
EVIL = a_wheel("dep", "2.0", files={"dep.py": "evil = True\n"})


@pytest.fixture
def index(index: LoopbackIndex) -> LoopbackIndex:
    for wheel in (FROB, OTHER_PLATFORM, DEP):
        index.add(wheel, uploaded=LONG_AGO)
    return index


def a_lock(
    guard: Guard,
    index: LoopbackIndex,
    releases: Mapping[str, tuple[Artifact, ...]],
    **said: str,
) -> Path:
    """A lock of uv's with these wheels for each name; `said` may name another registry."""
    registry = said.get("registry", index.url)
    lines = ['version = 1\nrevision = 3\nrequires-python = ">=3.11"\n']
    for name, wheels in releases.items():
        lines += [
            "[[package]]",
            f'name = "{name}"',
            f'version = "{wheels[0].version}"',
            f'source = {{ registry = "{registry}" }}',
            "wheels = [",
            *(
                f'    {{ url = "{index.file_url(wheel.filename)}",'
                f' hash = "sha256:{wheel.sha256}", size = {len(wheel.content)} }},'
                for wheel in wheels
            ),
            "]\n",
        ]
    path = guard.work / "uv.lock"
    path.write_text("\n".join(lines))
    return path


def audit(guard: Guard, index: LoopbackIndex, path: Path, *words: str) -> Ran:
    """Always of a file below the working folder, and as a program reads it."""
    return guard("audit", path.name, "--output-format", "json", *words, *at(index))


def found(ran: Ran) -> dict[str, set[str]]:
    return {
        each["name"]: {finding["rule"] for finding in each["findings"]}
        for each in ran.report["candidates"]
    }


def only(ran: Ran, name: str) -> dict[str, Any]:
    [candidate] = [each for each in ran.report["candidates"] if each["name"] == name]
    chosen: dict[str, Any] = candidate
    return chosen


def test_what_the_index_still_has_is_admitted_without_a_download(
    guard: Guard, index: LoopbackIndex
) -> None:
    path = a_lock(guard, index, {"frob": (FROB, OTHER_PLATFORM), "dep": (DEP,)})
    ran = audit(guard, index, path)
    assert ran.code == 0, ran.said
    assert found(ran) == {"frob": set(), "dep": set()}
    assert only(ran, "frob")["location"] == {"path": "uv.lock", "line": 5}
    assert not [seen for seen in index.requests if seen.path.startswith("/files/")]


def test_a_hash_that_is_not_the_indexs_is_denied_at_its_line(
    guard: Guard, index: LoopbackIndex
) -> None:
    path = a_lock(guard, index, {"frob": (FROB,), "dep": (EVIL,)})
    ran = guard("audit", path.name, *at(index))
    assert ran.code == 77, ran.said
    title, where, *_ = ran.finding("hash-mismatch").splitlines()
    assert title == (
        f"denied[hash-mismatch]: the index says sha256 {DEP.sha256}, "
        f"the plan says sha256 {EVIL.sha256}"
    )
    assert where == "  --> dep 2.0 (uv.lock:13)"


def test_what_is_wrong_with_a_file_for_another_platform_is_said_once_for_the_release(
    guard: Guard, index: LoopbackIndex
) -> None:
    path = a_lock(guard, index, {"frob": (FROB, OTHER_PLATFORM)})
    index.add(OTHER_PLATFORM, uploaded=ago(minutes=60))
    ran = audit(guard, index, path, "--refresh")
    assert ran.code == 77, ran.said
    frob = only(ran, "frob")
    assert frob["filename"] == FROB.filename
    [finding] = frob["findings"]
    assert finding["rule"] == "fresh-upload"
    assert finding["detail"][0] == f"file: {OTHER_PLATFORM.filename}"


def test_what_is_gone_yanked_or_known_is_said(guard: Guard, index: LoopbackIndex) -> None:
    path = a_lock(guard, index, {"frob": (FROB,), "dep": (DEP,)})
    index.add(DEP, uploaded=LONG_AGO, yanked="it burns")
    index.remove(FROB.filename)
    guard.knows(a_record("MAL-2026-1", versions=("2.0",), project="dep", modified=ago()))
    ran = audit(guard, index, path)
    assert ran.code == 77
    assert found(ran) == {"frob": {"vanished-file"}, "dep": {"yanked-file", "known-malware"}}


def test_an_index_that_nobody_here_knows_is_not_believed(
    guard: Guard, index: LoopbackIndex
) -> None:
    with LoopbackIndex() as stranger:
        stranger.add(FROB, uploaded=LONG_AGO)
        path = a_lock(guard, index, {"frob": (FROB,)}, registry=stranger.url)
        ran = audit(guard, index, path)
        assert ran.code == 69, ran.said
        assert stranger.requests == []
        assert "foreign-index" in found(ran)["frob"]
        messages = [finding["message"] for finding in only(ran, "frob")["findings"]]
        assert any("which nobody here knows" in message for message in messages)
        policy = guard.work / "known.toml"
        policy.write_text(
            f'extends = "default"\n[[index]]\nname = "other"\nurl = "{stranger.url}"\n'
        )
        known = audit(guard, index, path, "--policy", str(policy))
        assert known.code == 0, known.said
        assert only(known, "frob")["index"] == stranger.url.rstrip("/")


def test_a_project_policy_that_is_not_trusted_makes_no_index_known(
    guard: Guard, index: LoopbackIndex
) -> None:
    with LoopbackIndex() as stranger:
        stranger.add(FROB, uploaded=LONG_AGO)
        path = a_lock(guard, index, {"frob": (FROB,)}, registry=stranger.url)
        policy = guard.work / "guard.toml"
        policy.write_text(f'[[index]]\nname = "other"\nurl = "{stranger.url}"\n')
        assert audit(guard, index, path).code == 69
        assert stranger.requests == []


def test_requirements_are_held_to_their_hashes(guard: Guard, index: LoopbackIndex) -> None:
    path = guard.work / "requirements.txt"
    path.write_text(f"frob==1.0 --hash=sha256:{FROB.sha256}\ndep==2.0 --hash=sha256:{'a' * 64}\n")
    ran = audit(guard, index, path)
    assert ran.code == 77
    assert found(ran) == {"frob": set(), "dep": {"hash-mismatch"}}
    assert only(ran, "dep")["location"] == {"path": "requirements.txt", "line": 2}


def test_what_is_not_pinned_is_undecided(guard: Guard, index: LoopbackIndex) -> None:
    path = guard.work / "requirements.txt"
    path.write_text("frob>=1.0\n")
    ran = audit(guard, index, path)
    assert ran.code == 69
    assert "`requirements.txt` leaves its version open" in ran.out


def test_a_url_is_denied_as_a_url(guard: Guard, index: LoopbackIndex) -> None:
    path = guard.work / "requirements.txt"
    path.write_text(f"frob @ {index.file_url(FROB.filename)}\n")
    ran = audit(guard, index, path)
    assert ran.code == 77
    assert "direct-url" in found(ran)["frob"]


def test_a_full_audit_looks_inside(guard: Guard, index: LoopbackIndex) -> None:
    hook = a_wheel("hook", "1.0", files={"hook.py": "", "hook.pth": "import hook\n"})
    index.add(hook, uploaded=LONG_AGO)
    path = a_lock(guard, index, {"frob": (FROB, OTHER_PLATFORM), "hook": (hook,)})
    assert audit(guard, index, path).code == 0
    ran = audit(guard, index, path, "--full")
    assert ran.code == 77, ran.said
    assert found(ran) == {"frob": set(), "hook": {"startup-hook"}}
    assert f"/files/{OTHER_PLATFORM.filename}" not in {seen.path for seen in index.requests}


def test_bytes_that_are_not_the_listed_ones_are_found_by_a_full_audit(
    guard: Guard, index: LoopbackIndex
) -> None:
    path = a_lock(guard, index, {"dep": (DEP,)})
    index.add(EVIL, uploaded=LONG_AGO, hashes={"sha256": DEP.sha256})
    assert audit(guard, index, path).code == 0
    ran = audit(guard, index, path, "--full")
    assert ran.code == 77
    assert "hash-mismatch" in found(ran)["dep"]


def test_offline_advisories_are_asked_and_the_rest_is_undecided(
    guard: Guard, index: LoopbackIndex
) -> None:
    path = a_lock(guard, index, {"frob": (FROB,), "dep": (DEP,)})
    assert audit(guard, index, path, "--offline").code == 69
    guard.knows(a_record("MAL-2026-1", versions=("2.0",), project="dep", modified=ago()))
    index.forget_requests()
    ran = audit(guard, index, path, "--offline")
    assert ran.code == 77
    assert index.requests == []
    decisions = {each["name"]: each["decision"] for each in ran.report["candidates"]}
    assert decisions == {"frob": "undecided", "dep": "denied"}


def test_code_scanning_is_shown_the_line(guard: Guard, index: LoopbackIndex) -> None:
    path = a_lock(guard, index, {"frob": (FROB,), "dep": (EVIL,)})
    folder = guard.work / "locks of ours"
    folder.mkdir()
    moved = path.rename(folder / path.name)
    ran = guard("audit", moved, "--output-format", "sarif", *at(index))
    run = checked(ran.out)
    [result] = run["results"]
    physical = result["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"]["uri"] == "locks%20of%20ours/uv.lock"
    assert physical["region"]["startLine"] == 13
    assert result["message"]["text"].startswith("dep 2.0: the index says")


def test_two_documents_are_one_audit(guard: Guard, index: LoopbackIndex) -> None:
    lock = a_lock(guard, index, {"frob": (FROB,)})
    (guard.work / "requirements.txt").write_text("dep==2.0\n")
    ran = guard("audit", lock.name, "requirements.txt", *at(index))
    assert ran.code == 0
    assert "2 releases, advisories 1 hour old: 2 admitted" in ran.out


def test_what_is_the_users_own_is_left_out_and_said(guard: Guard, index: LoopbackIndex) -> None:
    path = a_lock(guard, index, {"frob": (FROB,)})
    own = '[[package]]\nname = "mine"\nversion = "0"\nsource = { editable = "." }\n'
    path.write_text(path.read_text() + own)
    ran = guard("audit", path.name, *at(index))
    assert ran.code == 0
    assert "Left out:\n  uv.lock: your own: mine" in ran.out
    assert audit(guard, index, path).report["left_out"] == ["uv.lock: your own: mine"]


def test_a_file_that_is_no_document_is_an_error(guard: Guard, index: LoopbackIndex) -> None:
    (guard.work / "uv.lock").write_text("version = [")
    ran = guard("audit", "uv.lock", *at(index))
    assert ran.code == 2
    assert "Traceback" not in ran.err
    assert guard("audit", "none.lock", *at(index)).code == 2
    broken = guard("audit", "uv.lock", "--output-format", "json", *at(index))
    assert json.loads(broken.out)["decision"] is None
