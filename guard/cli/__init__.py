"""The command line: parse, call one function, render, return a code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from guard.cli.parser import parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = parser().parse_args(argv)
    from guard.cli.boundary import run  # noqa: PLC0415 - `--help` and `--version` need none of it

    code = run(arguments)
    sys.stdout.flush()
    sys.stderr.flush()
    if code == 130:  # noqa: PLR2004 - a transfer may hang in a thread: do not wait for it
        os._exit(code)
    return code
