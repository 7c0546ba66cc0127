"""A shim whose guard is gone or broken blocks: it never comes to the real tool."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from guard.errors import UnsupportedError
from guard.shell import shims
from guard.shell.functions import Shell, body
from guard.wrappers.names import TOOLS
from tests.e2e.guarded import TIMEOUT, Environment, Guard

Ended = subprocess.CompletedProcess[str]


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A folder with real tools that leave a trace when they run."""
    folder = tmp_path / "bare"
    folder.mkdir()
    for name in TOOLS:
        shims.write_program(folder / name, b"#!/bin/sh\necho the real one ran\n", mode=0o755)
    return folder


def call(folder: Path, name: str, *words: str, path: Path) -> Ended:
    return subprocess.run(
        [str(folder / name), *words],
        env={"PATH": f"{folder}:{path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )


def written_for(python: Path, folder: Path) -> Path:
    """The shims of a guard that lives somewhere else."""
    shims.write(folder)
    for path in shims.programs(folder):
        path.write_text(path.read_text().replace(sys.executable, str(python)))
    return folder


def test_a_shim_comes_to_the_guard(tmp_path: Path, bare: Path) -> None:
    shims.write(tmp_path / "shims")
    done = call(tmp_path / "shims", "pip", "install", "--user", "a b", path=bare)
    assert (done.returncode, done.stdout) == (2, "")
    assert "`pip install --user` is not supported" in done.stderr


def test_what_is_harmless_comes_to_the_real_one(tmp_path: Path, bare: Path) -> None:
    shims.write(tmp_path / "shims")
    done = call(tmp_path / "shims", "pip", "list", path=bare)
    assert (done.returncode, done.stdout) == (0, "the real one ran\n")


@pytest.mark.parametrize("name", TOOLS)
def test_without_its_guard_it_blocks(tmp_path: Path, bare: Path, name: str) -> None:
    folder = written_for(tmp_path / "gone" / "python", tmp_path / "shims")
    done = call(folder, name, "--version", path=bare)
    assert (done.returncode, done.stdout) == (70, "")
    assert "error: the guard is not there any more" in done.stderr
    assert str(folder / name) in done.stderr


def test_with_a_broken_guard_it_blocks(tmp_path: Path, bare: Path, target: Environment) -> None:
    folder = written_for(target.python, tmp_path / "shims")
    done = call(folder, "uv", "sync", path=bare)
    assert (done.returncode, done.stdout) == (70, "")
    assert "error: the guard is broken" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_environment_of_a_shim_changes_nothing_of_the_guard(
    tmp_path: Path, bare: Path, guard: Guard
) -> None:
    planted = guard.work / "guard"
    planted.mkdir()
    (planted / "__init__.py").write_text("print('planted')\n")
    shims.write(tmp_path / "shims")
    done = subprocess.run(
        [str(tmp_path / "shims" / "pip"), "wheel", "x"],
        env={"PATH": f"{bare}:/usr/bin:/bin", "PYTHONPATH": str(guard.work)},
        cwd=guard.work,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")


def test_a_folder_with_a_quote_and_a_space(tmp_path: Path, bare: Path) -> None:
    python = tmp_path / "it's gone" / "python"
    folder = written_for(Path("/nowhere"), tmp_path / "shims")
    (folder / "pip").write_text(shims.posix(("pip",)).replace(sys.executable, "/nowhere"))
    assert call(folder, "pip", "x", path=bare).returncode == 70
    assert str(python) not in (folder / "pip").read_text()


def test_a_guard_in_a_cache_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "prefix", "/home/u/.cache/uv/archive-v0/abc")
    with pytest.raises(UnsupportedError, match="uv's cache"):
        shims.write(tmp_path / "shims")


def test_what_is_not_a_shim_is_not_removed(tmp_path: Path) -> None:
    shims.write(tmp_path / "shims")
    (tmp_path / "shims" / "notes").write_text("mine")
    shims.remove(tmp_path / "shims")
    assert [path.name for path in (tmp_path / "shims").iterdir()] == ["notes"]


def test_faults_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "shims"
    shims.write(folder)
    assert shims.faults(folder) == []
    (folder / "pip").unlink()
    (folder / "uv").write_text("#!/bin/sh\nexec /usr/bin/uv\n")
    assert shims.faults(folder) == [
        f"`{folder / 'pip'}` is missing",
        f"`{folder / 'uv'}` is not as this guard writes it",
    ]


def test_shims_for_windows_block_too() -> None:
    batch = shims.cmd(("pip",))
    assert batch.startswith("@echo off\r\nrem wheelguard shim\r\n")
    assert "goto guarded\r\necho error: the guard is not there" in batch
    assert batch.index("exit /b 70") < batch.index("-m guard pip %*")
    script = shims.powershell(("pip",))
    assert script.rstrip().endswith("exit 70")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "sh"])
def test_the_block_is_what_the_shell_can_read(tmp_path: Path, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here")
    folder = tmp_path / "it's a folder"
    text = body(Shell.BASH if shell == "sh" else Shell(shell), folder)
    done = subprocess.run(
        [shell, "-c", f"{text}\necho $PATH"],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=True,
    )
    assert done.stderr == ""
    assert done.stdout.startswith(str(folder))
