"""`guard uv …` and `guard uvx …`: the tool itself, behind the gateway.

What brings nothing in is uv's own business, and costs no more than to find that out.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import uv

from guard.cli.uv_words import classify
from guard.errors import GuardError, InstallerError, UnsupportedError
from guard.wrappers.tools import Tool, find

_SUPPORTED: Final = ">=0.13.8,<0.14"
"""The versions of uv whose commands and options are known one by one."""


def run(arguments: argparse.Namespace) -> int:
    """Run the tool, or refuse to; what came of it is said after the tool has said it."""
    words: list[str] = arguments.words
    if arguments.tool == "uvx":
        words = ["tool", "run", *words]
    plan, found = classify(words), _real()
    if plan is None:
        return _become([str(found.path), *words], os.environ)
    tool = _known(found)
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


def _real() -> Tool:
    """Return the uv that a shell would run, were it not for the guard; else the guard's own."""
    try:
        return find("uv")
    except InstallerError:
        return Tool(name="uv", path=Path(uv.find_uv_bin()))


def _known(tool: Tool) -> str:
    """Return the path of a uv whose options are known here. Raises `UnsupportedError`."""
    from packaging.specifiers import SpecifierSet  # noqa: PLC0415 - not for what is passed on

    if not SpecifierSet(_SUPPORTED).contains(tool.version, prereleases=True):
        raise UnsupportedError(
            f"`{tool.path}` is uv {tool.version}, which the guard does not know",
            reason=f"it knows uv {_SUPPORTED}: another one may have ways in that nobody judges",
            hint="use one of these, or a newer guard",
        )
    return str(tool.path)


def _become(command: Sequence[str], environ: Mapping[str, str]) -> int:
    """Become the tool: signals, terminal and exit code are its own. Returns only by raising."""
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execve(command[0], list(command), dict(environ))  # noqa: S606 - a list of words
    except OSError as error:
        raise GuardError(f"`{command[0]}` could not be started", reason=error.strerror) from None
