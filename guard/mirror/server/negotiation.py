"""Which format and which coding a client wants.

PEP-691: the media types of the Simple API. RFC-9110 §12: qualities, and what a wildcard means.
"""

from __future__ import annotations

import functools
from typing import Final

JSON: Final = "application/vnd.pypi.simple.v1+json"
HTML: Final = "application/vnd.pypi.simple.v1+html"
TEXT: Final = "text/html"

_FORMATS: Final = {
    JSON: JSON,
    HTML: HTML,
    TEXT: TEXT,
    "application/vnd.pypi.simple.latest+json": JSON,
    "application/vnd.pypi.simple.latest+html": HTML,
}
_CODINGS: Final = ("zstd", "gzip")
_LONGEST: Final = 2000


@functools.lru_cache(1024)
def format_of(accept: str) -> str | None:
    """Return the media type to answer with; `None` where the client takes none that there is.

    PEP-691: a client that does not say gets text/html, as every one before had.
    """
    if not accept:
        return TEXT
    best: tuple[float, int] | None = None
    chosen = None
    for position, (name, quality) in enumerate(_ranked(accept)):
        found = _wildcard(name) if "*" in name else _FORMATS.get(name)
        if found is not None and quality > 0 and (best is None or quality > best[0]):
            best, chosen = (quality, position), found
    return chosen


@functools.lru_cache(1024)
def coding_of(accept_encoding: str) -> str:
    """Return the content coding to answer with."""
    qualities = dict(_ranked(accept_encoding))
    everything = qualities.get("*", 0.0)
    best, chosen = 0.0, "identity"
    for coding in _CODINGS:
        quality = qualities.get(coding, everything)
        if quality > best:
            best, chosen = quality, coding
    return chosen


def _wildcard(name: str) -> str | None:
    return {"*/*": TEXT, "text/*": TEXT, "application/*": JSON}.get(name)


def _ranked(header: str) -> list[tuple[str, float]]:
    found = []
    for item in header[:_LONGEST].split(","):
        name, *parameters = item.split(";")
        quality = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip().lower() == "q":
                quality = _quality(value.strip())
        if name.strip():
            found.append((name.strip().lower(), quality))
    return found


def _quality(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if 0 <= value <= 1 else 0.0
