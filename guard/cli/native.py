"""What a tool was asked for, done by the guard's own command: the words of one as the other's."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from guard.cli.parser import parse
from guard.wrappers.coverage import Classified


def do(found: Classified, more: Sequence[str] = ()) -> int:
    """Do what `found` comes to, with the guard's own options `more`; they count most."""
    command, *words = found.guard_words
    at = words.index("--")
    arguments = parse([command, *words[:at], *more, *words[at:]])
    code: int = import_module(f"guard.cli.{arguments.module}").run(arguments)
    return code
