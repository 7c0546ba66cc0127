"""The user's own projects: folders that are asked for by path, installed or installed in place."""

from __future__ import annotations

import os
import re
import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from packaging.utils import canonicalize_name

from guard.errors import UsageError
from guard.model import File, FileKind
from guard.request import Request
from guard.request.specifier import parse

_EXTRAS: Final = re.compile(r"\[[A-Za-z0-9._,\s-]*\]$")
_NOT_COPIED: Final = frozenset(
    {"node_modules", "__pycache__", ".tox", ".nox", ".mypy_cache", ".pytest_cache", ".ruff_cache"}
)
"""What lies in a checkout and is no part of its source; environments are known by their file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """One folder on the command line."""

    words: str
    """As it was asked for."""

    file: File
    place: Path
    extras: str
    editable: bool


def projects(request: Request) -> Iterator[Own]:
    """Yield the folders that the command line asks for. Raises `UsageError`."""
    for words in request.specifiers:
        file = parse(words, where="the command line").direct
        if file is None or file.kind is not FileKind.SOURCE_TREE:
            continue
        if not file.url.startswith("file:"):
            continue
        place = Path(unquote(urlsplit(file.url).path))
        if not place.is_dir():
            raise UsageError(f"there is no folder `{place}`")
        extras = _EXTRAS.search(words)
        yield Own(
            words=words,
            file=_named(file, place),
            place=place,
            extras=extras[0] if extras else "",
            editable=words in request.editable,
        )


def _named(file: File, place: Path) -> File:
    """Return `file` by the name that its pyproject.toml gives it, where that has one."""
    try:
        document = tomllib.loads((place / "pyproject.toml").read_text(encoding="utf-8"))
        return replace(file, project=canonicalize_name(document["project"]["name"], validate=True))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return file


def copied(place: Path, folder: Path) -> Path:
    """Copy the project in `place` below `folder`, without environments, and return where to."""
    copy = folder / (place.name or "project")
    try:
        shutil.copytree(place, copy, symlinks=True, ignore=_left_out)
    except (OSError, shutil.Error) as error:
        raise UsageError(f"`{place}` could not be copied to be built", reason=str(error)) from None
    return copy


def _left_out(folder: str, names: list[str]) -> set[str]:
    return {
        name
        for name in names
        if name in _NOT_COPIED or os.path.isfile(os.path.join(folder, name, "pyvenv.cfg"))  # noqa: PTH113, PTH118 - as it is given
    }
