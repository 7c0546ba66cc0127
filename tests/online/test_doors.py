"""The doors with the newest pip and the newest uv that the index has: one of every kind, twice."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest
import uv

from tests.e2e.doors.door import Door, Kind, Tool
from tests.e2e.doors.table import DOORS
from tests.e2e.doors.walk import assert_shut, is_there

pytestmark = pytest.mark.online

UV: Final = uv.find_uv_bin()


class Newest(NamedTuple):
    """A virtual environment with the newest pip, and the newest uv."""

    template: Path
    uv: str


@pytest.fixture(scope="module")
def newest(tmp_path_factory: pytest.TempPathFactory) -> Newest:
    folder = tmp_path_factory.mktemp("newest")
    kept = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    template = folder / "template"
    for command in (
        [sys.executable, "-m", "venv", str(template)],
        [UV, "pip", "install", "--quiet", "--upgrade", "--python", str(template), "pip"],
        [UV, "pip", "install", "--quiet", "--target", str(folder / "tools"), "uv"],
    ):
        subprocess.run(command, check=True, env=kept)
    return Newest(template, str(folder / "tools" / "bin" / "uv"))


def one_of_every_kind() -> Iterator[Door]:
    """The first door of each kind, and all that older versions do not have."""
    seen: set[tuple[Tool, Kind]] = set()
    for door in DOORS:
        first = (door.tool, door.kind) not in seen
        seen.add((door.tool, door.kind))
        if door.tool is not Tool.UV_PIP and (first or door.pip):
            yield door


@pytest.mark.parametrize("door", [*one_of_every_kind()], ids=lambda door: door.id)
def test_a_door_is_shut_for_the_newest_tools(door: Door, newest: Newest, tmp_path: Path) -> None:
    assert is_there(door, newest.template)
    assert_shut(door, tmp_path, newest.template, newest.uv)
