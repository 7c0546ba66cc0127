"""`python -m pip` of an environment, handed to the guard by pip's own configuration.

pip's option `python` names the interpreter that pip runs under: it starts that one with its own
runner and words. In the environment's `pip.conf` it names a shim. So it holds for whoever starts
this pip: a script, a notebook, `pip-sync`.
"""

from __future__ import annotations

import configparser
import stat
from pathlib import Path
from typing import Final

from guard.errors import UnsupportedError
from guard.shell import shims
from guard.wrappers.tools import is_shim

_PROGRAM: Final = "wheelguard-python"
_BEGIN: Final = "# >>> wheelguard >>>"
_END: Final = "# <<< wheelguard <<<"
_HEADER: Final = "[global]"
_NEW: Final = 0o644
_PROGRAM_MODE: Final = 0o755


def begin(environment: Path, python: Path, entry: Path) -> None:
    """Let the pip of `python` do what the adopted `entry` point does.

    Raises `OSError`, `UnsupportedError`.
    """
    program, path = _places(environment, python)
    text = planned(environment, python)
    shim = shims.posix((str(entry),), of=python)
    first, mark, rest = shim.split("\n", 2)
    # What comes first among the words is pip's own runner.
    shims.write_program(program, f"{first}\n{mark}\nshift\n{rest}".encode(), mode=_PROGRAM_MODE)
    shims.write_program(path, text.encode(), mode=_mode(path))


def end(environment: Path, python: Path, *, had: bool) -> None:
    """Take it back; the file too, where there was none (`had`). Raises `OSError`."""
    program, path = _places(environment, python)
    text = _text(path)
    if _BEGIN in text:
        own = _without(text)
        if own or had:
            shims.write_program(path, own.encode(), mode=_mode(path))
        else:
            path.unlink()
    if is_shim(program):
        program.unlink()


def is_begun(environment: Path, python: Path) -> bool:
    """Tell whether the environment's pip is told to start the guard."""
    program, path = _places(environment, python)
    try:
        return is_shim(program) and f"\npython = {program}\n" in _text(path)
    except (OSError, UnicodeDecodeError):
        return False


def planned(environment: Path, python: Path) -> str:
    """Return what `pip.conf` is to hold. Raises `UnsupportedError` where it cannot be added to."""
    program, path = _places(environment, python)
    parser = configparser.RawConfigParser()
    try:
        if path.exists() and (path.is_symlink() or not path.is_file()):
            raise _unexpected(path, "it is not a file of its own")
        text = _with(_without(_text(path)), program)
        parser.read_string(text)
    except (OSError, UnicodeDecodeError, configparser.Error) as error:
        raise _unexpected(path, " ".join(str(error).split())) from None
    named = [parser.get(name, "python", fallback=None) for name in parser.sections()]
    if [name for name in named if name] != [str(program)]:
        raise _unexpected(path, "it names an interpreter, `python`, already")
    return text


def _places(environment: Path, python: Path) -> tuple[Path, Path]:
    return python.with_name(_PROGRAM), environment / "pip.conf"


def _text(path: Path) -> str:
    """Return what the file holds, with the ends of lines that it has; nothing where there is none.

    Raises `OSError`, `UnicodeDecodeError`.
    """
    if not path.is_file():
        return ""
    with path.open(encoding="utf-8", newline="") as stream:
        return stream.read()


def _with(text: str, program: Path) -> str:
    """Return the configuration with the block in it: a section may be there only once."""
    own = f"{_BEGIN}\npython = {program}\n{_END}\n"
    lines = text.splitlines(keepends=True)
    at = next((n for n, line in enumerate(lines) if line.rstrip() == _HEADER), None)
    if at is None:
        return own.replace("python", f"{_HEADER}\npython", 1) + text
    return "".join((*lines[: at + 1], own, *lines[at + 1 :]))


def _without(text: str) -> str:
    before, begun, rest = text.partition(f"{_BEGIN}\n")
    _, ended, after = rest.partition(f"{_END}\n")
    return before + after if begun and ended else text


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode) if path.exists() else _NEW


def _unexpected(path: Path, reason: str) -> UnsupportedError:
    return UnsupportedError(
        f"`{path}` cannot be added to, so nothing was replaced",
        reason=reason,
        hint="mend the file, or take it away",
    )
