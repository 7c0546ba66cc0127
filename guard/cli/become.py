"""To run another program in this one's place: its signals, its streams and its exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

from guard.errors import InstallerError

_NOT_STARTED = 126
"""What a shell returns for a program that is there and cannot be run."""


def become(command: Sequence[str], environ: Mapping[str, str]) -> NoReturn:
    """Run `command` with the variables of `environ`. Raises `InstallerError`.

    A reason to go past the guard was for this command, and is not for what it starts.
    """
    kept = {name: value for name, value in environ.items() if name != "GUARD_BYPASS"}
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        if sys.platform == "win32":
            import subprocess  # noqa: PLC0415 - the others become what they run

            sys.exit(subprocess.call(command, env=kept))
        os.execve(command[0], list(command), kept)  # noqa: S606 - there is no shell
    except OSError as error:
        raise InstallerError(
            f"`{command[0]}` could not be started",
            reason=error.strerror or str(error),
            exit_code=_NOT_STARTED,
        ) from None
