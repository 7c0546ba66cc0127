"""`guard install` as people and programs read it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.e2e.guarded import LONG_AGO, TIMEOUT, Environment, Guard, ago, at, to
from tests.fakes import LoopbackIndex
from tests.wheels import a_wheel

FROB = a_wheel("frob", "1.0")


@pytest.fixture
def index(index: LoopbackIndex) -> LoopbackIndex:
    index.add(FROB, uploaded=LONG_AGO)
    index.add(a_wheel("frob", "2.0"), uploaded=ago(days=1))
    return index


def test_programs_read_json_from_stdout(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    ran = guard.install("frob", "--output-format", "json", into=target, index=index)
    assert ran.code == 0, ran.said
    assert (ran.report["schema"], ran.report["decision"], ran.report["done"]) == (
        1,
        "admitted",
        "installed",
    )
    (candidate,) = ran.report["candidates"]
    assert (candidate["name"], candidate["sha256"]) == ("frob", FROB.sha256)
    assert candidate["upload_time"] == LONG_AGO.isoformat()
    again = guard.install("frob", "--output-format", "json", into=target, index=index)
    assert (again.report["decision"], again.report["candidates"]) == ("admitted", [])


def test_a_denial_is_json_too(target: Environment, guard: Guard, index: LoopbackIndex) -> None:
    ran = guard.install("frob==2.0", "--output-format", "json", into=target, index=index)
    assert ran.code == 77
    assert (ran.report["decision"], ran.report["done"]) == ("denied", None)
    assert ran.report["suggestions"] == {"frob": "1.0"}


def test_workflows_are_annotated(target: Environment, guard: Guard, index: LoopbackIndex) -> None:
    ran = guard.install("frob", "--output-format", "github", into=target, index=index)
    assert ran.code == 0, ran.said
    assert all(line.startswith("::notice title=") for line in ran.out.splitlines())
    assert "passed over%3A frob 2.0" in ran.out
    denied = guard.install("frob==2.0", "--output-format", "github", into=target, index=index)
    assert denied.code == 77
    assert denied.out.startswith("::error title=fresh-upload%3A frob-2.0-py3-none-any.whl::")


def test_quiet_says_nothing_of_what_went_well(
    either: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    ran = guard.install("frob==1.0", "--quiet", into=either, index=index)
    assert (ran.code, ran.said) == (0, "")
    assert either.installed() == {"frob": "1.0"}
    denied = guard.install("frob==2.0", "--quiet", into=either, index=index)
    assert denied.code == 77
    assert denied.err.startswith("denied[fresh-upload]")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("settings", [{}, {"NO_COLOR": "1"}])
def test_on_a_terminal_there_is_a_bar_and_colour(
    settings: dict[str, str], target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    for words, code, decision in ((["frob"], 0, "admitted"), (["frob==2.0"], 77, "denied")):
        master, slave = os.openpty()
        child = subprocess.Popen(
            guard.command("install", *words, *to(target), *at(index)),
            cwd=guard.work,
            env=guard.environment(TERM="xterm", **settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=slave,
        )
        os.close(slave)
        seen = _everything(master)
        out, _ = child.communicate(timeout=TIMEOUT)
        assert child.returncode == code, seen
        assert out == b""
        assert "Traceback" not in seen
        assert "Resolving" in seen
        colour = {"admitted": "\x1b[1;32m", "denied": "\x1b[1;31m"}[decision]
        assert (f"{colour}{decision}" in seen) is (not settings)
        assert decision in seen


def _everything(master: int) -> str:
    """What is written to a terminal until nobody has it open any more."""
    parts: list[bytes] = []
    while True:
        try:
            part = os.read(master, 65_536)
        except OSError:  # Linux says so when the other side is closed
            part = b""
        if not part:
            os.close(master)
            return b"".join(parts).decode()
        parts.append(part)
