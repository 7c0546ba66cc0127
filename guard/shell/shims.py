"""The shims: programs with the names of the tools that start the guard, and nothing else.

Where the guard is gone or broken, a shim says so and ends with 70: it never looks for the tool.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from guard.errors import UnsupportedError, UsageError
from guard.private import private_folder, replacing
from guard.shell.functions import powershell_quoted
from guard.wrappers.names import GENERAL, SHIM_MARK, TOOLS
from guard.wrappers.tools import is_shim

_EXECUTABLE: Final = 0o700
_GONE: Final = "the guard is not there any more, so this did not run"
_HELP: Final = "install it again where it was and run `guard shell install`; or take this shim away"

_POSIX: Final = """\
#!/bin/sh
# {mark}
if [ -x {python} ]; then
  exec {python} -EP -c '
try:
    from guard.cli import entry
except Exception as error:
    import sys
    sys.stderr.write(f"error: the guard is broken, so this did not run: {{error}}\\n")
    sys.stderr.write("   = help: {help}\\n")
    sys.exit(70)
entry()
' {words} "$@"
fi
printf '%s\\n' 'error: {gone}' '   = help: {help}' >&2
printf '   = help: the guard was %s; this shim is %s\\n' {python} "$0" >&2
exit 70
"""

_CMD: Final = """\
@echo off
rem {mark}
if exist "{python}" goto guarded
echo error: {gone} 1>&2
echo    = help: {help} 1>&2
exit /b 70
:guarded
"{python}" -EP -m guard {words} %*
"""

_POWERSHELL: Final = """\
# {mark}
if (Test-Path -LiteralPath {python}) {{
    & {python} -EP -m guard {words} @args
    exit $LASTEXITCODE
}}
[Console]::Error.WriteLine('error: {gone}')
exit 70
"""


def write(folder: Path) -> None:
    """Put every shim into the private `folder`. Raises `UsageError`."""
    refuse_passing()
    try:
        private_folder(folder)
        for name in (*TOOLS, GENERAL):
            words = () if name == GENERAL else (name,)
            for file, text in _files(name, words):
                write_program(folder / file, text.encode())
    except OSError as error:
        raise UsageError(
            f"the shims could not be written into `{folder}`",
            reason=error.strerror or str(error),
            hint="name another folder in GUARD_STATE_DIR",
        ) from None


def remove(folder: Path) -> None:
    """Take the shims out of `folder`, and the folder away when nothing else is in it."""
    for path in programs(folder):
        path.unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def programs(folder: Path) -> list[Path]:
    """Return the shims that are in `folder`."""
    if not folder.is_dir():
        return []
    return [path for path in sorted(folder.iterdir()) if path.is_file() and is_shim(path)]


def faults(folder: Path) -> list[str]:
    """Return what is wrong with the shims in `folder`, a sentence for each; none: all is well."""
    found = []
    for name in (*TOOLS, GENERAL):
        for file, text in _files(name, () if name == GENERAL else (name,)):
            path = folder / file
            if not path.is_file():
                found.append(f"`{path}` is missing")
            elif path.read_bytes() != text.encode():
                found.append(f"`{path}` is not as this guard writes it")
    return found


def posix(words: Sequence[str], *, of: Path | None = None) -> str:
    """Return a shim for `/bin/sh` that calls the guard with `words` and its own arguments.

    `of` is the interpreter of the environment whose pip it stands in for.
    """
    return _POSIX.format(
        mark=f"{SHIM_MARK} of {of}" if of else SHIM_MARK,
        python=shlex.quote(sys.executable),
        words=shlex.join(words),
        gone=_GONE,
        help=_HELP,
    )


def cmd(words: Sequence[str]) -> str:
    """Return a shim for `cmd.exe`."""
    python = sys.executable.replace("%", "%%")
    text = _CMD.format(mark=SHIM_MARK, python=python, words=" ".join(words), gone=_GONE, help=_HELP)
    return text.replace("\n", "\r\n")


def powershell(words: Sequence[str]) -> str:
    """Return a shim for PowerShell, which would let `cmd.exe` read quoted arguments anew."""
    python = powershell_quoted(sys.executable)
    return _POWERSHELL.format(mark=SHIM_MARK, python=python, words=" ".join(words), gone=_GONE)


def write_program(path: Path, content: bytes, *, mode: int = _EXECUTABLE) -> None:
    """Replace the program at `path` by `content` in one step. Raises `OSError`."""
    with replacing(path) as part:
        part.write_bytes(content)
        part.chmod(mode)


def refuse_passing() -> None:
    """Refuse shims for a guard that will soon be gone: they would block for ever."""
    if "archive-v0" in Path(sys.prefix).parts or "environments-v2" in Path(sys.prefix).parts:
        raise UnsupportedError(
            "this guard lies in uv's cache, from where it may be removed at any time",
            hint="install it to stay, with `uv tool install wheelguard`, and run that one",
        )


def _files(name: str, words: Sequence[str]) -> Iterator[tuple[str, str]]:
    if os.name == "posix":
        yield name, posix(words)
    else:
        yield f"{name}.cmd", cmd(words)
        yield f"{name}.ps1", powershell(words)
