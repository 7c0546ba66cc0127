"""PEP-658: the metadata file that an index offers beside a wheel, for resolvers to read instead.

Where its page gives the file's digest, pip and uv hold what they read to that, and nobody needs to
fetch it again. Where it does not, only the bytes will tell.
"""

from __future__ import annotations

import hashlib
from typing import Final
from urllib.parse import urlsplit

from guard.model import Fact, Unknown
from guard.sources.http import FetchError
from guard.sources.pages import Pages

LIMIT: Final = 8 << 20
"""Bytes of one metadata file; the largest of the well-known projects are below 1 MiB."""


def sidecar_sha256(pages: Pages, url: str, *, username: str = "") -> Fact[str]:
    """Return the sha256 of the metadata file of the wheel at `url`; Unknown if it cannot be had.

    That it is not there is not known either: it may have been there for the resolver.
    """
    try:
        body = pages.get(address(url), accept="*/*", limit=LIMIT, username=username).body
    except FetchError as error:
        return Unknown(f"its index offers a metadata file that could not be had: {error}")
    return hashlib.sha256(body).hexdigest()


def address(url: str) -> str:
    """PEP-658: return the wheel's own address, with .metadata added to the path."""
    parts = urlsplit(url)
    return parts._replace(path=f"{parts.path}.metadata").geturl()
