"""Files and folders of this user alone, written whole or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from guard.private import private_folder, write_private

pytestmark = pytest.mark.skipif(os.name != "posix", reason="files have no modes here")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True)
def no_umask() -> Iterator[None]:
    old = os.umask(0)
    yield
    os.umask(old)


def test_a_new_folder_is_private(tmp_path: Path) -> None:
    private_folder(tmp_path / "a/b")
    assert mode(tmp_path / "a/b") == 0o700


@pytest.mark.parametrize("before", [0o777, 0o755, 0o750, 0o701])
def test_an_open_folder_is_closed(before: int, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a").chmod(before)
    private_folder(tmp_path / "a")
    assert mode(tmp_path / "a") == 0o700


def test_a_folder_that_is_private_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a").chmod(0o500)
    private_folder(tmp_path / "a")
    assert mode(tmp_path / "a") == 0o500


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives away")
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    os.chown(tmp_path / "a", 12345, 12345)
    with pytest.raises(PermissionError, match="belongs to another user"):
        private_folder(tmp_path / "a")


def test_a_file_in_the_place_of_the_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(OSError, match="exists"):
        private_folder(tmp_path / "a")


def test_what_is_written_is_private_from_the_first_byte(tmp_path: Path) -> None:
    write_private(tmp_path / "a", b"one")
    assert (mode(tmp_path / "a"), (tmp_path / "a").read_bytes()) == (0o600, b"one")


def test_what_was_there_is_replaced_and_not_written_into(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("kept")
    (tmp_path / "a").symlink_to("victim")
    write_private(tmp_path / "a", b"two")
    assert (tmp_path / "victim").read_text() == "kept"
    assert not (tmp_path / "a").is_symlink()
    assert (mode(tmp_path / "a"), (tmp_path / "a").read_bytes()) == (0o600, b"two")


@pytest.mark.parametrize("place", ["missing/a", "folder"])
def test_what_cannot_be_written_changes_nothing(place: str, tmp_path: Path) -> None:
    (tmp_path / "folder/x").mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(OSError, match=r"No such file|directory"):
        write_private(tmp_path / place, b"three")
    assert sorted(tmp_path.rglob("*")) == before
