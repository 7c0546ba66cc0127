"""`GUARD_BYPASS=reason`: one command goes past the guard, and it is written down that it did."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

VARIABLE: Final = "GUARD_BYPASS"


def bypassed(command: Sequence[str], *, system: Path | None = None) -> bool:
    """Tell whether the user lets `command` go past the guard; say so, and write it down.

    The variable does not reach what the command starts: it is for one command. It does nothing
    without a reason, or where the system's policy is locked down. Raises `GuardError` where that
    cannot be found out, or not be written down: then nothing runs. `system` is the system's policy
    file (default: where it is on this platform).
    """
    given = os.environ.pop(VARIABLE, None)
    if given is None:
        return False
    from guard.cli.recording import Record, words_without_secrets  # noqa: PLC0415 - seldom needed
    from guard.cli.session import policy_files  # noqa: PLC0415
    from guard.report.text import plain  # noqa: PLC0415

    reason = " ".join(given.split())
    shown = plain(" ".join(words_without_secrets(command)))
    if not reason:
        _say(f"{VARIABLE} gives no reason, so nothing is bypassed")
        return False
    if locked_down(system or policy_files(None).system):
        _say(f"the system's policy is locked down: {VARIABLE} does nothing")
        return False
    Record("bypass", command, target=None).passed(reason)
    _say(f"`{shown}` goes past the guard, and this is recorded: {plain(reason)}")
    return True


def locked_down(system: Path | None) -> bool:
    """Tell whether the system's policy file is locked down. Raises `PolicyError`."""
    from guard.policy.load import table_of  # noqa: PLC0415 - as above

    return system is not None and system.is_file() and table_of(system).get("lockdown") is True


def _say(words: str) -> None:
    sys.stderr.write(f"warning: {words}\n")
