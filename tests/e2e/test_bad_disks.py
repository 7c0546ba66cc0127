"""A cache that cannot be written, a disk that is full: nothing is installed or half-done."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.guarded import (
    LONG_AGO,
    TIMEOUT,
    Environment,
    Guard,
    Ran,
    assert_paragraph,
    at,
    to,
    untouched,
)
from tests.fakes import LoopbackIndex
from tests.wheels import a_wheel

BIG = a_wheel("big", "1.0", files={"big.py": "#" * 400_000}, requires=["small"])
SMALL = a_wheel("small", "1.0")


@pytest.fixture
def index(index: LoopbackIndex) -> LoopbackIndex:
    index.add(BIG, uploaded=LONG_AGO)
    index.add(SMALL, uploaded=LONG_AGO)
    return index


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 200 kB."""
    path = tmp_path / "disk"
    path.mkdir()
    mounted = mount("mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(path))
    if mounted.returncode:
        pytest.skip(f"nothing can be mounted here: {mounted.stderr.strip()}")
    yield path
    assert mount("umount", str(path)).returncode == 0


def mount(command: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run one of the commands that only root may, where there is one."""
    found = shutil.which(command) or command
    try:
        return subprocess.run(
            [found, *words], check=False, capture_output=True, text=True, timeout=TIMEOUT
        )
    except OSError as error:
        return subprocess.CompletedProcess([found], 127, "", str(error))


def test_a_full_disk(disk: Path, either: Environment, guard: Guard, index: LoopbackIndex) -> None:
    with untouched(either):
        ran = guard.install("big", into=either, index=index, GUARD_CACHE_DIR=str(disk))
    assert_paragraph(ran, 70, "No space left", str(disk), "GUARD_CACHE_DIR")
    assert [path.name for path in disk.rglob("*.part")] == []
    assert [path.name for path in disk.glob("quarantine/files/*/*/*")] in ([], [SMALL.filename])


def test_a_disk_that_is_full_for_what_is_to_be_written_down(
    disk: Path, either: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    """Everything is admitted; that it will be installed cannot be put into the journal."""
    assert guard("download", "big", *at(index), GUARD_STATE_DIR=str(disk)).code == 0
    before = {path: path.read_bytes() for path in disk.rglob("*.jsonl")}
    with (disk / "filled").open("wb", buffering=0) as stream, contextlib.suppress(OSError):
        while stream.write(b"x" * 1000):
            pass
    with untouched(either):
        ran = guard.install("big", into=either, index=index, GUARD_STATE_DIR=str(disk))
    assert_paragraph(ran, 70, "No space left", str(disk), "GUARD_STATE_DIR")
    assert {path: path.read_bytes() for path in disk.rglob("*.jsonl")} == before
    assert guard("log", "verify", GUARD_STATE_DIR=str(disk)).code == 0
    (disk / "filled").unlink()
    ran = guard.install("big", into=either, index=index, GUARD_STATE_DIR=str(disk))
    assert ran.code == 0, ran.said


def test_a_file_larger_than_may_be_written(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    """The same everywhere: a limit on the size of files stands for the end of the disk."""
    with untouched(target):
        done = subprocess.run(
            guard.command("install", "big", *to(target), *at(index)),
            cwd=guard.work,
            env=guard.environment(),
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000)),
        )
    ran = Ran(done.returncode, done.stdout, done.stderr)
    assert_paragraph(ran, 70, "File too large", str(guard.quarantine), "GUARD_CACHE_DIR")
    guard.assert_consistent()


def test_a_disk_that_is_full_for_the_installer(
    disk: Path, target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    """The files are all here and admitted; unpacking them is what fails."""
    guard.cache.mkdir()
    (guard.cache / "uv").symlink_to(disk)
    with untouched(target):
        ran = guard.install("big", into=target, index=index)
    assert ran.code not in {0, 77}, ran.said
    assert ran.err.count("\nerror: uv could not install\n") == 1, ran.err
    assert "o space left" in ran.err
    guard.assert_consistent()


def test_a_cache_folder_that_is_a_file(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    (guard.folder / "not-a-folder").touch()
    place = str(guard.folder / "not-a-folder" / "cache")
    with untouched(target):
        ran = guard.install("small", into=target, index=index, GUARD_CACHE_DIR=place)
    assert_paragraph(ran, 70, place, "Not a directory", "GUARD_CACHE_DIR")


def test_a_cache_that_may_only_be_read(
    disk: Path, target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    assert mount("mount", "-o", "remount,ro", str(disk)).returncode == 0
    with untouched(target):
        ran = guard.install("small", into=target, index=index, GUARD_CACHE_DIR=str(disk))
    assert_paragraph(ran, 70, str(disk), "Read-only file system", "GUARD_CACHE_DIR")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_cache_of_which_the_rights_are_missing(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    guard.cache.mkdir(mode=0o500)
    with untouched(target):
        ran = guard.install("small", into=target, index=index)
    assert_paragraph(ran, 70, str(guard.cache), "Permission denied", "GUARD_CACHE_DIR")


def test_the_folder_of_a_download_cannot_be_made(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    (guard.work / "file").touch()
    ran = guard("download", "small", "-d", "file/wheels", *to(target), *at(index))
    assert_paragraph(ran, 2, "file/wheels", "could not be written", "Not a directory")
