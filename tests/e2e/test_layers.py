"""A repository that was just cloned brings its own policy: what that may do, and what not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.guarded import LONG_AGO, Environment, Guard, ago, assert_paragraph, untouched
from tests.fakes import LoopbackIndex
from tests.wheels import a_startup_payload, a_wheel

OFF = '[rules.{}]\nlevel = "off"\n'
EVERYTHING_OFF = OFF.format("fresh-upload") + OFF.format("startup-hook")


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """What the payload writes, whenever it runs."""
    return tmp_path / "the-payload-ran"


@pytest.fixture
def evil(index: LoopbackIndex, marker: Path) -> LoopbackIndex:
    index.add(a_wheel("frob", "1.0", files=a_startup_payload(marker)), uploaded=ago(minutes=120))
    return index


@pytest.fixture
def policy(guard: Guard) -> Path:
    (guard.work / ".git").mkdir()
    path = guard.work / "guard.toml"
    path.write_text(EVERYTHING_OFF)
    return path


def test_a_hostile_checkout_loosens_nothing_until_somebody_trusts_it(
    evil: LoopbackIndex, either: Environment, guard: Guard, policy: Path, marker: Path
) -> None:
    with untouched(either):
        ran = guard.install("frob", into=either, index=evil)
    assert_paragraph(ran, 77, "denied[fresh-upload]", f"`{policy}` may not loosen anything")
    assert not marker.exists()

    trusted = guard("policy", "trust")
    assert trusted.code == 0, trusted.said
    assert 'rules.startup-hook.level = "off"  # instead of "deny"' in trusted.err
    ran = guard.install("frob", into=either, index=evil)
    assert ran.code == 0, ran.said
    assert either.installed() == {"frob": "1.0"}

    policy.write_text(EVERYTHING_OFF + OFF.format("hash-mismatch"))
    ran = guard.install("frob", "--reinstall", into=either, index=evil)
    assert_paragraph(ran, 77, "denied[fresh-upload]", f"`{policy}` may not loosen anything")

    policy.write_text(EVERYTHING_OFF)
    assert guard("policy", "distrust").code == 0
    assert guard.install("frob", "--reinstall", into=either, index=evil).code == 77


def test_a_project_tightens_at_once(
    index: LoopbackIndex, target: Environment, guard: Guard, policy: Path
) -> None:
    index.add(a_wheel("frob", "1.0"), uploaded=LONG_AGO)
    policy.write_text('[[deny]]\nname = "frob"\nreason = "we use fab"\n')
    with untouched(target):
        ran = guard.install("frob", into=target, index=index)
    assert_paragraph(ran, 77, "denied[denied-release]", "we use fab")


def test_the_users_own_policy_counts_without_being_named(
    index: LoopbackIndex, target: Environment, guard: Guard
) -> None:
    index.add(a_wheel("frob", "1.0"), uploaded=ago(minutes=20 * 1440))
    own = Path(guard.environment()["XDG_CONFIG_HOME"]) / "wheelguard/guard.toml"
    own.parent.mkdir(parents=True)
    own.write_text('[rules.fresh-upload]\nage = "30 days"\n')
    ran = guard.install("frob", into=target, index=index)
    assert_paragraph(ran, 77, "denied[fresh-upload]", "younger than 30 days")
    shown = guard("policy", "show")
    assert f'age = "30 days"  # {own}' in shown.out
    ran = guard.install("frob", "--policy", "default", into=target, index=index)
    assert ran.code == 0, ran.said


def test_a_policy_to_begin_with_is_written_once(guard: Guard) -> None:
    assert guard("policy", "init").code == 0
    assert guard("policy", "check", "guard.toml").code == 0
    before = (guard.work / "guard.toml").read_bytes()
    again = guard("policy", "init")
    assert again.code == 2
    assert "is there already" in again.err
    assert (guard.work / "guard.toml").read_bytes() == before


def test_where_there_is_no_project_there_is_nothing_to_trust(guard: Guard) -> None:
    ran = guard("policy", "trust")
    assert ran.code == 78
    assert "there is no policy to trust" in ran.err


def test_a_folder_within_a_project_does_not_hide_the_projects_policy(
    index: LoopbackIndex, target: Environment, guard: Guard
) -> None:
    index.add(a_wheel("frob", "1.0"), uploaded=ago(minutes=120))
    (guard.folder / ".git").mkdir()
    outer, inner = guard.folder / "guard.toml", guard.work / "guard.toml"
    outer.write_text('[[deny]]\nname = "frob"\nreason = "we use fab"\n')
    inner.write_text(EVERYTHING_OFF)
    with untouched(target):
        ran = guard.install("frob", into=target, index=index)
    assert_paragraph(ran, 77, "we use fab", f"`{inner}` may not loosen anything")
    assert f"# Not all of it is loosened: `{inner}`" in guard("policy", "show").out

    ran = guard("policy", "trust")
    assert [line for line in ran.err.splitlines() if "is trusted" in line] == [
        line for line in ran.err.splitlines() if line.startswith((f"`{outer}`", f"`{inner}`"))
    ]
    assert_paragraph(guard.install("frob", into=target, index=index), 77, "we use fab")
    outer.write_text("")
    assert guard("policy", "trust", outer).code == 0
    ran = guard.install("frob", into=target, index=index)
    assert ran.code == 0, ran.said
