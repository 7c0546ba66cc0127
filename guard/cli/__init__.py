"""The command line: parse, call one function, render, return a code."""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from collections.abc import Sequence
from typing import Final, NoReturn

from guard.cli.untouched import untouched

_GARBAGE: Final = 100_000
"""Objects between two searches for cycles: a run is short, and its pages are many objects."""

_UNREAD: Final = 120
"""What Python itself returns where its output could not be written."""

_PATIENCE: Final = 1.0
"""Seconds that a run which is over waits for its transfers: they end at their next chunk."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    gc.set_threshold(_GARBAGE)
    arguments = untouched(sys.argv[1:] if argv is None else argv)
    if arguments is None:
        from guard.cli.parser import parse  # noqa: PLC0415 - words of pip are not parsed

        arguments = parse(argv)
    from guard.cli.boundary import run  # noqa: PLC0415 - `--help` and `--version` need none of it

    code = run(arguments)
    if _hangs():
        os._exit(code)  # a server that no longer answers must not keep the user waiting
    return code


def entry() -> NoReturn:
    """Run the command of this process, and end it at once: nothing is left to be torn down."""
    code = main()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # nobody reads any more; what was decided is in the code
        code = code or _UNREAD
    os._exit(code)


def _hangs() -> bool:
    """Tell whether a transfer is still waiting for its server; all others have cleaned up."""
    deadline = time.monotonic() + _PATIENCE
    transfers = [t for t in threading.enumerate() if t.name.startswith("guard")]
    for thread in transfers:
        thread.join(max(0.0, deadline - time.monotonic()))
    return any(thread.is_alive() for thread in transfers)
