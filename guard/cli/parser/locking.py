"""The commands that write a lock file, and that make an environment what it says."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from guard.cli.parser.options import (
    indexes,
    judging,
    projects,
    requirements,
    selection,
    target,
)

_LOCK: Final = Path("pylock.toml")


def lock(command: argparse.ArgumentParser) -> None:
    """Add what `guard lock` understands."""
    command.description = (
        "Judge everything that would be installed, and write it as a PEP 751 lock. "
        "Without a requirement, the pyproject.toml of this folder is locked."
    )
    command.set_defaults(module="lock")
    requirements(command)
    writing = command.add_argument_group("the lock file")
    writing.add_argument(
        "-o", "--output", type=Path, default=_LOCK, metavar="FILE", help="default: pylock.toml"
    )
    writing.add_argument(
        "--universal", action="store_true", help="for every platform: all wheels are judged"
    )
    writing.add_argument(
        "--check",
        "--locked",
        dest="check",
        action="store_true",
        help="write nothing; exit with 1 if the file is not what would be written",
    )
    writing.add_argument(
        "--dry-run", action="store_true", help="say what would change, and write nothing"
    )
    projects(command)
    selection(command)
    indexes(command)
    target(command)
    judging(command)


def sync(command: argparse.ArgumentParser) -> None:
    """Add what `guard sync` understands."""
    command.description = (
        "Judge a lock file again, all of it, and make the environment exactly what it says."
    )
    command.set_defaults(module="sync", target=None, prefix=None)
    command.add_argument(
        "lock", nargs="?", type=Path, default=_LOCK, metavar="LOCK", help="default: pylock.toml"
    )
    holding = command.add_argument_group("holding the lock to what it is for")
    holding.add_argument(
        "--locked",
        action="store_true",
        help="exit with 1 if the lock is not what its requirements need; resolves nothing",
    )
    holding.add_argument(
        "-r",
        "--requirement",
        "--requirements",
        dest="requirement_files",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="the requirements, instead of those that the lock names itself",
    )
    projects(command)
    making = command.add_argument_group("installing")
    making.add_argument(
        "--break-system-packages", action="store_true", help="allow an externally managed Python"
    )
    making.add_argument("--reinstall", "--force-reinstall", action="store_true", dest="reinstall")
    making.add_argument("--dry-run", action="store_true", help="judge, but change nothing")
    making.add_argument(
        "--allow-empty-requirements",
        action="store_true",
        help="let a lock without packages empty the environment",
    )
    indexes(command)
    target(command)
    judging(command)
