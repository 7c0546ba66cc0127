"""What `guard mirror serve` understands of load."""

from __future__ import annotations

import argparse
import re
from typing import Final

_PREFIX: Final = re.compile(r"/[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*")
_MOST: Final = 64


def serving(command: argparse.ArgumentParser) -> None:
    """Add how much it serves, and by whom files are sent."""
    group = command.add_argument_group("load")
    group.add_argument(
        "--workers",
        type=_workers,
        default=1,
        metavar="N",
        help="processes that serve, on one socket (default: %(default)s)",
    )
    group.add_argument(
        "--accel-redirect",
        type=_prefix,
        metavar="PREFIX",
        help="have the nginx in front send files, from its internal location PREFIX",
    )


def _workers(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:9]) <= _MOST:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to {_MOST}")
    return int(text)


def _prefix(text: str) -> str:
    prefix = text.rstrip("/")
    if not _PREFIX.fullmatch(prefix):
        raise argparse.ArgumentTypeError(f"{text!r} is no path of a location, as `/held`")
    return prefix
