"""The commands about the people of a mirror: who they are, what they ask for, what they did."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from guard.cli.parser.recording import sha256

Place: TypeAlias = Callable[[argparse.ArgumentParser], None]
"""Adds the options that say where a mirror keeps what it has."""

_ROLES: Final = ("reader", "requester", "uploader", "approver", "admin")
_WHEN: Final = 'a day (2027-03-01) or a duration ("90 days")'


def serving(command: argparse.ArgumentParser) -> None:
    """Add what `guard mirror serve` has to know about people."""
    group = command.add_argument_group("people")
    group.add_argument(
        "--login", action="store_true", help="nothing is read without a token or a login"
    )
    group.add_argument(
        "--approvers",
        type=_count,
        default=1,
        metavar="N",
        help="how many have to approve, besides whoever asks (default: 1)",
    )
    group.add_argument(
        "--automatic-requests", action="store_true", help="ask for what is denied by itself"
    )
    group.add_argument(
        "--identities",
        type=Path,
        metavar="FILE",
        help="identity providers of people and of CI (default: identities.toml in --data)",
    )


def person(command: argparse.ArgumentParser, place: Place) -> None:
    """Add what `guard mirror person` understands."""
    actions = command.add_subparsers(dest="verb", required=True, metavar="VERB")
    add = _verb(actions, "add", "add somebody", place)
    add.add_argument("name", metavar="NAME")
    add.add_argument("--role", choices=_ROLES, default="reader", help="default: %(default)s")
    add.add_argument(
        "--subject", metavar="ISSUER SUBJECT", help="who that is to the identity provider"
    )
    role = _verb(actions, "role", "change what somebody may do", place)
    role.add_argument("name", metavar="NAME")
    role.add_argument("role", choices=_ROLES)
    disable = _verb(actions, "disable", "shut somebody out, with all of their tokens", place)
    disable.add_argument("name", metavar="NAME")
    enable = _verb(actions, "enable", "let somebody in again", place)
    enable.add_argument("name", metavar="NAME")
    _format(_verb(actions, "list", "everybody", place))


def token(command: argparse.ArgumentParser, place: Place) -> None:
    """Add what `guard mirror token` understands."""
    actions = command.add_subparsers(dest="verb", required=True, metavar="VERB")
    create = _verb(actions, "create", "make a token, and print it this once", place)
    create.add_argument("person", metavar="PERSON")
    create.add_argument(
        "--scope", choices=_ROLES, help="no more than this (default: what they may do now)"
    )
    create.add_argument("--label", default="", metavar="TEXT", help="what it is for")
    create.add_argument("--expires", metavar="WHEN", help=f"{_WHEN}; default: never")
    _format(_verb(actions, "list", "every token, and never the token itself", place))
    revoke = _verb(actions, "revoke", "end a token, and the sessions begun with it", place)
    revoke.add_argument("number", type=int, metavar="NUMBER")


def request(command: argparse.ArgumentParser, place: Place) -> None:
    """Add what `guard mirror request` understands."""
    place(command)
    _asked(command)
    command.add_argument("--person", required=True, metavar="NAME", help="for whom")


def remote_request(command: argparse.ArgumentParser) -> None:
    """Add what `guard request` understands."""
    command.description = (
        "Ask the people of a mirror for a release. The token is in GUARD_MIRROR_TOKEN, or in "
        ".netrc for the mirror's host."
    )
    command.set_defaults(module="request")
    _asked(command)
    command.add_argument(
        "--mirror",
        metavar="URL",
        help="where it is (default: GUARD_MIRROR, else the index that pip or uv is set up with)",
    )
    _format(command)


def log(command: argparse.ArgumentParser, place: Place) -> None:
    """Add what `guard mirror log` understands."""
    place(command)
    command.add_argument("--output-format", choices=("text", "jsonl"), default="text")
    command.add_argument(
        "--after", type=int, default=0, metavar="NUMBER", help="only later entries"
    )
    command.add_argument("--verify", action="store_true", help="is all of it as it was written?")
    command.add_argument(
        "--head", type=sha256, metavar="SHA256", help="a digest that was noted: it must be in there"
    )
    command.add_argument(
        "--file", type=Path, metavar="FILE", help="with --verify: an export instead of the database"
    )


def _asked(command: argparse.ArgumentParser) -> None:
    command.add_argument("release", metavar="NAME==VERSION")
    command.add_argument("--reason", required=True, metavar="TEXT", help="why it is needed")
    command.add_argument("--expires", metavar="WHEN", help=f"{_WHEN}; default: not at all")


def _verb(
    actions: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    about: str,
    place: Place,
) -> argparse.ArgumentParser:
    command = actions.add_parser(name, help=about, description=about, allow_abbrev=False)
    place(command)
    return command


def _format(command: argparse.ArgumentParser) -> None:
    command.add_argument("--output-format", choices=("text", "json"), default="text")


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= _MOST:
        raise argparse.ArgumentTypeError(f"expected a number from 1 to {_MOST}")
    return int(text)


_MOST: Final = 20
