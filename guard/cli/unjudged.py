"""`guard pipx|poetry|pdm …`: what brings no code in is passed on, and all the rest refused.

Nothing judges yet what these tools resolve and install by themselves.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from guard.cli.become import become
from guard.errors import GuardError, UnsupportedError
from guard.wrappers.coverage import Handling, classify
from guard.wrappers.coverage.environment import for_passed
from guard.wrappers.tools import find

if TYPE_CHECKING:
    import argparse

_INSTEAD: Final = {
    "pipx": "`guard uvx` runs a tool, and `guard uv tool install` keeps it",
    "poetry": "`guard audit poetry.lock` judges what it locks",
    "pdm": "`guard audit pdm.lock` judges what it locks",
}


def pass_through(tool: str, words: Sequence[str]) -> None:
    """Become the real tool, where what it was asked for brings no code in. Otherwise return."""
    try:
        if classify(tool, words).handling is Handling.PASSED:
            become([str(find(tool).path), *words], for_passed(tool, os.environ))
    except GuardError:
        return  # `run` comes to the same, and says so


def run(arguments: argparse.Namespace) -> int:
    """Pass on what is harmless or let past, and refuse everything else."""
    from guard.cli.bypass import bypassed  # noqa: PLC0415 - not for what is passed on

    tool, words = arguments.tool, arguments.words
    found, real = classify(tool, words), find(tool)
    if found.handling is Handling.PASSED:
        become([str(real.path), *words], for_passed(tool, os.environ))
    if bypassed([tool, *words]):
        become([str(real.path), *words], os.environ)
    if found.handling is Handling.REFUSED:
        raise found.error()
    raise UnsupportedError(
        f"`{' '.join([tool, *found.command])}` is not judged",
        reason=f"nothing looks yet at what {tool} would install",
        hint=f"{_INSTEAD[tool]}; GUARD_BYPASS=REASON lets one command past, and is recorded",
    )
