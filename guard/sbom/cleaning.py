"""Text and URLs of others, as a document for others may have them."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

from guard.report.text import plain

_LONGEST: Final = 4000
"""Characters of one text; whoever wants to read more has the report."""

_HOST: Final = re.compile(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]")
_BARE_PERCENT: Final = re.compile("%(?![0-9A-Fa-f]{2})")
_KEPT: Final = "/%:@!$&()*+,;=~"


LONGEST_VERSION: Final = 1024
"""Characters of a version, by the schema."""


def clean(text: str, *, longest: int = _LONGEST) -> str:
    """Return `text` without what a terminal obeys or a parser refuses, and no longer than is read.

    Control characters and lone surrogates are made visible, as in the report.
    """
    shown = plain(text[: longest + 1], lines=True)
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


def public_url(url: str) -> str | None:
    """Return `url` for everybody: no credentials, no query that could be one; else `None`.

    What lies on a disk has no address that means anything to somebody else.
    """
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        name, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    name = f"[{name}]" if ":" in name else name
    if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(name) or len(host) > _LONGEST:
        return None
    path = quote(_BARE_PERCENT.sub("%25", parts.path), safe=_KEPT, errors="replace")
    if len(path) > _LONGEST:
        return None
    return urlunsplit((parts.scheme, f"{name}:{port}" if port else name, path, "", ""))
