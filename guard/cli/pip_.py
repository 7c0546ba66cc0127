"""`guard pip …` and `guard python …`: the words of a shell's command line, with `guard` in front.

What installs is judged, what cannot is handed to the real program, and the rest is refused.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn

from guard.errors import GuardError, UnsupportedError, UsageError
from guard.wrappers.interpreter import RUN_PIP, interpreter_of, resolved
from guard.wrappers.names import MODULES, is_python, module_asked_for
from guard.wrappers.pip_words import PipWords, split
from guard.wrappers.tools import Tool, find

if TYPE_CHECKING:
    from argparse import Namespace

_YES: Final = frozenset({"1", "true", "yes", "on", "y", "t"})

_NEAREST: Final = {
    "download": "`guard download`",
    "lock": "`guard lock`",
    "wheel": "`guard download`, where there are wheels",
}


class Call(NamedTuple):
    """One command line: the program, how it is run unjudged, and the tool that it comes to."""

    program: Tool
    bare: list[str]
    tool: str = ""
    """`pip`, or what else `python -m` was asked for; nothing where Python is asked for itself."""

    words: tuple[str, ...] = ()
    """What the tool is asked for."""


def pass_through(words: Sequence[str]) -> None:
    """Become the real program, where what it was asked for brings no code in. Otherwise return."""
    try:
        call = _call(words)
        if _harmless(call):
            _become(call.bare)
    except GuardError:
        return  # `run` comes to the same, and says so


def run(arguments: Namespace) -> int:
    """Judge what would be installed, or refuse."""
    from guard.cli.bypass import bypassed  # noqa: PLC0415 - costs a start that passes through

    words: list[str] = arguments.words
    call = _call(words)
    if bypassed(words) or _harmless(call):
        _become(call.bare)
    if call.tool != "pip":
        return _module(call)
    asked = split(call.words)
    if asked.command != "install":
        raise _refused(asked)
    return _install(call.program, asked)


def _call(words: Sequence[str]) -> Call:
    """Return what `words` call: the words of `-m pip` are pip's. Raises `GuardError`."""
    program, rest = find(words[0]), list(words[1:])
    if is_python(words[0]):
        bare = [str(program.path), *rest]
        module, at = module_asked_for(rest) or ("", 0)
        ours = module.partition(".")[0] in MODULES
        return Call(
            program, bare, module.removesuffix(".__main__") if ours else "", tuple(rest[at:])
        )
    if program.interpreter is not None:
        return Call(program, [str(program.interpreter), "-c", RUN_PIP, *rest], "pip", tuple(rest))
    return Call(program, [str(program.path), *rest], "pip", tuple(rest))


def _harmless(call: Call) -> bool:
    return not call.tool or (call.tool == "pip" and split(call.words).harmless)


def _module(call: Call) -> int:
    """Do what `python -m uv` does: uv's words, for the environment of that Python."""
    from guard.cli import main  # noqa: PLC0415 - it has called us
    from guard.install.target import environment_of  # noqa: PLC0415

    environment = environment_of(call.program.path)
    if call.tool != "uv" or environment is None:
        raise UnsupportedError(
            f"`{call.program.name} -m {call.tool}` is not judged",
            reason="it may be another one than that on PATH, for another environment",
            hint=f"call it by its name: `{call.tool.partition('.')[0]}`",
        )
    os.environ.setdefault("VIRTUAL_ENV", str(environment))  # as uv's own module does
    return main(["uv", *call.words])


def _interpreter(tool: Tool) -> Path:
    return resolved(tool.path) if is_python(tool.name) else interpreter_of(tool)


def _install(program: Tool, asked: PipWords) -> int:
    """Do what `guard install` does, for the environment of that pip."""
    from guard.cli import install  # noqa: PLC0415 - only one way in three leads here
    from guard.cli.parser import parse  # noqa: PLC0415
    from guard.cli.pip_options import kept  # noqa: PLC0415

    words = kept([*asked.options, *asked.rest])
    python = _interpreter(program)
    _refuse_configured(python)
    return install.run(parse(["install", "--installer=pip", f"--python={python}", *words]))


def _refuse_configured(python: Path) -> None:
    """Refuse where pip is configured to work on another environment, or on none."""
    from guard.install import pip_configuration  # noqa: PLC0415
    from guard.install.target import environment_of  # noqa: PLC0415

    environment = environment_of(python)
    options = pip_configuration.read(prefix=environment).options
    if options.get("python"):
        raise UnsupportedError(
            f"pip is configured with `python = {options['python']}`",
            reason="the guard installs for the interpreter whose pip is called",
            hint="call that one's pip, or take the setting out of the configuration",
        )
    wanted = options.get("require-virtualenv", "").lower() in _YES
    if wanted and environment is None:
        raise UsageError(
            f"`{python}` is not in a virtual environment, and pip is configured to require one",
            hint="activate one; or `python -m venv .venv`",
        )


def _refused(asked: PipWords) -> UnsupportedError:
    nearest = _NEAREST.get(asked.command or "")
    return UnsupportedError(
        f"`pip {asked.command}` is not judged, so it is refused",
        reason="it can bring code in, or the guard does not know that it cannot",
        hint=f"use {nearest}" if nearest else "`guard install` is the guarded way to install",
    )


def _become(command: list[str]) -> NoReturn:
    """Run `command` in this one's place: its signals, its streams and its exit code."""
    os.environ.pop("GUARD_BYPASS", None)  # it was for this command, not for what it starts
    sys.stderr.flush()
    if sys.platform == "win32":
        import subprocess  # noqa: PLC0415 - the others become what they run

        sys.exit(subprocess.call(command))
    try:
        os.execv(command[0], command)  # noqa: S606 - there is no shell, and none is wanted
    except OSError as error:
        raise UsageError(
            f"`{command[0]}` could not be started", reason=error.strerror or str(error)
        ) from None
