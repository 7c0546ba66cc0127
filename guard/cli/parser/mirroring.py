"""The commands of the mirror."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Final

from guard.cli.parser.options import policy_option


def mirror(command: argparse.ArgumentParser) -> None:
    """Add what `guard mirror` understands."""
    command.description = (
        "Serve an index that has only what the policy admits. Needs the extra `wheelguard[mirror]`."
    )
    command.set_defaults(module="mirror", output_format="text")
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, about, add in _ACTIONS:
        add(actions.add_parser(name, help=about, description=about, allow_abbrev=False))


def place(command: argparse.ArgumentParser) -> None:
    """Add where the mirror keeps what it has."""
    group = command.add_argument_group("the mirror's own")
    group.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="its private folder (default: `mirror` in the folder of the guard's state)",
    )
    group.add_argument(
        "--database",
        metavar="URL",
        help="postgresql://…, or GUARD_MIRROR_DATABASE (default: SQLite in --data)",
    )
    group.add_argument(
        "--store", metavar="URL", help="s3://BUCKET/PREFIX (default: a folder in --data)"
    )


def _serve(command: argparse.ArgumentParser) -> None:
    command.set_defaults(run="serve")
    place(command)
    group = command.add_argument_group("serving")
    group.add_argument("--host", default="127.0.0.1", help="default: this machine alone")
    group.add_argument("--port", type=int, default=8765, help="default: %(default)s")
    group.add_argument(
        "--public-url", metavar="URL", help="how clients reach it (default: host and port)"
    )
    group = command.add_argument_group("upstreams")
    group.add_argument("-i", "--index-url", "--default-index", dest="index_url", metavar="URL")
    group.add_argument("--extra-index-url", "--index", action="append", default=[], metavar="URL")
    group = command.add_argument_group("judging")
    policy_option(group)
    group.add_argument("-q", "--quiet", action="store_true", help="errors only")


_ACTIONS: Final[tuple[tuple[str, str, Callable[[argparse.ArgumentParser], None]], ...]] = (
    ("serve", "serve the mirror over HTTP", _serve),
)
"""Name, help and words of each action, in the order in which they are shown."""
