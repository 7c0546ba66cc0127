"""The indexes that uv knows by name, and the credentials that variables hold for them.

uv takes `UV_INDEX_INTERNAL_USERNAME` and `UV_INDEX_INTERNAL_PASSWORD` for an index that is named
`internal`, but it says the URLs of its indexes without them. The names are read where uv does.
"""

from __future__ import annotations

import os
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from guard.model import Credentials, index_url

_VARIABLE: Final = re.compile(r"UV_INDEX_(.+)_(?:USERNAME|PASSWORD)")
_NAMED: Final = re.compile(r"([A-Za-z0-9._-]+)=(.+)")


def credentials(environ: Mapping[str, str], *, folder: Path) -> Mapping[str, Credentials]:
    """Return the credentials in `environ`, by the URL of the index that they are for."""
    given = {match[1] for name in environ if (match := _VARIABLE.fullmatch(name))}
    if not given:
        return {}
    found: dict[str, Credentials] = {}
    for name, url in _named(environ, folder):
        key = re.sub("[^A-Z0-9]", "_", name.upper())
        if key in given:
            username = environ.get(f"UV_INDEX_{key}_USERNAME", "")
            password = environ.get(f"UV_INDEX_{key}_PASSWORD", "")
            found.setdefault(url, Credentials(username, password))
    return found


def _named(environ: Mapping[str, str], folder: Path) -> Iterator[tuple[str, str]]:
    """Yield names and URLs, the strongest first."""
    for variable in ("UV_INDEX", "UV_DEFAULT_INDEX"):
        for word in environ.get(variable, "").split():
            if match := _NAMED.fullmatch(word):
                yield from _normal(match[1], match[2])
    for table in _tables(environ, folder):
        entries = table.get("index", [])
        for entry in entries if isinstance(entries, list) else []:
            if isinstance(entry, dict):
                yield from _normal(entry.get("name"), entry.get("url"))


def _normal(name: object, url: object) -> Iterator[tuple[str, str]]:
    if isinstance(name, str) and isinstance(url, str):
        try:
            yield name, index_url(url)
        except ValueError:
            return


def _tables(environ: Mapping[str, str], folder: Path) -> Iterator[dict[str, Any]]:
    """Yield uv's configuration, the nearest first; uv itself says what is wrong with a file."""
    if named := environ.get("UV_CONFIG_FILE"):
        yield _read(folder / named)
        return
    if environ.get("UV_NO_CONFIG", "").lower() in {"1", "true", "yes", "on"}:
        return
    for place in (folder, *folder.parents):
        own = _read(place / "uv.toml") or _read(place / "pyproject.toml").get("tool", {}).get("uv")
        if own:
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
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return {}
