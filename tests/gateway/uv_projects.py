"""Projects of uv, and the bare tool to compare with."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import uv

from tests.e2e.guarded import TIMEOUT, Guard, Ran
from tests.fakes import LoopbackIndex


def a_project(guard: Guard, *dependencies: str, more: str = "") -> Path:
    """A project in the folder in which the command runs, with nothing to be built."""
    path = guard.work / "pyproject.toml"
    listed = "".join(f'    "{each}",\n' for each in dependencies)
    path.write_text(
        f'[project]\nname = "shop"\nversion = "1.0"\nrequires-python = ">=3.11"\n'
        f"dependencies = [\n{listed}]\n{more}"
    )
    return path


def settings(index: LoopbackIndex | str, **more: str) -> dict[str, str]:
    """The variables by which uv is told its one index, and a Python that is there."""
    url = index if isinstance(index, str) else index.url
    return {"UV_DEFAULT_INDEX": url, "UV_PYTHON": sys.executable, **more}


def real_uv(environ: Mapping[str, str]) -> str:
    """The uv that the guard runs: the one on the PATH, and its own where there is none."""
    return shutil.which("uv", path=environ.get("PATH")) or uv.find_uv_bin()


def bare(guard: Guard, folder: Path, words: Sequence[str], **more: str) -> Ran:
    """uv itself, in another folder, with a cache of its own."""
    environ = guard.environment(UV_CACHE_DIR=str(guard.folder / "bare-cache"), **more)
    done = subprocess.run(
        [real_uv(environ), *words],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def files(folder: Path) -> dict[str, bytes]:
    """What a user keeps in a project, byte for byte."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".venv" not in path.parts
    }


def installed(folder: Path) -> set[str]:
    """The distributions in the environment of a project."""
    return {path.name for path in folder.glob(".venv/lib/python3*/site-packages/*.dist-info")}


def beside(guard: Guard) -> Path:
    """An empty folder for the bare tool."""
    folder = guard.folder / "bare"
    folder.mkdir()
    return folder
