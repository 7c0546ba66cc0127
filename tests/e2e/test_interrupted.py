"""Ctrl-C at each stage: the run ends at once, and nothing is installed or left half-done."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from tests import faults
from tests.e2e.guarded import LONG_AGO, TIMEOUT, Environment, Guard, ago, at, to, untouched
from tests.fakes import LoopbackIndex
from tests.faults import Answer, Fault, Seen
from tests.wheels import a_wheel

FROB = a_wheel("frob", "1.0", requires=["dep"])
DEP = a_wheel("dep", "1.0")


class Held:
    """A fault that keeps whoever asks waiting, until the test lets go."""

    def __init__(self, answer_with: Fault = lambda answer: answer) -> None:
        self.reached = threading.Event()
        self.let_go = threading.Event()
        self._answer_with = answer_with

    def __call__(self, answer: Answer) -> Answer:
        self.reached.set()
        self.let_go.wait(TIMEOUT)
        return self._answer_with(answer)


@pytest.fixture
def held() -> Iterator[Held]:
    held = Held()
    yield held
    held.let_go.set()


@pytest.fixture
def index(held: Held) -> Iterator[LoopbackIndex]:
    with LoopbackIndex() as index:
        index.add(FROB, uploaded=LONG_AGO)
        index.add(DEP, uploaded=LONG_AGO)
        yield index
        held.let_go.set()  # else the server would wait for its threads


def by(agent: str, path: str) -> object:
    """Requests of one client for what begins or ends with `path`."""

    def applies(seen: Seen) -> bool:
        mine = seen.headers.get("user-agent", "").startswith(agent)
        return mine and (seen.path.startswith(path) or seen.path.endswith(path))

    return applies


@pytest.mark.parametrize(
    ("agent", "path"),
    [
        ("uv/", "/simple/frob/"),
        ("uv/", "/simple/dep/"),
        ("uv/", ".metadata"),
        ("wheelguard/", "/simple/frob/"),
        ("wheelguard/", "/simple/dep/"),
        ("wheelguard/", f"/files/{FROB.filename}"),
        ("wheelguard/", f"/files/{DEP.filename}"),
    ],
)
def test_an_interrupted_run_leaves_nothing(
    agent: str, path: str, target: Environment, guard: Guard, index: LoopbackIndex, held: Held
) -> None:
    index.fault(by(agent, path), held)  # type: ignore[arg-type]
    with untouched(target):
        interrupted(guard, target, index, held)
    guard.assert_consistent()
    held.let_go.set()
    assert guard.install("frob", into=target, index=index).code == 0


@pytest.mark.parametrize(
    ("agent", "path"), [("pip/", "/simple/frob/"), ("wheelguard/", f"/files/{FROB.filename}")]
)
def test_an_interrupted_run_of_pip_leaves_nothing(
    agent: str, path: str, pip_target: Environment, guard: Guard, index: LoopbackIndex, held: Held
) -> None:
    index.fault(by(agent, path), held)  # type: ignore[arg-type]
    with untouched(pip_target):
        interrupted(guard, pip_target, index, held)
    guard.assert_consistent()


def test_interrupted_while_bytes_arrive(
    target: Environment, guard: Guard, index: LoopbackIndex, held: Held
) -> None:
    flowing = threading.Event()

    def endless(answer: Answer) -> Answer:
        flowing.set()
        return faults.endless()(answer)

    index.add(FROB, uploaded=LONG_AGO, size=False)
    index.fault(by("wheelguard/", f"/files/{FROB.filename}"), endless)  # type: ignore[arg-type]
    held.reached = flowing
    with untouched(target):
        interrupted(guard, target, index, held)
    guard.assert_consistent()


def interrupted(guard: Guard, target: Environment, index: LoopbackIndex, held: Held) -> None:
    """Press Ctrl-C when the index has been reached, as a terminal does: for the whole group."""
    child = guard.start("install", "frob", *to(target), *at(index))
    try:
        assert held.reached.wait(TIMEOUT)
        os.killpg(child.pid, signal.SIGINT)
        out, err = child.communicate(timeout=TIMEOUT)
    finally:
        child.kill()
        child.communicate()
    assert child.returncode == 130, err
    assert out == ""
    assert "interrupted" in err
    assert "Traceback" not in err


def test_a_denial_does_not_wait_for_what_hangs(
    target: Environment, guard: Guard, index: LoopbackIndex, held: Held
) -> None:
    """The exit, too, comes although a file that nobody needs any longer never arrives."""
    index.add(DEP, uploaded=ago(days=1))
    index.fault(by("wheelguard/", f"/files/{FROB.filename}"), held)  # type: ignore[arg-type]
    child = guard.start("install", "frob", "dep==1.0", *to(target), *at(index))
    try:
        _, err = child.communicate(timeout=20)  # a client that waits for it waits for 30 seconds
    finally:
        child.kill()
        child.communicate()
    assert child.returncode == 77, err
