"""The allowlist, as somebody meets it who has just decided to have one."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.guarded import LONG_AGO, Environment, Guard, ago, assert_paragraph, at, untouched
from tests.fakes import LoopbackIndex
from tests.wheels import a_wheel

YES = ("--yes", "--reason", "the gateway needs it")


@pytest.fixture
def index(index: LoopbackIndex) -> LoopbackIndex:
    for version in ("1.82.6", "1.83.1", "1.84.0"):
        index.add(a_wheel("litellm", version, requires=["httpx"]), uploaded=LONG_AGO)
    index.add(a_wheel("litellm", "1.83.1", tag="cp311-cp311-win_amd64"), uploaded=LONG_AGO)
    index.add(a_wheel("httpx", "0.28"), uploaded=LONG_AGO)
    index.add(a_wheel("requests", "2.32"), uploaded=LONG_AGO)
    return index


def required(guard: Guard, more: str = "") -> None:
    (guard.work / "guard.toml").write_text(f'extends = "default"\napproval = "required"\n{more}')


def approvals(guard: Guard) -> list[Mapping[str, Any]]:
    text = (guard.work / "approvals.toml").read_text()
    found: list[Mapping[str, Any]] = tomllib.loads(text)["approval"]
    return found


def titles(guard: Guard) -> list[str]:
    return [f"{entry['name']} {entry['version']}" for entry in approvals(guard)]


def approve(guard: Guard, index: LoopbackIndex, *words: str | Path) -> None:
    ran = guard("approve", *words, *YES, *at(index))
    assert ran.code == 0, ran.said


def test_the_walk_of_somebody_new(either: Environment, guard: Guard, index: LoopbackIndex) -> None:
    assert guard("policy", "init").code == 0
    assert guard("check", "litellm==1.83.1", *at(index)).code == 0

    ran = guard("approve", "litellm==1.83.1", *YES, *at(index))
    assert ran.code == 0, ran.said
    path = guard.work / "approvals.toml"
    assert ran.err.endswith(f"2 releases approved in {path}\n")
    assert titles(guard) == ["httpx 0.28", "litellm 1.83.1"]
    (other, opened) = sorted(approvals(guard)[1]["files"], key=lambda f: f.get("judged", False))
    assert (other["filename"], "judged" in other) == (
        "litellm-1.83.1-cp311-cp311-win_amd64.whl",
        False,
    )
    assert (opened["filename"], opened["judged"]) == ("litellm-1.83.1-py3-none-any.whl", True)
    assert approvals(guard)[1]["reason"] == "the gateway needs it"

    policy = guard.work / "guard.toml"
    policy.write_text('approval = "required"\n' + policy.read_text())
    ran = guard.install("litellm", into=either, index=index)
    assert ran.code == 0, ran.said
    assert either.installed() == {"httpx": "0.28", "litellm": "1.83.1"}
    assert ran.err.count("Resolving") == 1
    assert "litellm 1.84.0 (unapproved-file: nobody has approved litellm 1.84.0)" in ran.err

    with untouched(either):
        ran = guard.install("requests", into=either, index=index)
    assert_paragraph(
        ran,
        77,
        "denied[unapproved-file]: nobody has approved requests 2.32",
        "help: to ask for it: guard approve requests==2.32 --reason …",
    )


def test_the_newest_approved_release_is_chosen(
    either: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    index.add(a_wheel("litellm", "1.83.0", requires=["httpx"]), uploaded=LONG_AGO)
    required(guard)
    approve(guard, index, "litellm==1.82.6")
    approve(guard, index, "litellm==1.83.1")
    ran = guard.install("litellm<1.83.1", into=either, index=index)
    assert ran.code == 0, ran.said
    assert either.installed()["litellm"] == "1.82.6", "and 1.83.0 lies between two approved ones"
    ran = guard.install("litellm", "-U", into=either, index=index)
    assert ran.code == 0, ran.said
    assert either.installed()["litellm"] == "1.83.1"


def test_a_tree_that_is_approved_but_for_one_dependency_is_denied_for_that(
    either: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    required(guard)
    approve(guard, index, "litellm", "--no-deps")
    with untouched(either):
        ran = guard.install("litellm", into=either, index=index)
    assert_paragraph(
        ran, 77, "nobody has approved httpx 0.28", "guard approve httpx==0.28 --reason …"
    )
    assert "denied[unapproved-file]: nobody has approved litellm" not in ran.err


def test_an_older_approved_release_is_taken_where_the_newer_needs_what_is_not(
    either: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    index.add(a_wheel("app", "1.0"), uploaded=LONG_AGO)
    index.add(a_wheel("app", "2.0", requires=["requests"]), uploaded=LONG_AGO)
    required(guard)
    approve(guard, index, "app==1.0")
    approve(guard, index, "app==2.0", "--no-deps")
    ran = guard.install("app", into=either, index=index)
    assert ran.code == 0, ran.said
    assert either.installed() == {"app": "1.0"}


@pytest.mark.parametrize("wanted", ["litellm==1.84.0", "litellm>1.83.1"])
def test_what_is_asked_for_outside_of_what_is_approved_is_said_to_be_that(
    wanted: str, either: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    required(guard)
    approve(guard, index, "litellm==1.83.1")
    with untouched(either):
        ran = guard.install(wanted, into=either, index=index)
    assert_paragraph(ran, 77, "nobody has approved litellm 1.84.0", "approved: litellm 1.83.1")


def test_an_approval_that_has_expired_is_the_reason_of_the_denial(
    either: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    required(guard)
    approve(guard, index, "requests")
    path = guard.work / "approvals.toml"
    path.write_text(path.read_text() + "expires = 2025-01-01\n")
    ran = guard.install("requests", into=either, index=index)
    assert_paragraph(ran, 77, "the approval of requests 2.32 expired on 2025-01-01: the gateway")


def test_an_index_that_swaps_an_approved_file_is_found_out(
    either: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    required(guard)
    approve(guard, index, "requests")
    index.add(a_wheel("requests", "2.32", files={"requests.py": "evil = 1\n"}), uploaded=LONG_AGO)
    with untouched(either):
        ran = guard.install("requests", "--refresh", into=either, index=index)
    assert_paragraph(ran, 77, "other files of requests 2.32 are approved")


def test_approvals_from_a_checkout_do_not_widen_what_its_user_allows(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    index.add(a_wheel("fresh", "1.0"), uploaded=ago(minutes=30))
    (guard.work / ".git").mkdir()
    required(guard)
    own = ("--policy", "guard.toml")  # whoever names it has read it
    approve(guard, index, "fresh==1.0", "--accept", "fresh-upload", *own)
    with untouched(target):
        ran = guard.install("fresh", into=target, index=index)
    assert_paragraph(ran, 77, "denied[fresh-upload]", "may not loosen anything")
    assert guard("policy", "trust").err.count("is approved, setting aside fresh-upload") == 1
    ran = guard.install("fresh", into=target, index=index)
    assert ran.code == 0, ran.said
    assert target.installed() == {"fresh": "1.0"}


def test_a_lock_needs_approval_like_anything_else(
    either: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    assert guard("lock", "requests", *at(index)).code == 0
    required(guard)
    with untouched(either):
        ran = guard.install("-r", "pylock.toml", into=either, index=index)
    assert_paragraph(ran, 77, "nobody has approved requests 2.32")
    approve(guard, index, "--lock", "pylock.toml")
    assert guard.install("-r", "pylock.toml", into=either, index=index).code == 0


def test_a_project_approves_nothing_for_a_user_with_an_allowlist(
    target: Environment, guard: Guard, index: LoopbackIndex, tmp_path: Path
) -> None:
    own = Path(guard.environment()["XDG_CONFIG_HOME"]) / "wheelguard/guard.toml"
    own.parent.mkdir(parents=True)
    own.write_text('approval = "required"\n')
    (guard.work / ".git").mkdir()
    (guard.work / "guard.toml").write_text('approval = "optional"\n')
    ran = guard("approve", "requests", *YES, *at(index))
    path = guard.work / "approvals.toml"
    assert_paragraph(ran, 77, "nobody has approved requests", "may not loosen anything")
    assert not path.exists()
    approve(guard, index, "requests", "--approvals", own.with_name("approvals.toml"))
    ran = guard.install("requests", into=target, index=index)
    assert ran.code == 0, ran.said
