"""Through a door and back: what is asked of every one, whichever the versions of the tools are."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import uv
from packaging.specifiers import SpecifierSet

from tests.e2e.doors.door import Bare, Door, Ends
from tests.e2e.doors.scene import Scene, scene
from tests.e2e.guarded import Ran

_MARKER: Final = "frob-9.0"


class ClosedDoorError(Exception):
    """The bare tool does not walk through: the row shows nothing."""


def is_there(door: Door, template: Path) -> bool:
    """Tell whether the pip of an environment, if it has one, is of a version with that door."""
    found = template.glob("lib/python3*/site-packages/pip-*.dist-info")
    return all(info.stem.removeprefix("pip-") in SpecifierSet(door.pip) for info in found)


def assert_shut(door: Door, folder: Path, template: Path, program: str | None = None) -> None:
    """The bare tool walks through, and the guarded one does not; `program` is another uv."""
    walk_through(door, folder / "bare", template, program)
    with scene(folder / "guarded", door, template, program or uv.find_uv_bin()) as stage:
        before = stage.tree()
        ran = stage.guarded()
        after = stage.tree()
        stage.use()
        assert not stage.marker.exists(), ran.said
        assert _MARKER not in stage.installed(), ran.said
        assert door.asks or not stage.asked, ran.said
        _assert_ended(door, ran)
        if not door.ends.code:
            assert "frob-1.0" in stage.installed(), ran.said
        else:
            assert after == before, ran.said


def walk_through(door: Door, folder: Path, template: Path, program: str | None = None) -> None:
    """Show that the bare tool lets the marker in. Raises `ClosedDoorError` where it does not."""
    with scene(folder, door, template, program or uv.find_uv_bin()) as stage:
        ran = stage.bare()
        if not _walked_through(door, stage):
            raise ClosedDoorError(ran.said)


def _walked_through(door: Door, stage: Scene) -> bool:
    match door.bare:
        case Bare.ASKS:
            return stage.asked
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
