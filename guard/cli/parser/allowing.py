"""The commands of whoever writes the policy: approvals, rules and the policy itself."""

from __future__ import annotations

import argparse
from pathlib import Path

from guard.cli.parser.options import (
    indexes,
    judging,
    policy_option,
    requirements,
    selection,
    target,
)
from guard.cli.parser.recording import sign, verify


def approve(command: argparse.ArgumentParser) -> None:
    """Add what `guard approve` understands."""
    command.description = (
        "Judge what would be installed, show what is found and who published it, and write each "
        "file's digest into approvals.toml."
    )
    command.set_defaults(module="approve")
    requirements(command)
    selection(command)
    indexes(command)
    target(command)
    group = command.add_argument_group("approving")
    group.add_argument("--lock", type=Path, metavar="FILE", help="what a pylock.toml chooses")
    group.add_argument(
        "--environment", action="store_true", help="what is installed, as the index has it now"
    )
    group.add_argument("--reason", type=_line, metavar="TEXT", help="why")
    group.add_argument(
        "--approved-by", type=_line, metavar="WHO", help="default: the name of your account"
    )
    group.add_argument(
        "--expires",
        metavar="WHEN",
        help='a day (2027-03-01) or a duration ("90 days"); default: never, and 90 days with'
        " --accept",
    )
    group.add_argument(
        "--accept",
        action="append",
        default=[],
        metavar="RULE",
        help="set aside what this rule finds, in these files only",
    )
    group.add_argument(
        "--only-opened", action="store_true", help="leave out the wheels for other platforms"
    )
    group.add_argument("--renew", action="store_true", help="what is approved already, again")
    group.add_argument("-y", "--yes", action="store_true", help="do not ask; needs --reason")
    judging(command)


def _line(text: str) -> str:
    """Return `text` if a person could have typed it as one line."""
    if not text.strip() or not text.isprintable():
        raise argparse.ArgumentTypeError("expected one line of text")
    return text.strip()


def revoke(command: argparse.ArgumentParser) -> None:
    """Add what `guard revoke` understands."""
    command.description = "Take approvals out of approvals.toml."
    command.set_defaults(module="revoke")
    command.add_argument("requirement", nargs="+", metavar="NAME[VERSIONS]", help="litellm<1.83")
    policy_option(command)


def approvals(command: argparse.ArgumentParser) -> None:
    """Add what `guard approvals` understands."""
    command.set_defaults(module="approvals")
    actions = command.add_subparsers(dest="action", metavar="ACTION", required=True)
    listed = actions.add_parser("list", help="what is approved, until when", allow_abbrev=False)
    listed.add_argument(
        "--expiring", action="store_true", help="only what has expired, or will in 30 days"
    )
    compared = actions.add_parser("diff", help="what a change approves", allow_abbrev=False)
    compared.add_argument("old", type=Path, metavar="OLD", help="approvals before; - for stdin")
    compared.add_argument("new", nargs="?", type=Path, metavar="NEW", help="default: yours")
    for action in (listed, compared):
        policy_option(action)
        action.add_argument("--output-format", choices=("text", "json"), default="text")


def policy(command: argparse.ArgumentParser) -> None:
    """Add what `guard policy` understands."""
    command.set_defaults(module="policy")
    actions = command.add_subparsers(dest="action", metavar="ACTION", required=True)
    show = actions.add_parser("show", help="the effective policy", allow_abbrev=False)
    policy_option(show)
    words = "what a change of a policy loosens and tightens"
    compared = actions.add_parser("diff", help=words, allow_abbrev=False)
    compared.add_argument("old", metavar="OLD", help="a file or a preset; - for stdin")
    compared.add_argument("new", metavar="NEW", help="a file or a preset")
    for action in (show, compared):
        action.add_argument("--output-format", choices=("text", "json"), default="text")
    tested = actions.add_parser(
        "test", help="does it say what you expect of it?", allow_abbrev=False
    )
    tested.set_defaults(module="policy_test")
    tested.add_argument("file", nargs="+", type=Path, metavar="CASES", help="a file of [[case]]")
    policy_option(tested)
    tested.add_argument("--output-format", choices=("text", "json"), default="text")
    check = actions.add_parser("check", help="is the file a policy?", allow_abbrev=False)
    check.add_argument("file", metavar="FILE")
    init = actions.add_parser("init", help="write a policy to begin with", allow_abbrev=False)
    init.add_argument("file", nargs="?", metavar="FILE", help="default: guard.toml")
    words = "let the project's policy loosen yours, as it is now"
    trusted = actions.add_parser("trust", help=words, allow_abbrev=False)
    trusted.add_argument("file", nargs="?", metavar="FILE", help="default: the project's")
    words = "let it do so no longer"
    distrusted = actions.add_parser("distrust", help=words, allow_abbrev=False)
    distrusted.add_argument("file", nargs="?", metavar="FILE", help="default: the project's")
    schema = actions.add_parser("schema", help="the JSON Schema of a policy", allow_abbrev=False)
    schema.add_argument("--cases", action="store_true", help="that of a file of cases")
    sign(actions.add_parser("sign", help="sign a policy and its approvals", allow_abbrev=False))
    verify(actions.add_parser("verify", help="who signed a policy?", allow_abbrev=False))


def rule(command: argparse.ArgumentParser) -> None:
    """Add what `guard rule` understands."""
    command.set_defaults(module="rule")
    command.add_argument("id", nargs="?", metavar="ID")
