"""The spot in an environment that a file takes, in one spelling for every way to get there.

A spot is a path relative to the environment: `site-packages/six.py`, `bin/activate`,
`share/doc/six`. Purelib, platlib and the data scheme's way into them are one `site-packages`, the
folders of commands one `bin`, whatever a target calls them. Headers have no spot: every project
has a folder of its own for them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import Final

from guard.artifact.content import Content
from guard.artifact.place import Place, Scheme

SITE: Final = "site-packages/"
COMMANDS: Final = "bin/"

_SOURCES: Final = ("py", "pyc")
_EXTENSIONS: Final = ("so", "pyd", "fwork")
_PACKAGE: Final = "__init__"
_CACHE: Final = "__pycache__"
_ANY: Final = ".*"


def fold(path: str) -> str:
    """Return what `path` is where neither case nor the form of its characters counts."""
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def spots(content: Content) -> Iterator[str]:
    """Yield the spot of every file, and of every command that an installer would write."""
    landing = content.landing
    for paths in (landing.purelib, landing.platlib):
        for path in paths:
            yield SITE + path
    for path in landing.scripts:
        yield COMMANDS + path
    for path in landing.data:
        yield spot(Place(Scheme.DATA, path))
    for command in content.commands:
        yield COMMANDS + command.name


def heads(content: Content) -> frozenset[str]:
    """Return the heads of all spots, without making each: most wheels share none with another."""
    landing = content.landing
    site = {_first(path) for paths in (landing.purelib, landing.platlib) for path in paths}
    rest = spots(replace(content, landing=replace(landing, purelib=(), platlib=())))
    return frozenset(map(head, chain((SITE + path for path in site), rest)))


def _first(path: str) -> str:
    first = path.partition("/")[0]
    return path if first == _CACHE else first


def spot(place: Place) -> str:
    """Return the spot of a file that does not land among the headers."""
    if place.in_site:
        return SITE + (place.site_path or place.path)
    if place.scheme is Scheme.SCRIPTS:
        return COMMANDS + place.path
    return place.path if place.command is None else COMMANDS + place.command


def keys(spot: str) -> tuple[str, ...]:
    """Return by what `spot` meets others: its folded path, and the module that it would be.

    `six.py`, `six/__init__.py`, `six.abi3.so` and `__pycache__/six.cpython-311.pyc` are one module:
    of several, an import takes one, so each can take the place of the others.
    """
    key = fold(spot)
    if key.startswith(COMMANDS):
        return (key.removesuffix(".exe"),)
    module = _module(key) if key.startswith(SITE) else None
    return (key,) if module is None else (key, module)


def _module(key: str) -> str | None:
    folder, _, name = key.rpartition("/")
    stem, _, ending = name.partition(".")
    tag, _, last = ending.rpartition(".")
    if folder.endswith(f"/{_CACHE}") and last == "pyc":
        folder = folder[: -len(_CACHE) - 1]
    elif last not in _EXTENSIONS and (tag or last not in _SOURCES):
        return None
    return f"{folder}{_ANY}" if stem == _PACKAGE else f"{folder}/{stem}{_ANY}"


def head(spot: str) -> str:
    """Return the start of `spot`, folded: without one in common, two have no key in common."""
    folder, slash, path = spot.partition("/")
    if not slash:
        folder, path = "", folder
    first, _, rest = path.partition("/")
    if first == _CACHE:
        first = rest
    return fold(f"{folder}/{first.partition('.')[0]}")
