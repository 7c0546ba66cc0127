"""Copies of a mirror on one machine, made while it serves: the database first, then its files.

Bytes are in the store before a row names them, and stay. So whatever a copy of the database names
is in a copy of the store that was made after it.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from guard.errors import MirrorError, UsageError
from guard.mirror.store import Store, open_store
from guard.private import private_folder, replacing

DATABASE: Final = "mirror.sqlite"
STORE: Final = "store"


def back_up(data: Path, folder: Path) -> int:
    """Copy the mirror in `data` into `folder`, which may have an older copy.

    Returns how many files were not there yet. Raises `UsageError` and `MirrorError`.
    """
    if not (data / DATABASE).exists():
        raise UsageError(f"there is no mirror in `{data}`")
    try:
        private_folder(folder)
        with replacing(folder / DATABASE) as part:
            with closing(_opened(data / DATABASE)) as source, closing(_opened(part)) as target:
                source.backup(target)
                target.execute("PRAGMA journal_mode=DELETE")  # one file, without a second beside it
            _settle(part)
    except (OSError, sqlite3.Error) as error:
        raise _failed("the copy could not be written", error) from None
    return _copied(data / STORE, open_store(folder / STORE))


def restore(folder: Path, data: Path) -> int:
    """Make of the copy in `folder` the mirror in `data`, where there is none.

    The database comes last: before it, there is no mirror. Returns how many files there are. Raises
    `UsageError` and `MirrorError`.
    """
    if (data / DATABASE).exists():
        raise UsageError(
            f"there is a mirror in `{data}` already", hint="name another folder with `--data`"
        )
    if not (folder / DATABASE).exists():
        raise UsageError(f"there is no copy of a mirror in `{folder}`")
    try:
        with closing(_opened(folder / DATABASE)) as copy:
            (said,) = copy.execute("PRAGMA integrity_check").fetchone()
        if said != "ok":
            raise MirrorError("the copy of the database is damaged", reason=str(said))
        private_folder(data)
        copied = _copied(folder / STORE, open_store(data / STORE))
        with replacing(data / DATABASE) as part:
            shutil.copyfile(folder / DATABASE, part)
            _settle(part)
    except (OSError, sqlite3.Error) as error:
        raise _failed("the mirror could not be restored", error) from None
    return copied


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=10)


def _copied(source: Path, target: Store) -> int:
    """Copy what `target` does not have; bytes that are not those of their name are refused."""
    copied = 0
    for path in sorted(source.glob("sha256/??/*")):
        if not target.has(path.name):
            target.put(path.name, path)
            copied += 1
    return copied


def _settle(path: Path) -> None:
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def _failed(what: str, error: Exception) -> MirrorError:
    return MirrorError(what, reason=str(error).splitlines()[0] if str(error) else None)
