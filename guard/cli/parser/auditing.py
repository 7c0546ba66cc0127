"""The command that judges what exists already."""

from __future__ import annotations

import argparse
from pathlib import Path

from guard.cli.parser.options import indexes, judging, target


def audit(command: argparse.ArgumentParser) -> None:
    """Add what `guard audit` understands."""
    command.description = (
        "Judge what is installed in an environment, or what lock files, requirements with hashes "
        "or SBOMs list. Nothing is changed, and nothing of the environment is run."
    )
    command.set_defaults(module="audit")
    command.add_argument(
        "file",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="pylock.toml, uv.lock, poetry.lock, pdm.lock, requirements.txt, CycloneDX or SPDX"
        " (default: the environment)",
    )
    command.add_argument(
        "--full", action="store_true", help="fetch the files, and judge what is inside"
    )
    command.add_argument(
        "-v", "--verbose", action="store_true", help="every release, with all that is found"
    )
    indexes(command)
    target(command)
    judging(command)
