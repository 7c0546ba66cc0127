"""What the guard does with every command and every option of the tools that it stands in for.

One table for each tool. What is in none of them is refused: a newer version may have made it up.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Final

from guard.wrappers.coverage.classified import Classified, Given, Refusal
from guard.wrappers.coverage.scan import Scan
from guard.wrappers.coverage.table import Arity, Command, Handling, Option, Tool, Treatment

__all__ = [
    "TABLES",
    "Arity",
    "Classified",
    "Command",
    "Given",
    "Handling",
    "Option",
    "Refusal",
    "Tool",
    "Treatment",
    "classify",
    "table",
]

TABLES: Final = ("pip", "uv", "uvx", "pipx", "poetry", "pdm")
"""The tools that have a table."""


def table(name: str) -> Tool:
    """Return the table of the tool called `name`; only that one is read."""
    module = import_module(f"guard.wrappers.coverage.{'uv' if name == 'uvx' else name}")
    found = getattr(module, name.upper())
    assert isinstance(found, Tool)  # noqa: S101 - a test reads them all
    return found


def classify(name: str, words: Sequence[str], *, version: str | None = None) -> Classified:
    """Return what `words` come to for the tool called `name`, of that `version` where it is known.

    What is refused is in `refusals`, and nothing that follows an unknown word was read.
    """
    return Scan(table(name), words, version).classified()
