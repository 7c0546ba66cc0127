"""The real tools: found on PATH past our own shims, and never in a folder that PATH only implies.

A shell looks for a program in every entry of PATH, and an empty entry or `.` is the current
folder: a checkout could bring a `pip` of its own.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from guard.errors import InstallerError, TargetError, UnsupportedError
from guard.wrappers.names import SHIM_MARK

_MISSING: Final = 127
"""What a shell returns for a program that is not there."""

_TIMEOUT: Final = 60
_HEAD: Final = 4096
"""Bytes of a file that are read to see whether it is a shim, and whose script it is."""

_OF: Final = f"# {SHIM_MARK} of "


class Tool(NamedTuple):
    """A program that a user's command line names; a dataclass would cost every shim 5 ms."""

    name: str
    path: Path
    """Absolute; as PATH names it, symbolic links and all."""

    interpreter: Path | None = None
    """Where the environment's pip was given over to the guard: the Python that has it."""

    @property
    def version(self) -> str:
        """What it says its version is, asked once. Raises `InstallerError`."""
        return _version(self.path)


def find(name: str, *, path: str | None = None) -> Tool:
    """Return the real tool called `name` on `path` (default: PATH), or the one at the path `name`.

    Raises `InstallerError` where there is none, with the exit code that a shell has for it, and
    `UnsupportedError` where a shell would take one from the current folder.
    """
    if os.path.basename(name) != name:  # noqa: PTH119 - a trailing slash must not be lost
        return _named(name)
    places = os.environ.get("PATH", "") if path is None else path
    for found in candidates(name, places):
        if not found.is_absolute():
            raise UnsupportedError(
                f"`{name}` would be taken from the folder `{found.parent}`, an entry of PATH that "
                "is not absolute",
                reason="what lies in the current folder is somebody's checkout, not your tool",
                hint="take `.` and empty entries out of PATH, or put them last",
            )
        tool = _tool(name, found)
        if tool is not None:
            return tool
    raise InstallerError(
        f"there is no `{name}` on PATH besides the guard's own shims",
        exit_code=_MISSING,
        hint=f"install {name}, or activate the environment that has it",
    )


def candidates(name: str, path: str) -> Iterator[Path]:
    """Yield every program called `name` on `path`, shims too, in the order of a shell."""
    file = f"{name}.exe" if sys.platform == "win32" and not name.endswith(".exe") else name
    for folder in path.split(os.pathsep):
        found = Path(folder, file)
        if _runs(found):
            yield found


def is_shim(path: Path) -> bool:
    """Tell whether the program at `path` is one of ours. One that cannot be read is not."""
    return SHIM_MARK.encode() in _head(path)


def run_out(command: list[str]) -> str:
    """Return what a tool that is asked about itself prints. Raises `InstallerError`."""
    import subprocess  # noqa: PLC0415 - what passes through needs none

    failed = f"`{command[0]}` could not be asked for its version"
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InstallerError(failed, exit_code=_MISSING - 1, reason=str(error)) from None
    if done.returncode:
        output = done.stderr[-_HEAD:].decode(errors="replace")
        raise InstallerError(failed, exit_code=done.returncode, output=output)
    return done.stdout[:_HEAD].decode(errors="replace")


def _named(path: str) -> Tool:
    found = Path(path).absolute()
    tool = _tool(found.name, found) if _runs(found) else None
    if tool is None:
        raise InstallerError(
            f"there is no program `{path}`"
            if not found.exists()
            else f"`{path}` is not a tool that can be run",
            exit_code=_MISSING,
        )
    return tool


def _tool(name: str, path: Path) -> Tool | None:
    """Return the tool at `path`; none where that is a shim, but not one inside an environment."""
    head = _head(path)
    if SHIM_MARK.encode() not in head:
        return Tool(name=name, path=path)
    for line in head.decode(errors="replace").splitlines():
        if line.startswith(_OF):
            interpreter = Path(line.removeprefix(_OF))
            if interpreter.parent == path.parent and _runs(interpreter):
                return Tool(name=name, path=path, interpreter=interpreter)
    return None


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(_HEAD)
    except OSError:
        return b""


def _runs(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


@cache
def _version(path: Path) -> str:
    words = run_out([str(path), "--version"]).replace("(", " ").replace(")", " ").split()
    for word in words:
        if word[0].isdigit() and "." in word:
            return word.rstrip(",")
    raise TargetError(f"`{path}` does not say its version", hint="is it the tool that it is named?")
