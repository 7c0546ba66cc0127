"""URLs and paths of a document, in the one form in which they are compared: no credentials."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit, urlunsplit

from guard.inventory._document import Table
from guard.model import index_url

_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_LOCAL: Final = re.compile(r"(?:git\+|hg\+|svn\+|bzr\+)?file", re.IGNORECASE)
_SCP: Final = re.compile(r"(?:[^@/:]+@)?([^@/:]+:[^/].*)")
"""`git@example.com:acme/frob.git`: what git takes beside URLs."""


def address(text: str, table: Table) -> str:
    """Return a URL without credentials and without fragment. Raises `UsageError`.

    A backslash is a part of the host to some readers, and ends it for others.
    """
    try:
        parts = urlsplit(text)
        nowhere = "\\" in text or (not parts.hostname and not _LOCAL.fullmatch(parts.scheme))
        _ = parts.port  # raises where it is no number
    except ValueError:  # not repeated: it may hold a password
        nowhere = True
    if nowhere or not parts.scheme:
        raise table.wrong("a URL that is none")
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, parts.query, ""))


def place(text: str, folder: Path, table: Table) -> str:
    """Return the URL of a URL or of a path, which is relative to `folder`. Raises `UsageError`."""
    if _SCHEME.match(text):
        return address(text, table)
    try:
        return (folder / text).resolve().as_uri()
    except (OSError, RuntimeError, ValueError) as error:
        raise table.wrong("a path that is none", reason=str(error)) from None


def repository(text: str, folder: Path, table: Table) -> str:
    """Return the URL of a repository, or what git takes in its place. Raises `UsageError`."""
    if "://" not in text and (found := _SCP.fullmatch(text)):
        return found[1]
    return place(text, folder, table)


def index(text: str, folder: Path, table: Table) -> str:
    """Return the URL of an index, which may be a folder. Raises `UsageError`."""
    url = place(text, folder, table)
    try:
        return index_url(url)
    except ValueError:
        raise table.wrong("the URL of an index that is none") from None


def last_segment(url: str) -> str:
    """Return the file name at the end of a URL, as it is on disk."""
    return unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2])
