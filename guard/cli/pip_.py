"""`guard pip …` and `guard python …`: the words of a shell's command line, with `guard` in front.

What installs is judged, what cannot is handed to the real program, and the rest is refused.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from guard.cli.become import become
from guard.errors import GuardError, UnsupportedError, UsageError
from guard.wrappers.coverage import Classified, Handling, classify
from guard.wrappers.interpreter import RUN_PIP, STARTED_BY_PIP, interpreter_of, resolved
from guard.wrappers.names import MODULES, is_python, module_asked_for
from guard.wrappers.tools import Tool, find, is_shim

if TYPE_CHECKING:
    from argparse import Namespace

_YES: Final = frozenset({"1", "true", "yes", "on", "y", "t"})


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
            become(call.bare, _environment(call))
    except GuardError:
        return  # `run` comes to the same, and says so


def run(arguments: Namespace) -> int:
    """Judge what would be installed, or refuse."""
    from guard.cli.bypass import bypassed  # noqa: PLC0415 - costs a start that passes through

    words: list[str] = arguments.words
    call = _call(words)
    if bypassed(words) or _harmless(call):
        become(call.bare, _environment(call))
    if call.tool != "pip":
        return _module(call)
    found = classify("pip", call.words)
    if found.handling is not Handling.NATIVE:
        raise found.error()
    return _judge(call.program, found)


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


def _environment(call: Call) -> dict[str, str]:
    """Return the variables of the real program: an adopted pip is not to start the guard again."""
    return dict(os.environ) | (STARTED_BY_PIP if call.program.interpreter else {})


def _harmless(call: Call) -> bool:
    if call.tool != "pip":
        return not call.tool
    return classify("pip", call.words).handling is Handling.PASSED


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


def _judge(program: Tool, found: Classified) -> int:
    """Do what the guard's own command does, for the interpreter that pip would do it for."""
    from guard.cli.native import do  # noqa: PLC0415 - only one way in three leads here
    from guard.install.target import find_python  # noqa: PLC0415

    if not (found.positionals or found.values("--requirement", "--editable")):
        raise UsageError(
            "nothing was asked for", hint="name a requirement, or a file with `-r`"
        )  # where `guard lock` would take the project of this folder
    named = found.values("--python")
    python = find_python(named[-1], system=False) if named else _interpreter(program)
    more = _configured(python, found)
    if found.entry.guard == "lock":
        more.append("--upgrade")  # it keeps nothing of an old one
    return do(found, ["--installer=pip", f"--python={python}", *more])


def _configured(python: Path, found: Classified) -> list[str]:
    """Return the guard's options for what pip is configured with.

    Refuse where it is told to work on another environment, or on none that is not virtual.
    """
    from guard.cli import pip_configured  # noqa: PLC0415
    from guard.install import pip_configuration  # noqa: PLC0415
    from guard.install.target import environment_of  # noqa: PLC0415

    environment = environment_of(python)
    sections = ("global", *found.command)
    options = pip_configuration.read(prefix=environment, sections=sections).options
    named = options.get("python")
    if named and not found.has("--python") and not is_shim(Path(named)):  # an adopted one's is
        raise UnsupportedError(
            f"pip is configured with `python = {options['python']}`",
            reason="the guard installs for the interpreter whose pip is called",
            hint="call that one's pip, or take the setting out of the configuration",
        )
    configured = options.get("require-virtualenv", "").lower() in _YES
    if environment is None and (configured or found.has("--require-virtualenv")):
        raise UsageError(
            f"`{python}` is not in a virtual environment, and pip is told to require one",
            hint="activate one; or `python -m venv .venv`",
        )
    return pip_configured.options(found, options)
