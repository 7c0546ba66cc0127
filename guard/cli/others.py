"""`guard pipx|poetry|pdm …`: the tool's own words, each command on the way that is right for it.

What brings nothing in is the tool's own business. Everything else is the tool itself, behind the
gateway, or refused: the tables of `guard.wrappers.coverage` say which.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from guard.cli.become import become
from guard.errors import GuardError, UnsupportedError
from guard.wrappers.coverage import Handling, classify, table
from guard.wrappers.coverage.environment import for_passed
from guard.wrappers.tools import find

if TYPE_CHECKING:
    import argparse

    from guard.wrappers.tools import Tool


def pass_through(tool: str, words: Sequence[str]) -> None:
    """Become the real tool, where what it was asked for brings no code in. Otherwise return."""
    try:
        if classify(tool, words).handling is Handling.PASSED:
            become([str(find(tool).path), *words], for_passed(tool, os.environ))
    except GuardError:
        return  # `run` comes to the same, and says so


def run(arguments: argparse.Namespace) -> int:
    """Do what the tool was asked for, or refuse to."""
    from guard.cli.bypass import bypassed  # noqa: PLC0415 - not for what is passed on

    tool, words = arguments.tool, arguments.words
    found, real = classify(tool, words), find(tool)
    if found.handling is Handling.PASSED:
        become([str(real.path), *words], for_passed(tool, os.environ))
    if bypassed([tool, *words]):
        become([str(real.path), *words], os.environ)
    if found.handling is Handling.REFUSED:
        raise found.error()
    _check(real)
    behind = import_module(f"guard.cli.{tool}_words")
    code: int = behind.run(found, words, real)
    return code


def _check(real: Tool) -> None:
    """Raise `UnsupportedError` for a version that nobody has looked at: its words may mean more."""
    from packaging.version import Version  # noqa: PLC0415 - not for what is passed on

    lowest, newest = map(Version, table(real.name).versions)
    version = _recorded(real) or real.version
    if not lowest <= Version(version) < Version(str(newest.major + 1)):
        raise UnsupportedError(
            f"`{real.path}` is {real.name} {version}, which the guard does not know",
            reason=f"it knows {lowest} and what follows of {newest.major}: another one may have "
            "ways in that nobody judges",
            hint="use one of these, or a newer guard",
        )


def _recorded(real: Tool) -> str | None:
    """Return the version that is recorded beside a tool; to ask the tool takes half a second."""
    environment = real.path.resolve().parent.parent
    pattern = f"lib/python*/site-packages/{real.name}-*.dist-info"
    versions = {path.stem.partition("-")[2] for path in environment.glob(pattern)}
    return versions.pop() if len(versions) == 1 else None
