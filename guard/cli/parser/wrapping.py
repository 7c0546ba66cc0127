"""The wrapped tools: their words are theirs, so argparse never sees them."""

from __future__ import annotations

import argparse


def uv(command: argparse.ArgumentParser) -> None:
    """Describe `guard uv`; its words are never parsed here."""
    command.description = (
        "Run uv with the words that follow, behind the gateway: what the policy denies is hidden"
        " from its resolver, and every file is judged before uv gets it. `pip install` and"
        " `pip sync` are judged and done as by `guard install` and `guard sync`."
    )
    _whatever(command, "uv", "add requests")


def uvx(command: argparse.ArgumentParser) -> None:
    """Describe `guard uvx`; its words are never parsed here."""
    command.description = (
        "Run uvx with the words that follow: the tool is fetched behind the gateway and judged,"
        " then run without it."
    )
    _whatever(command, "uvx", "ruff check")


def pipx(command: argparse.ArgumentParser) -> None:
    """Describe `guard pipx`; its words are never parsed here."""
    _behind(command, "pipx", "install ruff")


def poetry(command: argparse.ArgumentParser) -> None:
    """Describe `guard poetry`; its words are never parsed here."""
    _behind(command, "poetry", "add requests")


def pdm(command: argparse.ArgumentParser) -> None:
    """Describe `guard pdm`; its words are never parsed here."""
    _behind(command, "pdm", "add requests")


def _behind(command: argparse.ArgumentParser, tool: str, example: str) -> None:
    command.description = (
        f"Run {tool} with the words that follow, behind the gateway: what the policy denies is"
        " hidden from it, and every file is judged before it has it."
    )
    _whatever(command, tool, example)


def _whatever(command: argparse.ArgumentParser, tool: str, example: str) -> None:
    """Add the words for those who read the help: `words` has taken them from everybody else."""
    command.set_defaults(module="wrap", tool=tool)
    command.add_argument(
        "words", nargs=argparse.REMAINDER, metavar="WORDS", help=f"as without guard: {example}"
    )
