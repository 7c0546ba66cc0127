"""The commands about evidence: the journal, its receipts, and signed policies."""

from __future__ import annotations

import argparse
from pathlib import Path


def log(command: argparse.ArgumentParser) -> None:
    """Add what `guard log` understands."""
    command.description = (
        "List what was installed, downloaded, approved and trusted through the guard, the oldest "
        "first."
    )
    command.set_defaults(module="log")
    when = 'a moment (2026-03-24, 2026-03-24T10:39:00Z) or an age ("7 days")'
    command.add_argument("--since", metavar="WHEN", help=f"only what came after: {when}")
    command.add_argument("--until", metavar="WHEN", help="only what came before")
    command.add_argument("--project", metavar="NAME", help="only runs that were about this project")
    command.add_argument(
        "--decision",
        choices=("admitted", "denied", "undecided", "none"),
        help="only runs that came to this; none: nothing was judged",
    )
    command.add_argument(
        "--command",
        dest="of",
        metavar="NAME",
        help="only runs of this command: install, policy trust, …",
    )
    _format(command, "text")
    actions = command.add_subparsers(dest="action", metavar="ACTION")
    show = actions.add_parser("show", help="one run, and its receipts", allow_abbrev=False)
    show.add_argument("run", metavar="RUN", help="its name, or the beginning of it")
    _format(show)
    words = "is all of it as it was written?"
    verified = actions.add_parser("verify", help=words, allow_abbrev=False)
    verified.add_argument(
        "file", nargs="?", type=Path, metavar="FILE", help="a file of receipts alone, from anywhere"
    )
    verified.add_argument(
        "--key",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="a public key: each receipt must be signed by it, or by another one given",
    )
    verified.add_argument(
        "--since",
        default=argparse.SUPPRESS,
        metavar="WHEN",
        help="with --key: only receipts that came after must be signed",
    )
    verified.add_argument(
        "--head", type=sha256, metavar="SHA256", help="a head that was noted: it must be in there"
    )
    _format(verified)


def sign(command: argparse.ArgumentParser) -> None:
    """Add what `guard policy sign` understands."""
    command.add_argument("file", type=Path, metavar="FILE")
    command.add_argument(
        "--key", type=Path, metavar="FILE", help="a private key (default: GUARD_SIGNING_KEY)"
    )


def verify(command: argparse.ArgumentParser) -> None:
    """Add what `guard policy verify` understands."""
    command.description = (
        "Say who signed a policy and the approvals beside it. Without options, it must be somebody "
        "whom the system's policy names."
    )
    command.add_argument("file", type=Path, metavar="FILE")
    command.add_argument(
        "--key", action="append", default=[], type=Path, metavar="FILE", help="a public key"
    )
    group = command.add_argument_group("expected signer of a Sigstore bundle (anchored globs)")
    group.add_argument("--kind", choices=("GitHub", "GitLab", "Google", "CircleCI"))
    for claim in ("issuer", "identity", "repository", "workflow", "ref"):
        group.add_argument(f"--{claim}", metavar="GLOB")
    group.add_argument("--trust-root", metavar="FILE", help="another Sigstore than the public one")


def _format(command: argparse.ArgumentParser, default: str = argparse.SUPPRESS) -> None:
    command.add_argument("--output-format", choices=("text", "json"), default=default)


def sha256(text: str) -> str:
    """Return a digest in lower case."""
    if len(text) != 64 or set(text.lower()) - set("0123456789abcdef"):  # noqa: PLR2004 - hex digits
        raise argparse.ArgumentTypeError("expected 64 hexadecimal digits")
    return text.lower()
