"""The command line: parse, call one function, render, return a code."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from typing import Final

from guard.cli.parser import parse

_PATIENCE: Final = 1.0
"""Seconds that a run which is over waits for its transfers: they end at their next chunk."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = parse(argv)
    from guard.cli.boundary import run  # noqa: PLC0415 - `--help` and `--version` need none of it

    code = run(arguments)
    if _hangs():
        os._exit(code)  # a server that no longer answers must not keep the user waiting
    return code


def _hangs() -> bool:
    """Tell whether a transfer is still waiting for its server; all others have cleaned up."""
    deadline = time.monotonic() + _PATIENCE
    transfers = [t for t in threading.enumerate() if t.name.startswith("guard")]
    for thread in transfers:
        thread.join(max(0.0, deadline - time.monotonic()))
    return any(thread.is_alive() for thread in transfers)
