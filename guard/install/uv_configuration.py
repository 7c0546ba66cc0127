"""uv's configuration files, read for the little that uv does not say of itself."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from guard import regular
from guard.errors import UsageError

_LIMIT: Final = 50_000_000
"""Bytes of one file: of a larger one nothing is TOML any more."""


def setting(name: str, environ: Mapping[str, str], *, folder: Path) -> str | None:
    """Return what uv's files say of `name`, for `uv pip` first; `None` where none says anything."""
    for table in tables(environ, folder=folder):
        pip = table.get("pip")
        for place in (pip if isinstance(pip, dict) else {}, table):
            if isinstance(value := place.get(name), str):
                return value
    return None


def tables(environ: Mapping[str, str], *, folder: Path) -> Iterator[dict[str, Any]]:
    """Yield uv's configuration, the nearest first; uv itself says what is wrong with a file.

    Raises `UsageError` for what is no file at all.
    """
    if named := environ.get("UV_CONFIG_FILE"):
        yield _read(folder / named)
        return
    if environ.get("UV_NO_CONFIG", "").lower() in {"1", "true", "yes", "on"}:
        return
    for place in (folder, *folder.parents):
        tool = _read(place / "pyproject.toml").get("tool")
        own = _read(place / "uv.toml") or (tool.get("uv") if isinstance(tool, dict) else None)
        if isinstance(own, dict) and own:
            yield own
            break
    for place in _shared(environ):
        yield _read(place / "uv" / "uv.toml")


def _shared(environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield the folders of the user's configuration and of the machine's."""
    home = Path.home()
    if sys.platform == "win32":
        yield Path(environ.get("APPDATA", str(home)))
        yield Path(environ.get("PROGRAMDATA", r"C:\ProgramData"))
        return
    yield Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    yield from (Path(f) for f in environ.get("XDG_CONFIG_DIRS", "").split(os.pathsep) if f)
    yield Path("/etc")


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(regular.read(path, limit=_LIMIT).decode("utf-8"))
    except regular.NotRegularError as error:  # uv itself would wait for it for ever
        raise UsageError(
            f"uv's configuration `{path}` could not be read", reason=error.strerror
        ) from None
    except (OSError, ValueError, RecursionError):
        return {}
