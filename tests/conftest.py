"""What every test may ask for: an index, environments, and the guard itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import uv

from tests.fakes import LoopbackIndex

pytest.register_assert_rewrite("tests.e2e.guarded", "tests.e2e.doors.walk")

from tests.e2e.guarded import (  # noqa: E402 - its asserts are rewritten only after that
    TIMEOUT,
    Environment,
    Guard,
    cloned,
    scrubbed,
)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell that starts the suite in the background has it ignored, and every child would inherit
    # that: no run could be interrupted.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def index() -> Iterator[LoopbackIndex]:
    with LoopbackIndex() as running:
        yield running


@pytest.fixture
def guard(tmp_path: Path) -> Guard:
    guard = Guard(tmp_path)
    guard.work.mkdir()
    guard.knows()
    return guard


@pytest.fixture(scope="session")
def bare_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with nothing in it."""
    path = tmp_path_factory.mktemp("templates") / "bare"
    command = [uv.find_uv_bin(), "venv", "--quiet", "--no-config", "--python", sys.executable]
    subprocess.run([*command, str(path)], check=True, timeout=TIMEOUT, env=scrubbed())
    return path


@pytest.fixture(scope="session")
def pip_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the pip that came with this Python.

    TEST_PIP may name a wheel of another pip: the guard works with any from 23.2 on.
    """
    path = tmp_path_factory.mktemp("templates") / "pip"
    commands = [[sys.executable, "-m", "venv", str(path)]]
    if wheel := os.environ.get("TEST_PIP"):
        python = str(path / "bin" / "python")
        commands.append([python, "-m", "pip", "install", "--no-index", "--quiet", wheel])
    for command in commands:
        subprocess.run(command, check=True, timeout=TIMEOUT, env=scrubbed())
    return path


@pytest.fixture
def target(bare_template: Path, tmp_path: Path) -> Environment:
    """A new environment for uv."""
    return Environment(cloned(bare_template, tmp_path / "target"))


@pytest.fixture
def pip_target(pip_template: Path, tmp_path: Path) -> Environment:
    """A new environment for its own pip."""
    return Environment(cloned(pip_template, tmp_path / "pip-target"), installer="pip")


@pytest.fixture(params=["uv", "pip"])
def either(request: pytest.FixtureRequest) -> Environment:
    """A new environment, once for uv and once for pip."""
    name = "target" if request.param == "uv" else "pip_target"
    environment: Environment = request.getfixturevalue(name)
    return environment
