"""`guard mirror migrate`, `backup` and `restore`."""

from __future__ import annotations

import argparse
import contextlib
import sys

from guard.cli.exit import ExitCode
from guard.cli.mirror_parts import database_of, mirror_of, settings_of
from guard.errors import UnsupportedError
from guard.mirror.backup import back_up, restore
from guard.mirror.database.migrating import migrate
from guard.mirror.queue import open_queue
from guard.mirror.settings import Settings


def run(arguments: argparse.Namespace) -> int:
    """Do what the action says, and say what was done."""
    settings = settings_of(arguments)
    match arguments.action:
        case "migrate":
            said = _migrate(settings)
        case "backup":
            said = _backup(settings, arguments)
        case _:
            said = _restore(settings, arguments)
    sys.stderr.write(f"{said}\n")
    return ExitCode.OK


def _migrate(settings: Settings) -> str:
    with contextlib.closing(database_of(settings)) as database:
        done = migrate(database)
    with contextlib.closing(mirror_of(settings)) as mirror:
        open_queue(mirror).prepare()
        mirror.store.check()
    return "the database was migrated" if done else "the database is up to date"


def _backup(settings: Settings, arguments: argparse.Namespace) -> str:
    _only_embedded(settings)
    copied = back_up(settings.data, arguments.folder)
    return f"backed up to {arguments.folder}: the database, and {copied} files that it had not"


def _restore(settings: Settings, arguments: argparse.Namespace) -> str:
    _only_embedded(settings)
    copied = restore(arguments.folder, settings.data)
    return f"restored to {settings.data}: the database, and {copied} files"


def _only_embedded(settings: Settings) -> None:
    if settings.database is not None or settings.store is not None:
        raise UnsupportedError(
            "PostgreSQL and S3 are backed up by their own tools",
            hint="`pg_dump` first, then a copy of the bucket: see the guide `mirror-scale`",
        )
