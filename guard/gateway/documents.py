"""TOML files of a checkout, read with a limit: anything may be in them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from guard import regular
from guard.errors import UsageError

_LIMIT: Final = 50_000_000
"""Bytes of one file that is read."""


def toml(path: Path) -> Mapping[str, Any]:
    """Return the document at `path`. Raises `UsageError`."""
    return parsed(text(path), path)


def parsed(content: str, path: Path) -> Mapping[str, Any]:
    """Return the document that `content` is, of the file at `path`. Raises `UsageError`."""
    try:
        return tomllib.loads(content)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"`{path}` is not TOML", reason=str(error)) from None


def text(path: Path) -> str:
    """Return what is written in the file at `path`. Raises `UsageError`."""
    return decoded(body(path), path)


def body(path: Path) -> bytes:
    """Return what is in the file at `path`. Raises `UsageError`."""
    try:
        found = regular.read(path, limit=_LIMIT)
    except OSError as error:
        raise UsageError(f"`{path}` could not be read", reason=error.strerror) from None
    if len(found) > _LIMIT:
        raise UsageError(f"`{path}` is larger than {_LIMIT} bytes")
    return found


def decoded(body: bytes, path: Path) -> str:
    """Return the text of the file at `path`. Raises `UsageError`."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"`{path}` is not UTF-8") from None


def table(value: object) -> Mapping[str, Any]:
    """Return `value` where it is a table, else an empty one."""
    return value if isinstance(value, dict) else {}


def tables(value: object) -> Iterator[Mapping[str, Any]]:
    """Yield the tables of an array of them; of one table, that one."""
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, dict):
            yield each


def strings(value: object) -> Iterator[str]:
    """Yield the strings of an array; what is no string is none."""
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, str):
            yield each
