"""The words of the mirror about watching: what it tells, whom, and how it is."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final, TypeAlias

from guard.cli.parser.options import policy_option
from guard.duration import Duration

Place: TypeAlias = Callable[[argparse.ArgumentParser], None]

_UNITS: Final = {"s": "second", "m": "minute", "h": "hour", "d": "day"}
_SHORTEST: Final = timedelta(minutes=1)


def serving(command: argparse.ArgumentParser) -> None:
    """Add what `guard mirror serve` has to know about watching."""
    group = command.add_argument_group("watching")
    group.add_argument(
        "--look-every",
        type=_duration,
        default=timedelta(hours=1),
        metavar="DURATION",
        help="how often upstreams are asked about what is held (default: 1h)",
    )
    group.add_argument(
        "--rejudge-by",
        choices=("server", "worker"),
        default="server",
        help="who judges again: this process, or `guard mirror worker` (default: %(default)s)",
    )
    group.add_argument(
        "--feed-every",
        type=_duration,
        metavar="DURATION",
        help="fetch advisories that often (default: never; `guard feed update` does)",
    )
    group.add_argument("--feed-url", metavar="URL", help="from here (default: OSV.dev's export)")
    group.add_argument("--log-format", choices=("text", "json"), default="text")
    group.add_argument(
        "--metrics-open", action="store_true", help="others than this machine may read /metrics"
    )
    group.add_argument(
        "--signing-key", type=Path, metavar="FILE", help="Ed25519, in PEM: signs receipts"
    )
    telling(command)


def telling(command: argparse.ArgumentParser) -> None:
    """Add who is told of what happens."""
    group = command.add_argument_group("telling people")
    group.add_argument(
        "--webhook",
        action="append",
        default=[],
        metavar="URL",
        help="POST events there, signed with GUARD_MIRROR_WEBHOOK_SECRET; a URL that is secret"
        " itself goes into GUARD_MIRROR_WEBHOOK",
    )
    group.add_argument(
        "--smtp",
        metavar="HOST:PORT",
        help="send mail through it; GUARD_MIRROR_SMTP_USER and GUARD_MIRROR_SMTP_PASSWORD log in",
    )
    group.add_argument("--mail-from", metavar="ADDRESS")
    group.add_argument("--mail-to", action="append", default=[], metavar="ADDRESS")


def status(command: argparse.ArgumentParser, place: Place) -> None:
    """Add what `guard mirror status` understands."""
    place(command)
    policy_option(command)
    command.add_argument("--output-format", choices=("text", "json"), default="text")


def rejudge(command: argparse.ArgumentParser, place: Place) -> None:
    """Add what `guard mirror rejudge` understands."""
    command.add_argument("project", nargs="?", metavar="PROJECT", help="default: all that is held")
    place(command)
    group = command.add_argument_group("upstreams")
    group.add_argument("-i", "--index-url", "--default-index", dest="index_url", metavar="URL")
    group.add_argument("--extra-index-url", "--index", action="append", default=[], metavar="URL")
    group.add_argument("--offline", action="store_true", help="only what was imported")
    policy_option(command)
    command.add_argument("-q", "--quiet", action="store_true", help="errors only")


def deny(command: argparse.ArgumentParser, place: Place) -> None:
    """Add what `guard mirror deny` understands."""
    command.add_argument(
        "release", nargs="?", metavar="RELEASE", help="frob==1.0, frob, or the name of a file"
    )
    command.add_argument("--reason", metavar="WHY", help="what clients are told")
    command.add_argument("--list", action="store_true", help="list what is denied")
    place(command)


def lift(command: argparse.ArgumentParser, place: Place) -> None:
    """Add what `guard mirror lift` understands."""
    command.add_argument("release", metavar="RELEASE", help="as it was denied")
    place(command)


def notify(command: argparse.ArgumentParser, place: Place) -> None:
    """Add what `guard mirror notify` understands."""
    command.add_argument("--test", action="store_true", help="send a test to everybody")
    place(command)
    telling(command)


def point(command: argparse.ArgumentParser) -> None:
    """Add what `guard mirror point` understands."""
    command.add_argument("url", metavar="URL", help="https://HOST/simple/")
    command.add_argument(
        "--for",
        dest="tool",
        choices=("pip", "uv", "poetry", "pdm", "env"),
        help="for one of them alone, as it stands in its file",
    )


def _duration(text: str) -> timedelta:
    number, unit = text[:-1], text[-1:]
    words = f"{number} {_UNITS[unit]}" if number.isdecimal() and unit in _UNITS else text
    try:
        duration = Duration.parse(words)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if duration < _SHORTEST:
        raise argparse.ArgumentTypeError("that is too often: at least one minute")
    return duration
