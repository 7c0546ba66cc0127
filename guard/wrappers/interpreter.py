"""The interpreter that a `pip` belongs to: what it installs is installed for that one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from guard.errors import TargetError
from guard.wrappers.names import is_python
from guard.wrappers.tools import Tool, run_out

RUN_PIP: Final = """\
import sys
sys.path[:] = filter(None, sys.path)
import runpy
runpy.run_module('pip', run_name='__main__', alter_sys=True)
"""
"""What `python -m pip` does, without the working folder's modules in reach."""

STARTED_BY_PIP: Final = {"_PIP_RUNNING_IN_SUBPROCESS": "1"}
"""What pip tells the pip that it starts: not to start another one, whatever is configured."""

_HEAD: Final = 4096
_TRAMPOLINE: Final = b"'''exec' "
"""How installers begin a script whose interpreter has too long a path for `#!`."""

_EXECUTABLE: Final = "import sys; print(sys.executable)"


def interpreter_of(tool: Tool) -> Path:
    """Return the absolute path of the interpreter that runs the pip `tool`. Raises `GuardError`."""
    if tool.interpreter is not None:
        return tool.interpreter
    return written_in(tool.path) or _beside(tool)


def resolved(python: Path) -> Path:
    """Return the interpreter that `python` is, or that it starts where it is a manager's script."""
    with python.open("rb") as stream:
        script = stream.read(2) == b"#!"
    return _started_by(python) if script else python


def _started_by(python: Path) -> Path:
    return Path(run_out([str(python), "-c", _EXECUTABLE]).strip())


def written_in(path: Path) -> Path | None:
    """Return the interpreter that the script names in its first lines, if it names one outright."""
    with path.open("rb") as stream:
        lines = stream.read(_HEAD).split(b"\n")
    named = lines[0].removeprefix(b"#!") if lines[0].startswith(b"#!") else b""
    if len(lines) > 1 and lines[1].startswith(_TRAMPOLINE):
        named = lines[1].removeprefix(_TRAMPOLINE).partition(b' "$0"')[0].strip(b'"')
    interpreter = Path(os.fsdecode(named.strip()))
    usable = interpreter.is_absolute() and is_python(interpreter.name)
    return interpreter if usable and os.access(interpreter, os.X_OK) else None


def _beside(tool: Tool) -> Path:
    """Return what the `python` next to a pip that is no Python script says that it is.

    Version managers have such scripts. Both are asked which pip they run: it must be the same.
    """
    for name in (tool.name.replace("pip", "python", 1), "python3", "python"):
        python = tool.path.with_name(name)
        if os.access(python, os.X_OK):
            own = run_out([str(tool.path), "--version"])
            if run_out([str(python), "-c", RUN_PIP, "--version"]) == own:
                return _started_by(python)
    raise TargetError(
        f"it cannot be said which interpreter `{tool.path}` installs for",
        hint="name it: `guard install --python PYTHON`, or `PYTHON -m pip`",
    )
