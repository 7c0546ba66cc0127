"""Exit codes: the one place that knows them."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from guard.errors import (
    GuardError,
    InstallerError,
    OutdatedError,
    PolicyError,
    RefusedError,
    SourceError,
    UsageError,
)

if TYPE_CHECKING:
    from guard.model import Decision


class ExitCode(enum.IntEnum):
    """What a run came to; any other code is the real installer's own."""

    OK = 0
    OUTDATED = 1
    USAGE = 2
    UNDECIDED = 69
    FAILED = 70
    DENIED = 77
    CONFIGURATION = 78
    INTERRUPTED = 130


def of_decision(decision: Decision) -> int:
    """Return the exit code of a judgement."""
    from guard.model import Decision  # noqa: PLC0415 - a tool that is passed on needs none

    match decision:
        case Decision.ADMITTED:
            return ExitCode.OK
        case Decision.DENIED:
            return ExitCode.DENIED
        case Decision.UNDECIDED:
            return ExitCode.UNDECIDED


def of_error(error: GuardError) -> int:  # noqa: PLR0911 - one for each kind
    """Return the exit code of an error; never 0, whatever the installer said."""
    match error:
        case InstallerError(exit_code=code):
            return code or ExitCode.FAILED
        case OutdatedError():
            return ExitCode.OUTDATED
        case UsageError() | RefusedError(status=400):
            return ExitCode.USAGE
        case RefusedError():
            return ExitCode.DENIED
        case PolicyError():
            return ExitCode.CONFIGURATION
        case SourceError():
            return ExitCode.UNDECIDED
        case _:
            return ExitCode.FAILED
