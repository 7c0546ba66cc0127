"""Options that several commands share: pip's and uv's names for what pip and uv have too."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

FORMATS: Final = ("text", "json", "sarif", "github")


def requirements(command: argparse.ArgumentParser) -> None:
    """Add the options that say what is asked for."""
    command.add_argument("requirement", nargs="*", metavar="REQUIREMENT", help="as for pip and uv")
    command.add_argument(
        "-r",
        "--requirement",
        "--requirements",
        dest="requirement_files",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="a requirements file, a pyproject.toml or a pylock.toml",
    )
    command.add_argument(
        "-c",
        "--constraint",
        "--constraints",
        dest="constraint_files",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
    )
    command.add_argument("-e", "--editable", action="append", default=[], metavar="PATH")


def projects(command: argparse.ArgumentParser) -> None:
    """Add the options that say what of a pyproject.toml is asked for."""
    group = command.add_argument_group("of a pyproject.toml")
    group.add_argument("--extra", action="append", default=[], metavar="NAME", help="an extra")
    group.add_argument("--all-extras", action="store_true")
    group.add_argument(
        "--group",
        action="append",
        default=[],
        metavar="[PATH:]NAME",
        help="a dependency group (PEP 735) besides what else is asked for",
    )
    group.add_argument(
        "--only-group",
        action="append",
        default=[],
        metavar="[PATH:]NAME",
        help="a dependency group, and not the project's dependencies",
    )


def selection(command: argparse.ArgumentParser) -> None:
    """Add the options that say which releases are chosen."""
    group = command.add_argument_group("choosing releases")
    group.add_argument("-U", "--upgrade", action="store_true")
    group.add_argument("-P", "--upgrade-package", action="append", default=[], metavar="NAME")
    group.add_argument("--pre", action="store_true", help="pre-releases too")
    group.add_argument("--no-deps", action="store_true")
    group.add_argument("--require-hashes", action="store_true")
    group.add_argument(
        "--only-binary", action="append", default=[], metavar="NAMES", help="always the case"
    )
    group.add_argument("--no-binary", action="append", default=[], metavar="NAMES", help="refused")
    group.add_argument(
        "--uploaded-prior-to",
        "--exclude-newer",
        metavar="WHEN",
        help='a moment (RFC 3339) or an age ("7 days", P7D)',
    )


def indexes(command: argparse.ArgumentParser) -> None:
    """Add the options that say where they come from."""
    group = command.add_argument_group("indexes")
    group.add_argument("-i", "--index-url", "--default-index", dest="index_url", metavar="URL")
    group.add_argument("--extra-index-url", "--index", action="append", default=[], metavar="URL")
    group.add_argument("-f", "--find-links", action="append", default=[], metavar="URL")
    group.add_argument("--no-index", action="store_true")
    group.add_argument("--offline", action="store_true", help="only what is cached")
    group.add_argument(
        "--refresh",
        "--no-cache",
        "--no-cache-dir",
        action="store_true",
        help="ask again for what is cached",
    )


def target(command: argparse.ArgumentParser) -> None:
    """Add the options that say the environment that it is for."""
    group = command.add_argument_group("target")
    group.add_argument("-p", "--python", metavar="PYTHON", help="interpreter, version or folder")
    group.add_argument("--system", action="store_true", help="the system's Python")
    group.add_argument("--installer", choices=("uv", "pip"), default="uv")


def judging(command: argparse.ArgumentParser) -> None:
    """Add the options that say the policy, and how the verdicts are written."""
    group = command.add_argument_group("judging")
    policy_option(group)
    group.add_argument("--output-format", choices=FORMATS, default="text")
    group.add_argument("-q", "--quiet", action="store_true", help="findings only")


def policy_option(command: argparse._ActionsContainer) -> None:
    """Add the options that say the policy that judges."""
    command.add_argument(
        "--policy",
        metavar="NAME|FILE",
        help="observe, default, strict, or a file, instead of your own and the project's"
        " (default: GUARD_POLICY)",
    )
    command.add_argument(
        "--approvals", type=Path, metavar="FILE", help="approvals besides those of your policies"
    )
