"""`guard shell`."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from guard.cli.exit import ExitCode
from guard.cli.session import state_folder
from guard.errors import QuarantineError, UsageError
from guard.private import locked, private_folder
from guard.report.text import plain
from guard.shell import adopt, shims, startup
from guard.shell.functions import Shell
from guard.shell.status import HOW_TO_CHECK, NOT_COVERED, Status, status


def run(arguments: argparse.Namespace) -> int:
    """Do one thing to the shells of this user, or to an environment."""
    match arguments.action:
        case "install":
            with _alone():
                _install(arguments)
        case "uninstall":
            with _alone():
                _uninstall(arguments.shell)
        case "status":
            return _status(arguments.output_format)
        case "adopt":
            with _alone():
                _adopt(arguments.environment, undo=arguments.undo)
        case _:
            from guard.cli.parser import parser  # noqa: PLC0415 - it has parsed this one already
            from guard.shell.completions import completions  # noqa: PLC0415

            sys.stdout.write(completions(parser(), arguments.shell))
    return ExitCode.OK


def shim_folder() -> Path:
    """Return the folder of the shims."""
    return state_folder() / "shims"


def _startup_folder() -> Path:
    """Return the folder of startup files as they were before."""
    return state_folder() / "startup"


def _adopted_folder() -> Path:
    return state_folder() / "adopted"


def _install(arguments: argparse.Namespace) -> None:
    folder = shim_folder()
    shell = None if arguments.no_rc else _shell(arguments.shell)
    if shell is None:
        shims.write(folder)
        sys.stdout.write(f"{folder}\n")
        return
    planned = startup.planned(shell, folder)  # what cannot be is said before anything is written
    shims.write(folder)
    changes = startup.apply(planned, _startup_folder())
    for change in changes:
        copy = startup.kept_copy(change.path, _startup_folder())
        _say(f"`{change.path}` written" + (f"; as it was: `{copy}`" if copy else ""))
    if not changes:
        _say(f"the block for {shell} was there already")
    _say(f"open a new shell: `{HOW_TO_CHECK[shell]}` must then name a function")
    _say("`guard shell status` says what is covered and what is not")


def _uninstall(named: str | None) -> None:
    shells = [Shell(named)] if named else [*Shell]
    for shell in shells:
        for change in startup.uninstall(shell, _startup_folder()):
            did = "removed, for there was none" if change.after is None else "the block is out"
            _say(f"`{change.path}`: {did}")
    left = [shell for shell in Shell if startup.with_block(shell)]
    if left:
        _say(f"the shims stay for {', '.join(left)}")
    else:
        shims.remove(shim_folder())
        _say("the shims are gone; shells that are open still know them")
    for environment in adopt.adopted(_adopted_folder()):
        _say(f"still adopted: `{environment}`; `guard shell adopt --undo` gives it its pip back")


def _adopt(environment: Path, *, undo: bool) -> None:
    if undo:
        done = adopt.undo(environment, _adopted_folder())
        _say(f"`{environment}` has its own {', '.join(done.changed) or 'pip'} again")
        if done.left:
            _say(f"left, for they were no shims any more: {', '.join(done.left)}")
        return
    done = adopt.adopt(environment, _adopted_folder())
    names = ", ".join((*done.changed, "python -m pip"))
    _say(f"{names} of `{environment}` go through the guard now")
    _say("an upgrade of pip there writes them anew: then run this again")


def _status(output_format: str) -> int:
    active = os.environ.get("VIRTUAL_ENV")
    now = status(shim_folder(), os.environ.get("PATH", ""), Path.cwd(), active)
    if output_format == "json":
        sys.stdout.write(json.dumps(now.document(), indent=2) + "\n")
    else:
        sys.stdout.writelines(f"{plain(line)}\n" for line in _lines(now))
    return ExitCode.OK if now.covered else ExitCode.UNDECIDED


def _lines(now: Status) -> Iterator[str]:
    yield f"{_mark(well=not now.faults)} shims: {now.shims}" + (
        f"; {now.faults[0]} and {len(now.faults) - 1} more: run `guard shell install` again"
        if now.faults
        else ""
    )
    yield f"{_mark(well=now.on_path == 'first')} PATH: the shims are {now.on_path} on it"
    for file in now.files:
        if file.block != "absent":
            yield f"{_mark(well=file.block == 'present')} {file.shell}: {file.path}: {file.block}"
    if all(file.block == "absent" for file in now.files):
        well = now.on_path == "first"  # as in a container, where nobody types
        yield f"{_mark(well=well)} no startup file has the block: `guard shell install`"
    for tool in now.tools:
        if tool.real or not tool.covered:
            goes = "the guard" if tool.covered else f"{tool.first}, past the guard"
            yield f"{_mark(well=tool.covered)} {tool.name} in a script: {goes}"
    if now.adopted is not None:
        has = "goes through the guard" if now.adopted else "does not: `guard shell adopt`"
        yield f"{_mark(well=now.adopted)} {now.environment}: its own pip {has}"
    yield ""
    yield "Functions are not seen from outside. To see whether your shell has them, type:"
    yield from (f"  {shell}: {command}" for shell, command in HOW_TO_CHECK.items())
    yield ""
    yield "Not covered by shims or functions:"
    yield from (f"  {line}" for line in NOT_COVERED)


def _mark(*, well: bool) -> str:
    return "ok  " if well else "BAD "


def _shell(named: str | None) -> Shell:
    """Return the shell that is named, else the user's own. Raises `UsageError`."""
    if named:
        return Shell(named)
    own = Path(os.environ.get("SHELL", "powershell" if sys.platform == "win32" else "")).name
    if own in {*Shell}:
        return Shell(own)
    raise UsageError(
        f"the shell `{own}` is not one of those that are known"
        if own
        else "your shell is not known: SHELL is not set",
        hint=f"name one with `--shell`: {', '.join(Shell)}",
    )


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Let nobody else change shells and environments meanwhile. Raises `QuarantineError`."""
    folder = state_folder()
    with contextlib.ExitStack() as stack:
        try:
            private_folder(folder)
            stack.enter_context(locked(folder / "shell.lock"))
        except OSError as error:
            raise QuarantineError(
                f"`{folder}` cannot be used",
                reason=error.strerror or str(error),
                hint="name another folder in GUARD_STATE_DIR",
            ) from None
        yield


def _say(words: str) -> None:
    sys.stderr.write(f"{plain(words)}\n")
