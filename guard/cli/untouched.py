"""Command lines of other programs with `guard` in front: nothing of them is parsed as ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from guard.wrappers.names import is_pip, is_python

if TYPE_CHECKING:
    from argparse import Namespace

_PROXIED: Final = frozenset({"uv", "uvx"})
"""The tools of which some commands run behind the gateway."""


_OTHERS: Final = frozenset({"pipx", "poetry", "pdm"})


def untouched(words: Sequence[str]) -> Namespace | None:
    """Return the command line of a wrapped tool, if it is one; what is harmless never returns."""
    if words and words[0] in _PROXIED:
        return _of_uv(words[0], list(words[1:]))
    if words and words[0] in _OTHERS:
        return _other(words[0], list(words[1:]))
    if not words or not (is_pip(words[0]) or is_python(words[0])):
        return None
    from guard.cli.pip_ import pass_through  # noqa: PLC0415 - no other command needs it

    pass_through(words)
    from argparse import Namespace  # noqa: PLC0415 - what passes through needs none

    return Namespace(module="pip_", words=list(words))


def _of_uv(tool: str, words: list[str]) -> Namespace:
    from guard.cli.wrap import pass_through  # noqa: PLC0415 - no other command needs it

    pass_through(tool, words)
    from argparse import Namespace  # noqa: PLC0415 - what passes through needs none

    return Namespace(command=tool, module="wrap", tool=tool, words=words)


def _other(tool: str, words: list[str]) -> Namespace:
    from guard.cli.others import pass_through  # noqa: PLC0415 - no other command needs it

    pass_through(tool, words)
    from argparse import Namespace  # noqa: PLC0415 - what passes through needs none

    return Namespace(command=tool, module="others", tool=tool, words=words)
