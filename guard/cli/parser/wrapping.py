"""The wrapped tools: their words are theirs, so argparse never sees them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Final

_TOOLS: Final = frozenset({"uv", "uvx"})


def words(argv: Sequence[str]) -> argparse.Namespace | None:
    """Return the command of a wrapped tool, word for word; `None` where it is none.

    `guard uv --help` is about the wrapper: the tool's own is `guard uv help`.
    """
    if not argv or argv[0] not in _TOOLS or list(argv[1:]) in (["--help"], ["-h"]):
        return None
    return argparse.Namespace(command=argv[0], module="wrap", tool=argv[0], words=list(argv[1:]))


def uv(command: argparse.ArgumentParser) -> None:
    """Describe `guard uv`; its words are read by `words`."""
    command.description = (
        "Run uv with the words that follow, behind the gateway: what the policy denies is hidden"
        " from its resolver, and every file is judged before uv gets it."
    )
    _whatever(command, "uv", "add requests")


def uvx(command: argparse.ArgumentParser) -> None:
    """Describe `guard uvx`; its words are read by `words`."""
    command.description = (
        "Run uvx with the words that follow: the tool is fetched behind the gateway and judged,"
        " then run without it."
    )
    _whatever(command, "uvx", "ruff check")


def _whatever(command: argparse.ArgumentParser, tool: str, example: str) -> None:
    """Add the words for those who read the help: `words` has taken them from everybody else."""
    command.set_defaults(module="wrap", tool=tool)
    command.add_argument(
        "words", nargs=argparse.REMAINDER, metavar="WORDS", help=f"as without guard: {example}"
    )
