"""`guard doctor`: what is configured, whether it can be reached, and how old what is cached is."""

from __future__ import annotations

import pytest

from guard.shell import shims
from tests import faults
from tests.e2e.guarded import LONG_AGO, Environment, Guard, assert_paragraph, at, to
from tests.fakes import LoopbackIndex
from tests.wheels import a_wheel


@pytest.fixture
def index(index: LoopbackIndex) -> LoopbackIndex:
    index.add(a_wheel("pip", "99.0"), uploaded=LONG_AGO)
    return index


def answers(said: str, mark: str) -> list[str]:
    return [line for line in said.splitlines() if line.startswith(f"{mark} ")]


def test_all_is_well(either: Environment, guard: Guard, index: LoopbackIndex) -> None:
    ran = guard("doctor", *to(either), *at(index))
    assert ran.code == 0, ran.said
    assert answers(ran.out, "BAD") == []
    assert "Python 3." in ran.out
    assert str(either.path) in ran.out
    assert f"{index.url.rstrip('/')}: reached in" in ran.out
    assert "upload times" in ran.out
    assert "quarantine" in ran.out
    assert "default (" in ran.out


def test_the_same_for_programs(target: Environment, guard: Guard, index: LoopbackIndex) -> None:
    ran = guard("doctor", "--output-format", "json", *to(target), *at(index))
    assert ran.code == 0, ran.said
    assert ran.report["schema"] == 1
    topics = {answer["topic"]: answer for answer in ran.report["answers"]}
    assert {"guard", "uv", "policy", "target", "index", "quarantine"} <= topics.keys()
    assert all(answer["well"] is True for answer in topics.values())


def test_an_index_that_cannot_be_reached(target: Environment, guard: Guard) -> None:
    ran = guard("doctor", *to(target), *at("http://127.0.0.1:9/simple/"))
    assert ran.code == 69
    (bad,) = answers(ran.out, "BAD")
    assert "http://127.0.0.1:9/simple" in bad
    assert "refused" in bad


def test_an_index_that_lacks_what_the_policy_needs(target: Environment, guard: Guard) -> None:
    with LoopbackIndex(upload_times=False) as index:
        index.add(a_wheel("pip", "99.0"))
        ran = guard("doctor", *to(target), *at(index))
        assert "no upload times (PEP 700)" in ran.out
        index.fault("*", faults.status(401))
        ran = guard("doctor", "--refresh", *to(target), *at(index))
    assert ran.code == 69
    assert "user name and password" in ran.out


def test_an_index_without_the_project_is_reached_all_the_same(
    target: Environment, guard: Guard
) -> None:
    with LoopbackIndex() as index:
        ran = guard("doctor", *to(target), *at(index))
    assert ran.code == 0, ran.said
    assert "it has no project `pip`" in ran.out


def test_what_is_cached_has_an_age(target: Environment, guard: Guard, index: LoopbackIndex) -> None:
    assert guard.install("pip", "--target", "there", into=target, index=index).code == 0
    ran = guard("doctor", *to(target), *at(index))
    assert "1 files, 0.0 MB, oldest" in ran.out


def test_a_password_is_not_shown(target: Environment, guard: Guard) -> None:
    with LoopbackIndex(credentials=("user", "p4ss")) as index:
        ran = guard("doctor", *to(target), UV_DEFAULT_INDEX=index.url_with_credentials)
    assert ran.code == 0, ran.said
    assert index.url.rstrip("/") in ran.out
    assert "p4ss" not in ran.said


def test_a_target_without_pip_is_found_out(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    ran = guard("doctor", "--python", target.python, "--installer", "pip", *at(index))
    assert ran.code == 69, ran.said
    (bad,) = answers(ran.out, "BAD")
    assert "has no pip" in bad


def test_no_index_and_a_bad_policy(target: Environment, guard: Guard) -> None:
    ran = guard("doctor", "--no-index", *to(target))
    assert ran.code == 69
    assert "none is configured" in ran.out
    assert_paragraph(guard("doctor", "--policy", "none.toml", *to(target)), 78, "none.toml")


def test_which_tools_are_wrapped_and_whether_scripts_come_to_the_guard(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    words = ("doctor", *to(target), *at(index))
    usual = "/usr/bin:/bin"
    none = guard(*words, PATH=str(guard.work)).out
    assert "guard uv       there is no `uv` on PATH besides the guard's own shims" in none
    assert "guard pip      there is no `pip` on PATH besides the guard's own shims" in none
    for name, version in {"uv": "uv 0.13.8 (abc)", "pip": "pip 26.3"}.items():
        program = f"#!/bin/sh\necho '{version}'\n".encode()
        shims.write_program(guard.work / name, program, mode=0o755)
    path = f"{guard.work}:{usual}"
    past = guard(*words, PATH=path).out
    assert f"guard uv       {guard.work}/uv, 0.13.8\n" in past
    assert f"guard pip      {guard.work}/pip\n" in past
    assert "shims          past the guard in a script: pip, " in past
    assert guard("shell", "install", "--shell", "bash", PATH=path).code == 0
    covered = guard(*words, PATH=f"{guard.state}/shims:{path}").out
    assert f"guard uv       {guard.work}/uv, 0.13.8\n" in covered
    assert "shims          every tool on PATH comes to the guard in a script" in covered
    shims.write_program(guard.work / "uv", b"#!/bin/sh\necho 'uv 0.1.2'\n", mode=0o755)
    assert "uv, 0.1.2, which it refuses: it knows uv >=" in guard(*words, PATH=path).out
