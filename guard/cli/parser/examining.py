"""The commands that look: at a file, at what is kept here, at what is configured."""

from __future__ import annotations

import argparse
from pathlib import Path

from guard.cli.parser.options import indexes, policy_option, target


def verify(command: argparse.ArgumentParser) -> None:
    """Add what `guard verify` understands."""
    command.description = "Verify a local wheel or sdist, and who published it. Uses no network."
    command.set_defaults(module="verify")
    _evidence(command)
    group = command.add_argument_group("expected publisher (anchored globs)")
    group.add_argument("--kind", choices=("GitHub", "GitLab", "Google", "CircleCI"))
    for claim in ("repository", "workflow", "ref", "environment", "trigger", "issuer", "identity"):
        group.add_argument(f"--{claim}", metavar="GLOB")


def inspect(command: argparse.ArgumentParser) -> None:
    """Add what `guard inspect` understands."""
    command.description = (
        "Print what is inside a local wheel or sdist, and what its attestations say; or what those "
        "of a file say that an index lists, by its URL. `guard check` judges."
    )
    command.set_defaults(module="inspect")
    _evidence(command)
    policy_option(command)
    target(command)
    indexes(command)


def _evidence(command: argparse.ArgumentParser) -> None:
    command.add_argument("file", metavar="FILE", help="a wheel or an sdist")
    command.add_argument("--provenance", metavar="FILE", help="a PEP 740 object or attestation")
    command.add_argument("--bundle", metavar="FILE", help="a Sigstore bundle")
    command.add_argument(
        "--trust-root", metavar="FILE", help="another Sigstore than the public one"
    )
    command.add_argument("--output-format", choices=("text", "json"), default="text")


def quarantine(command: argparse.ArgumentParser) -> None:
    """Add what `guard quarantine` understands."""
    command.set_defaults(module="quarantine")
    actions = command.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("list", help="every file", allow_abbrev=False)
    show = actions.add_parser("show", help="one file", allow_abbrev=False)
    show.add_argument("sha256", metavar="SHA256", help="or its beginning")
    purge = actions.add_parser("purge", help="remove files", allow_abbrev=False)
    purge.add_argument("sha256", nargs="?", default="", metavar="SHA256", help="default: all")


def feed(command: argparse.ArgumentParser) -> None:
    """Add what `guard feed` understands."""
    command.set_defaults(module="feed")
    actions = command.add_subparsers(dest="action", metavar="ACTION", required=True)
    update = actions.add_parser("update", help="fetch an export of advisories", allow_abbrev=False)
    update.add_argument(
        "url",
        nargs="?",
        metavar="URL",
        help="a ZIP of OSV records (default: where the last one came from, else OSV.dev's)",
    )
    _digest(update)
    given = actions.add_parser("import", help="take an export from a file", allow_abbrev=False)
    given.add_argument("file", type=Path, metavar="FILE", help="a ZIP of OSV records")
    _digest(given)
    status = actions.add_parser("status", help="what is here, and how old", allow_abbrev=False)
    status.add_argument("--output-format", choices=("text", "json"), default="text")


def _digest(command: argparse.ArgumentParser) -> None:
    command.add_argument("--sha256", metavar="SHA256", help="take no other file than this one")


def doctor(command: argparse.ArgumentParser) -> None:
    """Add what `guard doctor` understands."""
    command.set_defaults(module="doctor")
    policy_option(command)
    target(command)
    indexes(command)
    command.add_argument(
        "--refresh-trust-root",
        action="store_true",
        help="fetch the newest public Sigstore root over TUF",
    )
    command.add_argument("--output-format", choices=("text", "json"), default="text")
