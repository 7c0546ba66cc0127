"""What pip and uv are configured with holds for the guard too, or is refused, never rewritten."""

from __future__ import annotations

import pytest

from tests.e2e.guarded import (
    LONG_AGO,
    Environment,
    Guard,
    ago,
    assert_paragraph,
    at,
    to,
    tree,
    untouched,
)
from tests.fakes import LoopbackIndex
from tests.wheels import a_wheel


@pytest.fixture
def index(index: LoopbackIndex) -> LoopbackIndex:
    index.add(a_wheel("frob", "1.0"), uploaded=LONG_AGO)
    index.add(a_wheel("frob", "2.0"), uploaded=ago(days=20))
    return index


@pytest.mark.parametrize(
    ("uvs", "pips"),
    [
        ('exclude-newer = "2025-01-01"\n', ""),
        ('[pip]\nexclude-newer = "30 days"\n', ""),
        ("", "[global]\nuploaded-prior-to = P30D\n"),
        ('constraint-dependencies = ["frob<2"]\n', ""),
        ("", "[install]\nconstraint = limits.txt\n"),
        ('resolution = "lowest"\n', ""),
    ],
)
def test_limits_hold(
    uvs: str, pips: str, target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    (guard.work / "uv.toml").write_text(uvs)
    (guard.work / "pip.conf").write_text(pips)
    (guard.work / "limits.txt").write_text("frob<2\n")
    ran = guard.install("frob", into=target, index=index, PIP_CONFIG_FILE="pip.conf")
    assert ran.code == 0, ran.said
    assert target.installed() == {"frob": "1.0"}


def test_the_command_line_is_stronger_than_a_limit_that_is_configured(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    words = ("frob", "--exclude-newer", "10 days")
    ran = guard.install(*words, into=target, index=index, UV_EXCLUDE_NEWER="30 days")
    assert ran.code == 0, ran.said
    assert target.installed() == {"frob": "2.0"}


def test_pips_constraints_hold(pip_target: Environment, guard: Guard, index: LoopbackIndex) -> None:
    (guard.work / "limits.txt").write_text("frob<2\n")
    ran = guard.install("frob", into=pip_target, index=index, PIP_CONSTRAINT="limits.txt")
    assert ran.code == 0, ran.said
    assert pip_target.installed() == {"frob": "1.0"}


@pytest.mark.parametrize(
    ("setting", "either"),
    [("target", "uv"), ("prefix", "uv"), ("target", "pip"), ("user", "pip"), ("root", "pip")],
    indirect=["either"],
)
def test_another_place_is_refused_unless_it_is_asked_for(
    setting: str, either: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    (guard.work / "uv.toml").write_text(f'[pip]\n{setting} = "there"\n')
    (guard.work / "pip.conf").write_text(f"[install]\n{setting} = there\n")
    if either.installer == "pip":
        (guard.work / "uv.toml").unlink()
    with untouched(either):
        ran = guard.install("frob", into=either, index=index, PIP_CONFIG_FILE="pip.conf")
    assert_paragraph(ran, 2, f"configured with `{setting} = there`", "--target")
    assert not (guard.work / "there").exists()


def test_a_place_that_is_configured_does_not_matter_to_a_check(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    (guard.work / "uv.toml").write_text('[pip]\ntarget = "there"\n')
    assert guard("check", "frob", *to(target), *at(index)).code == 0


def test_nothing_that_is_configured_is_written(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    """uv writes to `output-file`, which is the user's own lock."""
    target.holds(a_wheel("frob", "1.0"))
    (guard.work / "uv.toml").write_text('[pip]\noutput-file = "locked.txt"\n')
    (guard.work / "locked.txt").write_text("precious\n")
    before = tree(guard.work)
    for words in (["frob"], ["-U", "frob"]):
        ran = guard.install(*words, into=target, index=index)
        assert ran.code == 0, ran.said
    assert target.installed() == {"frob": "2.0"}
    assert tree(guard.work) == before


def test_a_plan_for_another_python_is_refused(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    (guard.work / "uv.toml").write_text('[pip]\npython-version = "3.99"\n')
    with untouched(target):
        ran = guard.install("frob", into=target, index=index)
    assert ran.code == 2, ran.said
    assert "Traceback" not in ran.said


def test_a_plan_for_every_platform_is_cut_to_this_one(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    (guard.work / "uv.toml").write_text("[pip]\nuniversal = true\n")
    ran = guard.install("frob", into=target, index=index)
    assert ran.code == 0, ran.said
    assert target.installed() == {"frob": "2.0"}


def test_what_a_tool_logs_is_no_part_of_a_message(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    ran = guard.install("nonesuch", into=target, index=index, RUST_LOG="trace")
    assert ran.code == 1
    assert ran.err.count("not found in the package registry") == 1
