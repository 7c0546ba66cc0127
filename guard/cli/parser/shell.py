"""The words of `guard shell`."""

from __future__ import annotations

import argparse
from pathlib import Path

_SHELLS = ("bash", "zsh", "fish", "powershell")


def shell(command: argparse.ArgumentParser) -> None:
    """Add what `guard shell` understands."""
    command.description = "Make a shell, its scripts and its environments go through the guard."
    command.set_defaults(module="shell")
    actions = command.add_subparsers(dest="action", metavar="ACTION", required=True)
    install = actions.add_parser(
        "install", help="shims on PATH, and functions in the startup files", allow_abbrev=False
    )
    _which(install, "default: yours")
    install.add_argument(
        "--no-rc", action="store_true", help="shims only; print the folder to put first on PATH"
    )
    uninstall = actions.add_parser("uninstall", help="take them out again", allow_abbrev=False)
    _which(uninstall, "default: all")
    status = actions.add_parser(
        "status", help="what is covered here, and what is not", allow_abbrev=False
    )
    status.add_argument("--output-format", choices=("text", "json"), default="text")
    adopt = actions.add_parser(
        "adopt", help="make an environment's own pip go through the guard", allow_abbrev=False
    )
    adopt.add_argument("environment", type=Path, metavar="ENV", help="a virtual environment")
    adopt.add_argument("--undo", action="store_true", help="give it its own pip back")
    completions = actions.add_parser(
        "completions", help="print completions of this command line", allow_abbrev=False
    )
    completions.add_argument("shell", choices=("bash", "zsh", "fish"))


def _which(command: argparse.ArgumentParser, otherwise: str) -> None:
    command.add_argument("--shell", choices=_SHELLS, help=otherwise)
