"""An environment that is put back as it was, whatever a tool has done to it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from guard.gateway.kept import Kept
from tests.e2e.guarded import tree


def an_environment(place: Path) -> Path:
    (place / "lib").mkdir(parents=True)
    (place / "pyvenv.cfg").write_text("home = /usr/bin\n")
    (place / "lib" / "small.py").write_text("1\n")
    (place / "lib" / "large.so").write_bytes(b"x" * 100_000)
    (place / "python").symlink_to("/usr/bin/python3")
    return place


def spoil(place: Path) -> None:
    """Write in place, replace, add and remove."""
    (place / "lib" / "small.py").write_text("2\n")
    (place / "lib" / "large.so").unlink()
    (place / "lib" / "large.so").write_bytes(b"y" * 100_000)
    (place / "lib" / "new.py").write_text("3\n")
    (place / "pyvenv.cfg").unlink()


@pytest.mark.parametrize("ruin", [spoil, shutil.rmtree])
def test_it_is_as_it_was_and_more_than_once(ruin: object, tmp_path: Path) -> None:
    place = an_environment(tmp_path / "work" / ".venv")
    before = tree(tmp_path / "work")
    kept = Kept([], [(place.parent, ".venv")], aside=tmp_path / "aside")
    for _ in range(2):
        assert callable(ruin)
        ruin(place)
        kept.restore()
        assert tree(tmp_path / "work") == before
    kept.close()
    assert list((tmp_path / "aside").iterdir()) == []


def test_a_new_environment_is_removed_and_no_other_folder(tmp_path: Path) -> None:
    an_environment(tmp_path / "envs" / "shop-old")
    kept = Kept([], [(tmp_path / "envs", "shop-*")], aside=tmp_path / "aside")
    before = tree(tmp_path / "envs")
    an_environment(tmp_path / "envs" / "shop-new")
    (tmp_path / "envs" / "shop-other").mkdir()
    an_environment(tmp_path / "envs" / "else-new")
    kept.restore()
    after = tree(tmp_path / "envs")
    assert {name.partition("/")[0] for name in after} == {"shop-old", "shop-other", "else-new"}
    assert {name: what for name, what in after.items() if name.startswith("shop-old")} == before
    kept.close()


def test_what_a_run_does_not_change_is_not_copied(tmp_path: Path) -> None:
    old = an_environment(tmp_path / "envs" / "old")
    kept = Kept([], [(tmp_path / "envs", "*")], aside=tmp_path / "aside", changes=False)
    assert list((tmp_path / "aside").iterdir()) == []
    an_environment(tmp_path / "envs" / "new")
    before = tree(old)
    kept.restore()
    assert [path.name for path in (tmp_path / "envs").iterdir()] == ["old"]
    assert tree(old) == before
    kept.close()


def test_a_file_is_put_back(tmp_path: Path) -> None:
    path = tmp_path / "poetry.lock"
    path.write_text("before")
    kept = Kept([path, tmp_path / "new"], [], aside=tmp_path / "aside")
    path.write_text("after")
    (tmp_path / "new").write_text("x")
    kept.restore()
    assert path.read_text() == "before"
    assert not (tmp_path / "new").exists()
