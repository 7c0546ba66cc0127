"""The commands that describe what was judged, for programs of others."""

from __future__ import annotations

import argparse
from pathlib import Path

from guard.cli.parser.options import indexes, policy_option, requirements, selection, target


def sbom(command: argparse.ArgumentParser) -> None:
    """Add what `guard sbom` understands."""
    command.description = (
        "Judge requirements, a lock file, local wheels or, where nothing is named, what is "
        "installed, and write it as a CycloneDX 1.6 SBOM. Needs the extra `wheelguard[sbom]`."
    )
    command.set_defaults(module="sbom", output_format="text")
    requirements(command)
    group = command.add_argument_group("describing")
    group.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: stdout")
    group.add_argument(
        "--root",
        metavar="NAME[==VERSION]",
        help="what it is the SBOM of (default: the project of `-r pyproject.toml`)",
    )
    selection(command)
    indexes(command)
    target(command)
    group = command.add_argument_group("judging")
    policy_option(group)
    group.add_argument("-q", "--quiet", action="store_true", help="findings only")
