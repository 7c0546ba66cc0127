"""The tools, each installed once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.guarded import LONG_AGO, Guard, ago
from tests.fakes import LoopbackIndex
from tests.online.others.tools import Sides, installed, sides
from tests.wheels import a_wheel

_SAYS = {"console_scripts": {"say": "say:main"}}


@pytest.fixture(scope="package")
def programs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("tools")
    return {name: installed(name, folder) for name in ("poetry", "pdm", "pipx")}


@pytest.fixture
def poetry(guard: Guard, programs: dict[str, Path]) -> Sides:
    return sides(guard, programs["poetry"])


@pytest.fixture
def pdm(guard: Guard, programs: dict[str, Path]) -> Sides:
    return sides(guard, programs["pdm"])


@pytest.fixture
def pipx(guard: Guard, programs: dict[str, Path]) -> Sides:
    return sides(guard, programs["pipx"])


@pytest.fixture
def index() -> Iterator[LoopbackIndex]:
    """Three projects: `frob` needs `dep`, `say` is a program. Its pages may change at any time."""
    main = "import os, sys\n\ndef main():\n    print('said', *sys.argv[1:])\n    print(sorted(\n"
    main += (
        "        n for n, v in os.environ.items() if '127.0.0.1' in v or 'guard' in v.lower()))\n"
    )
    wheels = (
        a_wheel("frob", "0.9"),
        a_wheel("frob", "1.0", requires=["dep>=1"]),
        a_wheel("dep", "0.9"),
        a_wheel("dep", "1.0"),
        a_wheel("say", "1.0", files={"say.py": main}, entry_points=_SAYS),
    )
    with LoopbackIndex(cache_control="no-cache") as running:
        for wheel in wheels:
            running.add(wheel, uploaded=LONG_AGO)
        yield running


@pytest.fixture
def fresh(index: LoopbackIndex) -> LoopbackIndex:
    """The same, and newer releases that are too young."""
    index.add(a_wheel("frob", "2.0", requires=["dep>=1"]), uploaded=ago(days=1))
    index.add(a_wheel("dep", "2.0"), uploaded=ago(days=1))
    index.add(a_wheel("say", "2.0", entry_points=_SAYS), uploaded=ago(days=1))
    return index
