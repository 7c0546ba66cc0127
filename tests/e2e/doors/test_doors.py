"""Every door, from both sides: the bare tool walks through it, and the guard does not let it in."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from tests.e2e.doors.door import Bare, Door, Ends, Kind, Tool
from tests.e2e.doors.scene import Scene, scene
from tests.e2e.doors.table import DOORS
from tests.e2e.guarded import Ran

MARKER = "frob-9.0"
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
    for info in path.glob("lib/python3*/site-packages/pip-*.dist-info"):
        if info.stem.removeprefix("pip-") not in SpecifierSet(door.pip):
            pytest.skip(f"a door of pip {door.pip}")
    return path


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.id)
def test_a_door_that_is_open_without_the_guard_is_shut(
    door: Door, template: Path, tmp_path: Path
) -> None:
    walk_through(door, tmp_path / "bare", template)
    with scene(tmp_path / "guarded", door, template) as (stage, attacker):
        before = stage.tree()
        ran = stage.guarded()
        after = stage.tree()
        stage.use()
        assert not stage.marker.exists(), ran.said
        assert MARKER not in stage.installed(), ran.said
        assert door.asks or attacker.requests == [], ran.said
        _assert_ended(door, ran)
        if not door.ends.code:
            assert "frob-1.0" in stage.installed(), ran.said
        else:
            assert after == before, ran.said


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


def walk_through(door: Door, folder: Path, template: Path) -> None:
    """Show that the bare tool lets the marker in. Raises `ClosedDoorError` where it does not."""
    with scene(folder, door, template) as (stage, attacker):
        ran = stage.bare()
        if not _walked_through(door, stage, asked=bool(attacker.requests)):
            raise ClosedDoorError(ran.said)


class ClosedDoorError(Exception):
    """The bare tool does not walk through: the row shows nothing."""


def _walked_through(door: Door, stage: Scene, *, asked: bool) -> bool:
    match door.bare:
        case Bare.ASKS:
            return asked
        case Bare.RUNS:
            return stage.marker.exists()
        case Bare.INSTALLS:
            early = stage.marker.exists()
            stage.use()
            return early or stage.marker.exists()


def _assert_ended(door: Door, ran: Ran) -> None:
    assert "Traceback" not in ran.said
    assert ran.code == door.ends.code, ran.said
    if door.ends is Ends.REFUSED:
        assert "error: " in ran.err


def test_no_two_doors_have_the_same_name() -> None:
    assert len({door.id for door in DOORS}) == len(DOORS) >= 60


def test_every_variable_that_leads_somewhere_has_a_door() -> None:
    told = {name for door in DOORS for name in door.environ}
    assert set(VARIABLES) - told == set()
