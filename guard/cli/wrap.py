"""`guard uv …` and `guard uvx …`: the tool itself, behind the gateway.

What brings nothing in is uv's own business, and costs no more than to find that out.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence

import uv

from guard.cli.uv_words import classify
from guard.errors import GuardError


def run(arguments: argparse.Namespace) -> int:
    """Run the tool, or refuse to; what came of it is said after the tool has said it."""
    words: list[str] = arguments.words
    if arguments.tool == "uvx":
        words = ["tool", "run", *words]
    plan, tool = classify(words), uv.find_uv_bin()
    if plan is None:
        return _become([tool, *words], os.environ)
    from guard.cli.glance import satisfied  # noqa: PLC0415 - not for what is passed on

    if (nowhere := satisfied(plan, tool)) is not None:
        if plan.then is None:
            return _become([tool, "--offline", *plan.prepare], nowhere)
        return _become([tool, "--offline", *plan.then], os.environ)
    from guard.cli.wrapped import Wrapped  # noqa: PLC0415 - everything else is imported there

    wrapped = Wrapped(plan)
    code = wrapped.prepare(tool)
    if code or plan.then is None:
        return code
    return _become([tool, *wrapped.options, *plan.then], wrapped.own_environment())


def _become(command: Sequence[str], environ: Mapping[str, str]) -> int:
    """Become the tool: signals, terminal and exit code are its own. Returns only by raising."""
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execve(command[0], list(command), dict(environ))  # noqa: S606 - a list of words
    except OSError as error:
        raise GuardError(f"`{command[0]}` could not be started", reason=error.strerror) from None
