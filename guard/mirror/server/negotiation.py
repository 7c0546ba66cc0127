"""Which format and which coding a client wants.

PEP-691: the media types of the Simple API. RFC-9110 §12: qualities, and what a wildcard means.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Final

JSON: Final = "application/vnd.pypi.simple.v1+json"
HTML: Final = "application/vnd.pypi.simple.v1+html"
TEXT: Final = "text/html"

_LATEST: Final = {
    "application/vnd.pypi.simple.latest+json": JSON,
    "application/vnd.pypi.simple.latest+html": HTML,
}
_PREFERRED: Final = (JSON, HTML, TEXT)
"""Of formats that a client names and wants alike, the one that says the most comes first."""

_UNNAMED: Final = (TEXT, JSON, HTML)
"""PEP-691: a client that does not say gets text/html, as every one before had."""

_CODINGS: Final = ("zstd", "gzip", "identity")
_LONGEST: Final = 2000
_LEAST: Final = 0.001
"""RFC-9110: what a header does not name is acceptable; here, after whatever it names."""


def format_of(accept: str) -> str | None:
    """Return the media type to answer with; `None` where the client takes none that there is."""
    return _format(accept[:_LONGEST])


def coding_of(accept_encoding: str) -> str:
    """Return the content coding to answer with."""
    return _coding(accept_encoding[:_LONGEST])


@functools.lru_cache(1024)
def _format(accept: str) -> str | None:
    if not accept.strip():
        return TEXT
    wanted = _ranked(accept)
    named = {_LATEST.get(name, name) for name in wanted}
    best, chosen = 0.0, None
    order = _PREFERRED if named & set(_PREFERRED) else _UNNAMED
    for media_type in order:
        quality = _quality_of(media_type, wanted)
        if quality > best:
            best, chosen = quality, media_type
    return chosen


def _quality_of(media_type: str, wanted: Mapping[str, float]) -> float:
    """RFC-9110 §12.5.1: the most specific range counts."""
    latest = next((name for name, same in _LATEST.items() if same == media_type), media_type)
    family = f"{media_type.partition('/')[0]}/*"
    ranges = (media_type, latest, family, "*/*")
    return next((wanted[name] for name in ranges if name in wanted), 0.0)


@functools.lru_cache(1024)
def _coding(accept_encoding: str) -> str:
    wanted = _ranked(accept_encoding)
    unnamed = wanted.get("*", 0.0)
    best, chosen = 0.0, "identity"
    for coding in _CODINGS:
        quality = wanted.get(coding, unnamed)
        if coding == "identity" and "identity" not in wanted:
            quality = _LEAST
        if quality > best:
            best, chosen = quality, coding
    return chosen


def _ranked(header: str) -> dict[str, float]:
    """Return what a header names, with its quality; of what it names twice, the higher one."""
    found: dict[str, float] = {}
    for item in header.split(","):
        name, *parameters = item.split(";")
        quality = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip().lower() == "q":
                quality = _quality(value.strip())
        if named := name.strip().lower():
            found[named] = max(quality, found.get(named, 0.0))
    return found


def _quality(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if 0 <= value <= 1 else 0.0
