"""The commands of the mirror."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from guard.cli.parser import mirror_loaded, mirror_people, mirror_watch
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
    group.add_argument(
        "--presigned",
        action="store_true",
        help="have S3 itself send files, by addresses that last for a minute",
    )
    group.add_argument(
        "--uploads", action="store_true", help="take projects from those whose role is `uploader`"
    )
    mirror_loaded.serving(command)
    mirror_people.serving(command)
    mirror_watch.serving(command)
    _judging(command)


def _judging(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("upstreams")
    group.add_argument("-i", "--index-url", "--default-index", dest="index_url", metavar="URL")
    group.add_argument("--extra-index-url", "--index", action="append", default=[], metavar="URL")
    group.add_argument(
        "--offline", action="store_true", help="there are none: only what was imported"
    )
    group = command.add_argument_group("judging")
    policy_option(group)
    group.add_argument("-q", "--quiet", action="store_true", help="errors only")


def _build(command: argparse.ArgumentParser) -> None:
    command.add_argument("tree", metavar="DIR|s3://…", help="what to make a static mirror")
    _which(command)
    place(command)
    _judging(command)


def _which(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("of")
    which = group.add_mutually_exclusive_group()
    which.add_argument(
        "-r",
        "--lock",
        action="append",
        type=Path,
        default=[],
        metavar="FILE",
        help="the files that a lock names (default: all that was admitted so far)",
    )
    which.add_argument("--approved", action="store_true", help="what was approved")


def _export(command: argparse.ArgumentParser) -> None:
    command.add_argument("bundle", type=Path, metavar="FILE", help="the bundle to write")
    command.add_argument(
        "--key", type=Path, metavar="FILE", required=True, help="an Ed25519 key in PEM to sign with"
    )
    _which(command)
    place(command)
    _judging(command)


def _import(command: argparse.ArgumentParser) -> None:
    command.add_argument("bundle", type=Path, metavar="FILE", help="the bundle to read")
    command.add_argument(
        "--trusted-key",
        type=Path,
        action="append",
        metavar="FILE",
        required=True,
        help="the public key of whoever made it",
    )
    place(command)
    group = command.add_argument_group("judging")
    policy_option(group)
    group.add_argument("-q", "--quiet", action="store_true", help="errors only")


def _worker(command: argparse.ArgumentParser) -> None:
    place(command)
    group = command.add_argument_group("working")
    group.add_argument(
        "--concurrency",
        type=int,
        choices=range(1, 65),
        default=2,
        metavar="N",
        help="jobs at once (default: %(default)s)",
    )
    _judging(command)


def _backup(command: argparse.ArgumentParser) -> None:
    command.add_argument("folder", type=Path, metavar="DIR", help="where the copy is")
    place(command)


_ACTIONS: Final[tuple[tuple[str, str, Callable[[argparse.ArgumentParser], None]], ...]] = (
    ("serve", "serve the mirror over HTTP", _serve),
    (
        "status",
        "what it judges by, how old that is, what waits",
        partial(mirror_watch.status, place=place),
    ),
    ("rejudge", "judge again what is held", partial(mirror_watch.rejudge, place=place)),
    ("deny", "stop a release at once, everywhere", partial(mirror_watch.deny, place=place)),
    ("lift", "deny a release no more", partial(mirror_watch.lift, place=place)),
    ("notify", "tell people of events", partial(mirror_watch.notify, place=place)),
    ("point", "what makes pip, uv and others install from it", mirror_watch.point),
    ("build", "write what is admitted as a static tree", _build),
    ("export", "write a signed bundle for a site without a network", _export),
    ("import", "judge a bundle, and take in what is admitted", _import),
    ("worker", "do the jobs that wait, until told to stop", _worker),
    ("migrate", "bring the database up to date, and try the store", place),
    ("backup", "copy the database and the store of one machine", _backup),
    ("restore", "make a mirror of such a copy", _backup),
    ("person", "the people who use the mirror", partial(mirror_people.person, place=place)),
    ("token", "what they log in with", partial(mirror_people.token, place=place)),
    ("request", "ask for a release, here", partial(mirror_people.request, place=place)),
    ("log", "who did what: the audit log", partial(mirror_people.log, place=place)),
)
"""Name, help and words of each action, in the order in which they are shown."""
