"""`GUARD_BYPASS=reason`: one command goes past the guard, and it is written down that it did."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from guard.cli.session import policy_files, state_folder
from guard.errors import QuarantineError
from guard.policy.load import table_of
from guard.private import append_private, private_folder
from guard.report.text import plain

VARIABLE: Final = "GUARD_BYPASS"
_FILE: Final = "bypassed.jsonl"
_PASSWORD: Final = re.compile(r"(?<=://)[^/\s]*@")


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
    reason = " ".join(given.split())
    shown = plain(" ".join(_without_passwords(command)))
    if not reason:
        _say(f"{VARIABLE} gives no reason, so nothing is bypassed")
        return False
    if locked_down(system or policy_files(None).system):
        _say(f"the system's policy is locked down: {VARIABLE} does nothing")
        return False
    record_bypass(reason, _without_passwords(command))
    _say(f"`{shown}` goes past the guard, and this is recorded: {plain(reason)}")
    return True


def record_bypass(reason: str, command: Sequence[str]) -> None:
    """Write down that `command` went past the guard. Raises `QuarantineError`: then it must not."""
    event = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "event": "bypass",
        "reason": reason,
        "command": list(command),
        "folder": str(Path.cwd()),
    }
    path = state_folder() / _FILE
    try:
        private_folder(path.parent)
        append_private(path, json.dumps(event).encode() + b"\n")
    except OSError as error:
        raise QuarantineError(
            "the bypass could not be written down, so nothing ran",
            reason=error.strerror or str(error),
            hint="name another folder in GUARD_STATE_DIR",
        ) from None


def locked_down(system: Path | None) -> bool:
    """Tell whether the system's policy file is locked down. Raises `PolicyError`."""
    return system is not None and system.is_file() and table_of(system).get("lockdown") is True


def _without_passwords(command: Sequence[str]) -> list[str]:
    return [_PASSWORD.sub("****@", word) for word in command]


def _say(words: str) -> None:
    sys.stderr.write(f"warning: {words}\n")
