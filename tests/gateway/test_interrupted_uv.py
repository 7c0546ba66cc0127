"""Ctrl-C while uv waits for the gateway: the run ends, and the user's files are as they were."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from tests.e2e.guarded import LONG_AGO, TIMEOUT, Guard
from tests.fakes import LoopbackIndex
from tests.faults import Answer
from tests.gateway.uv_projects import a_project, files, settings
from tests.wheels import a_wheel


class Held:
    """A fault that keeps whoever asks waiting, until the test lets go."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.let_go = threading.Event()

    def __call__(self, answer: Answer) -> Answer:
        self.reached.set()
        self.let_go.wait(TIMEOUT)
        return answer


@pytest.fixture
def held(index: LoopbackIndex) -> Iterator[Held]:
    held = Held()
    index.add(a_wheel("frob", "1.0"), uploaded=LONG_AGO)
    yield held
    held.let_go.set()  # else the server would wait for its threads


@pytest.mark.parametrize("where", ["/simple/frob/", "/files/*.whl"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_changes_nothing(
    where: str, number: signal.Signals, guard: Guard, index: LoopbackIndex, held: Held
) -> None:
    a_project(guard)
    before = files(guard.work)
    index.fault(where, held)
    with guard.start("uv", "add", "frob", **settings(index)) as process:
        assert held.reached.wait(TIMEOUT)
        if number is signal.SIGINT:
            os.killpg(process.pid, number)  # as a terminal does
        else:
            process.send_signal(number)
        out, err = process.communicate(timeout=TIMEOUT)
    # Before there is a child to pass it on to, a signal is the end of the guard itself.
    assert process.returncode in {128 + number, -number}, out + err
    assert "Traceback" not in err
    assert files(guard.work) == before
