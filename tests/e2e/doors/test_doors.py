"""Every door, from both sides: the bare tool walks through it, and the guard does not let it in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.doors.door import Bare, Door, Kind, Tool
from tests.e2e.doors.table import DOORS
from tests.e2e.doors.walk import ClosedDoorError, assert_shut, is_there, walk_through

VARIABLES = (
    *("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_CONFIG_FILE"),
    *("PIP_CONSTRAINT", "PIP_REQUIREMENT", "PIP_NO_INDEX", "PIP_TRUSTED_HOST"),
    *("PIP_NO_BUILD_ISOLATION", "UV_INDEX", "UV_INDEX_URL", "UV_DEFAULT_INDEX"),
    *("UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_CONFIG_FILE", "UV_OVERRIDE", "UV_CONSTRAINT"),
    *("UV_BUILD_CONSTRAINT", "UV_NO_VERIFY_HASHES", "UV_INSECURE_HOST", "UV_PYTHON"),
    *("PYTHONPATH", "PATH"),
)


@pytest.fixture
def template(door: Door, request: pytest.FixtureRequest) -> Path:
    name = "pip_template" if door.tool is Tool.PIP else "bare_template"
    path: Path = request.getfixturevalue(name)
    if not is_there(door, path):
        pytest.skip(f"a door of pip {door.pip}")
    return path


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.id)
def test_a_door_that_is_open_without_the_guard_is_shut(
    door: Door, template: Path, tmp_path: Path
) -> None:
    assert_shut(door, tmp_path, template)


@pytest.mark.parametrize("bare", Bare)
def test_a_row_that_is_no_door_is_an_error(bare: Bare, bare_template: Path, tmp_path: Path) -> None:
    door = Door(
        name="none",
        kind=Kind.ARGUMENT,
        tool=Tool.UV_PIP,
        command="uv pip install frob",
        environ={"PIP_INDEX_URL": "$evil"},
        bare=bare,
    )
    with pytest.raises(ClosedDoorError):
        walk_through(door, tmp_path / "bare", bare_template)


def test_no_two_doors_have_the_same_name() -> None:
    assert len({door.id for door in DOORS}) == len(DOORS) >= 60


def test_every_variable_that_leads_somewhere_has_a_door() -> None:
    told = {name for door in DOORS for name in door.environ}
    assert set(VARIABLES) - told == set()
