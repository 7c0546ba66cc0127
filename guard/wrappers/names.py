"""What the tools are called. Imported at every start of a shim: it imports nothing that costs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

_VERSIONS: Final = tuple(f"3.{minor}" for minor in range(8, 16))

PIPS: Final = ("pip", "pip3", *(f"pip{version}" for version in _VERSIONS))
"""The names under which a shell knows pip."""

TOOLS: Final = (*PIPS, "uv", "uvx", "pipx", "poetry", "pdm")
"""The programs that get a shim."""

PYTHONS: Final = ("python", "python3", *(f"python{version}" for version in _VERSIONS))
"""The interpreters of which `-m pip` and its like go through the guard."""

MODULES: Final = ("pip", "uv", "pipx", "poetry", "pdm")
"""The tools that `python -m` can start."""

SHIM_MARK: Final = "wheelguard shim"
"""What the second line of every shim says: it is never taken for the real tool."""

GENERAL: Final = "wheelguard"
"""The shim of the guard itself."""


def is_pip(program: str) -> bool:
    """Tell whether `program`, a name or a path, is called as pip is: pip, pip3, pip3.13."""
    return _called(program, "pip")


def is_python(program: str) -> bool:
    """Tell whether `program`, a name or a path, is called as an interpreter is."""
    return _called(program, "python")


def module_asked_for(words: Sequence[str]) -> tuple[str, int] | None:
    """Return the module that `python WORDS` runs, and how many words come before the module's own.

    `None` where it runs something else: a script, a command, standard input.
    """
    given = iter(enumerate(words))
    for at, word in given:
        if word.startswith("--"):
            if word == "--check-hash-based-pycs":
                next(given, None)
            continue
        if not word.startswith("-") or word == "-":
            return None
        for place, letter in enumerate(word[1:], start=2):
            value = word[place:]
            if letter == "c":
                return None
            if letter == "m":
                return (value, at + 1) if value else _next(words, at + 1)
            if letter in "WX":
                if not value:
                    next(given, None)
                break
    return None


def _next(words: Sequence[str], at: int) -> tuple[str, int] | None:
    return (words[at], at + 1) if at < len(words) else None


def _called(program: str, stem: str) -> bool:
    name = os.path.basename(program).removesuffix(".exe")  # noqa: PTH119 - pathlib costs
    version = name.removeprefix(stem)
    return name.startswith(stem) and (not version or version.replace(".", "").isdigit())
