"""With network namespaces and without: what `guard doctor` says, and what a wrapped tool does."""

from __future__ import annotations

import subprocess
import sys

import pytest

from guard.gateway import namespace
from tests.e2e.guarded import LONG_AGO, TIMEOUT, Environment, Guard, Ran, at, to
from tests.fakes import LoopbackIndex
from tests.wheels import a_wheel

pytestmark = pytest.mark.skipif(
    namespace.possible() is not None, reason=f"there are none here: {namespace.possible()}"
)
PROJECT = '[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = %s\n'
FORBID = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
"""What a container may be set up with: nobody below makes a namespace any more."""


def forbidden(guard: Guard, *words: str, **settings: str) -> Ran:
    """Run the guard where no namespace can be made."""
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "sh", "-c", FORBID, "-", *guard.command(*words)],
        cwd=guard.work,
        env=guard.environment(**settings),
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def the_line(ran: Ran, topic: str) -> str:
    assert ran.code == 0, ran.said
    (line,) = [line for line in ran.out.splitlines() if f" {topic}  " in line]
    return line


def test_the_doctor_says_which(guard: Guard, target: Environment, index: LoopbackIndex) -> None:
    words = ("doctor", *map(str, to(target)), *at(index))
    assert "network namespaces work here" in the_line(guard(*words), "gateway")
    line = the_line(forbidden(guard, *words), "gateway")
    assert "no network namespaces here (no network of its own: No space left on device)" in line


@pytest.mark.parametrize("release", ["1.0", "2.0"])
def test_a_tool_is_served_without_them_as_with_them(
    guard: Guard, index: LoopbackIndex, release: str
) -> None:
    index.add(a_wheel("frob", "1.0"), uploaded=LONG_AGO)
    index.add(a_wheel("frob", "2.0", files={"frob.pth": "import os\n"}), uploaded=LONG_AGO)
    (guard.work / "pyproject.toml").write_text(PROJECT % [f"frob=={release}"])
    settings = {"UV_DEFAULT_INDEX": index.url, "UV_PYTHON": sys.executable}
    codes = {"1.0": 0, "2.0": 77}
    for run in (forbidden, Guard.__call__):
        ran = run(guard, "uv", "sync", **settings)
        assert ran.code == codes[release], ran.said
