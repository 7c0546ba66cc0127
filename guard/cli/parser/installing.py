"""The commands that judge a request: install, download and check."""

from __future__ import annotations

import argparse
from pathlib import Path

from guard.cli.parser.options import (
    indexes,
    judging,
    projects,
    requirements,
    selection,
    target,
)


def install(command: argparse.ArgumentParser) -> None:
    """Add what `guard install` understands."""
    command.description = (
        "Judge everything that would be installed, and install it if all is admitted."
    )
    command.set_defaults(module="install")
    requirements(command)
    projects(command)
    selection(command)
    indexes(command)
    target(command)
    where = command.add_argument_group("installing")
    where.add_argument("-t", "--target", type=Path, metavar="DIR", help="install into DIR")
    where.add_argument("--prefix", type=Path, metavar="DIR", help="install under DIR")
    where.add_argument(
        "--break-system-packages", action="store_true", help="allow an externally managed Python"
    )
    where.add_argument("--reinstall", "--force-reinstall", action="store_true", dest="reinstall")
    where.add_argument("--dry-run", action="store_true", help="judge, but do not install")
    where.add_argument("--report", type=Path, metavar="FILE", help="write pip's JSON report")
    judging(command)


def download(command: argparse.ArgumentParser) -> None:
    """Add what `guard download` understands."""
    command.description = "Judge everything that would be installed, and copy it into a folder."
    command.set_defaults(module="download")
    requirements(command)
    command.add_argument(
        "-d", "--dest", type=Path, default=Path(), metavar="DIR", help="where to (default: here)"
    )
    projects(command)
    selection(command)
    indexes(command)
    target(command)
    judging(command)


def check(command: argparse.ArgumentParser) -> None:
    """Add what `guard check` understands."""
    command.description = (
        "Judge requirements, requirements files, lock files or local wheels; install nothing."
    )
    command.set_defaults(module="check")
    requirements(command)
    projects(command)
    selection(command)
    indexes(command)
    target(command)
    judging(command)
