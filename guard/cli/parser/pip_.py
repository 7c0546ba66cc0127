"""`guard pip` and `guard python`: their words are taken before anything is parsed."""

from __future__ import annotations

import argparse


def pip(command: argparse.ArgumentParser) -> None:
    """Say what `guard pip` is: its words are taken before anything is parsed."""
    command.description = (
        "What pip is asked for, judged: `install`, `download`, `wheel` and `lock`; what installs "
        "nothing handed to the real pip, the rest refused. `guard PYTHON -m pip …` does the same."
    )
    _all_words(command)


def python(command: argparse.ArgumentParser) -> None:
    """Say what `guard python` is."""
    command.description = (
        "Python as it is, but for `-m pip`, which is judged as `guard pip` is, for that Python."
    )
    _all_words(command)


def _all_words(command: argparse.ArgumentParser) -> None:
    command.set_defaults(module="pip_")
    command.prefix_chars = "\0"  # whatever they begin with
    command.add_argument("words", nargs="*", metavar="WORDS", help="the tool's own")
