"""Where errors end: every one becomes a message and an exit code, never a traceback."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from typing import TextIO

from guard.cli.exit import ExitCode, of_error
from guard.errors import GuardError, InstallerError, PolicyError


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    try:
        command = importlib.import_module(f"guard.cli.{arguments.module}")
        code: int = command.run(arguments)
        sys.stdout.flush()
    except GuardError as error:
        _tell(error, arguments)
        return of_error(error)
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted; what had not begun was not installed\n")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        _abandon_stdout()
        return ExitCode.FAILED
    except Exception as error:  # noqa: BLE001 - the outermost boundary: undecided, type kept
        _tell(_own_failure(error), arguments)
        return ExitCode.FAILED
    return code


def _abandon_stdout() -> None:
    """Let what is still to be written go nowhere: whoever read it has left, as `head` does."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _own_failure(error: Exception) -> GuardError:
    if os.environ.get("GUARD_LOG"):
        import traceback  # noqa: PLC0415 - seldom asked for

        traceback.print_exception(error)
    return GuardError(
        "the guard itself failed, so nothing was decided and nothing installed",
        reason=f"{type(error).__name__}: {error}",
        hint="please report this; GUARD_LOG=debug shows where it happened",
    )


def _tell(error: GuardError, arguments: argparse.Namespace) -> None:
    match getattr(arguments, "output_format", "text"):
        case "json":
            from guard.report import json  # noqa: PLC0415 - only when it is asked for

            sys.stdout.write(json.render_error(error))
        case "sarif":
            from guard.report import sarif  # noqa: PLC0415

            sys.stdout.write(sarif.render_error(error, exit_code=of_error(error)))
        case _:
            pass
    sys.stderr.write(message(error, colour=coloured(sys.stderr)))


def message(error: GuardError, *, colour: bool = False) -> str:
    """Return the paragraph that says what happened, to what, why, and what to do next."""
    from guard.report.text import plain  # noqa: PLC0415

    word = "\x1b[1;31merror\x1b[0m" if colour else "error"
    lines = [f"{word}: {plain(error.message)}"]
    if isinstance(error, PolicyError) and error.source:
        lines += [f"  --> {plain(error.source)}" + (f", {plain(error.at)}" if error.at else "")]
    if error.reason:
        lines.append(f"   = reason: {plain(error.reason)}")
    if isinstance(error, InstallerError) and error.output:
        lines += [f"   | {line}" for line in plain(error.output, lines=True).splitlines()]
    if error.hint:
        lines.append(f"   = help: {plain(error.hint)}")
    return "\n".join(lines) + "\n"


def coloured(stream: TextIO) -> bool:
    """Tell whether `stream` may have colours: a terminal, and NO_COLOR is not set."""
    return stream.isatty() and not os.environ.get("NO_COLOR")
