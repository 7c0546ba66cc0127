"""The environment that a source is built in: exactly the wheels that were admitted for it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import uv

from guard.build.hooks import Interpreter
from guard.errors import TargetError
from guard.install._base import hand_over, pins, without
from guard.model import Admitted

_TIMEOUT: Final = 60
_WHERE: Final = """
import json, os, sys
print(json.dumps([sys.base_prefix, sys.base_exec_prefix, os.path.realpath(sys.executable)]))
"""


def made(folder: Path, python: Path, admitted: Sequence[Admitted]) -> Interpreter:
    """Return a new environment in `folder` of the Python below `python`, with `admitted` in it.

    Raises `InstallerError` and `TargetError`.
    """
    command = [uv.find_uv_bin(), "venv", "--no-config", "--no-project", "--offline", "--no-cache"]
    _uv([*command, "--python", str(python), str(folder)], "there is no environment to build in")
    own = folder / ("Scripts/python.exe" if (folder / "Scripts").is_dir() else "bin/python")
    if admitted:
        _install(own, folder, admitted)
    return Interpreter(python=own, environment=folder, readable=_installed_in(own))


def _install(python: Path, folder: Path, admitted: Sequence[Admitted]) -> None:
    approved = folder / "approved.txt"
    approved.write_text(pins(admitted))
    command = [uv.find_uv_bin(), "pip", "install", "--no-config", "--offline", "--no-index"]
    command += ["--no-deps", "--require-hashes", "--no-build", "--no-cache", "--quiet"]
    command += ["--requirements", str(approved), "--python", str(python)]
    _uv(command, "what a build needs could not be installed")


def _uv(command: Sequence[str], failed: str) -> None:
    environment = without("UV_", UV_PYTHON_DOWNLOADS="never")
    hand_over(command, environment=environment, failed=failed, quiet=True)


def _installed_in(python: Path) -> tuple[Path, ...]:
    """Return the folders of the Python below an environment, without what lies within another."""
    command = [str(python), "-I", "-S", "-B", "-c", _WHERE]
    try:
        done = subprocess.run(command, capture_output=True, check=True, timeout=_TIMEOUT)
        prefix, exec_prefix, executable = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise TargetError(
            "the interpreter to build with cannot be used", reason=str(error)
        ) from None
    named = [Path(prefix), Path(exec_prefix), Path(executable).parents[1]]
    found = dict.fromkeys([*named, *(path.resolve() for path in named)])
    return tuple(p for p in found if not any(p != o and p.is_relative_to(o) for o in found))
