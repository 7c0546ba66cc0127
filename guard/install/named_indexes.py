"""The indexes that uv knows by name, and the credentials that variables hold for them.

uv takes `UV_INDEX_INTERNAL_USERNAME` and `UV_INDEX_INTERNAL_PASSWORD` for an index that is named
`internal`, but it says the URLs of its indexes without them. The names are read where uv does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from guard.install import uv_configuration
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
    for table in uv_configuration.tables(environ, folder=folder):
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
