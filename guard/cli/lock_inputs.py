"""What a lock was made for, as it says itself: `[tool.guard]` in a `pylock.toml`.

It saves typing and nothing more: whoever edits a lock can edit this too. So it names no file
outside of the lock's own folder, and what the command line names counts instead of it.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
from packaging.pylock import Pylock

from guard.errors import UsageError
from guard.request import Request, Wanted

_TABLE: Final = "guard"


class Inputs(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="kebab"):
    """The requirements of a lock; paths are relative to its folder."""

    requirements: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    all_extras: bool = False
    groups: tuple[str, ...] = ()
    """As after `--group`: `PATH:NAME`."""


def table(request: Request, wanted: Wanted, lock: Path) -> Mapping[str, Any] | None:
    """Return the table for a lock at `lock`; `None` where it could not say what was asked for.

    A URL is not repeated, for it may hold a password.
    """
    folder = lock.absolute().parent.resolve()
    files = [_inside(path, folder) for path in request.requirement_files]
    places = [_inside(group.path, folder) for group in request.groups]
    if wanted.direct or request.no_deps or None in (*files, *places):
        return None
    inputs = Inputs(
        requirements=request.specifiers,
        files=tuple(filter(None, files)),
        extras=request.extras,
        all_extras=request.all_extras,
        groups=tuple(f"{path}:{g.name}" for path, g in zip(places, request.groups, strict=True)),
    )
    return {_TABLE: msgspec.to_builtins(inputs)}


def asked(lock: Pylock, path: Path, arguments: argparse.Namespace) -> argparse.Namespace:
    """Return `arguments` with what the lock at `path` says that it is for. Raises `UsageError`."""
    given = (lock.tool or {}).get(_TABLE)
    if given is None:
        raise UsageError(
            f"`{path}` does not say what it is for",
            hint="name its requirements: `guard sync --locked -r FILE`",
        )
    try:
        inputs = msgspec.convert(given, Inputs)
    except msgspec.ValidationError as error:
        raise UsageError(f"`{path}`: tool.guard cannot be read", reason=str(error)) from None
    groups = [group.rpartition(":") for group in inputs.groups]
    said = {
        "requirement": list(inputs.requirements),
        "requirement_files": [_beside(path, name) for name in inputs.files],
        "extra": list(inputs.extras),
        "all_extras": inputs.all_extras,
        "group": [f"{_beside(path, place)}:{name}" for place, _, name in groups],
        "only_group": [],
    }
    return argparse.Namespace(**vars(arguments) | said)


def _inside(path: Path, folder: Path) -> str | None:
    """Return `path` as seen from `folder`; `None` where it is not inside of it."""
    whole = path.absolute().resolve()
    return whole.relative_to(folder).as_posix() if whole.is_relative_to(folder) else None


def _beside(lock: Path, name: str) -> Path:
    path = lock.parent / name
    if "\0" not in name and path.is_fifo():
        raise UsageError(f"`{lock}` names `{path}`, which is a pipe, and no file")
    if "\0" in name or _inside(path, lock.absolute().parent.resolve()) is None:
        raise UsageError(
            f"`{lock}` names the file {name!r}, which is not below its own folder",
            hint="name the requirements yourself: `guard sync --locked -r FILE`",
        )
    return path
