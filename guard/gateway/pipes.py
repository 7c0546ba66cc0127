"""Pipes where a project of uv has files: uv would wait for ever for what nobody writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from guard import regular
from guard.errors import UsageError
from guard.gateway.documents import strings, table, tables, toml

_FOLDERS: Final = 500
"""Projects of one workspace; more are refused where they are read."""


def refuse(here: Path) -> None:
    """Refuse what is no file where uv reads one, for the project around `here`.

    Raises `UsageError`. Costs little: uv is asked next whether there is anything to do at all.
    """
    waiting, seen = [here, *here.parents], set[Path]()
    while waiting and len(seen) < _FOLDERS:
        folder = waiting.pop(0).resolve()
        if folder in seen:
            continue
        seen.add(folder)
        _try(folder / "uv.lock")
        if (path := folder / "pyproject.toml").exists():
            waiting += _named(folder, toml(path))


def _named(folder: Path, document: Mapping[str, Any]) -> Iterator[Path]:
    """Yield the folders that uv would look into besides."""
    uv = table(table(document.get("tool")).get("uv"))
    for pattern in strings(table(uv.get("workspace")).get("members", [])):
        yield from folder.glob(pattern)
    for said in table(uv.get("sources")).values():
        for source in tables(said):
            yield from (folder / path for path in strings(source.get("path", [])))


def _try(path: Path) -> None:
    try:
        regular.read(path, limit=0)
    except regular.NotRegularError as error:
        raise UsageError(f"`{path}` could not be read", reason=error.strerror) from None
    except OSError:
        return  # uv itself says what is wrong with it
