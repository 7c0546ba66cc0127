"""Project pages as they were last seen, with what is needed to ask whether they still hold."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from guard.private import is_own, private_folder, write_private

_MAX_AGE: Final = 600
"""Seconds for which a page may be used without asking: what PyPI itself allows pip and uv."""


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A page as it came, without its body."""

    url: str
    """Where it came from in the end: relative links are relative to this."""

    content_type: str
    fetched_at: float
    """Seconds since the epoch."""

    max_age: int
    etag: str | None = None
    last_modified: str | None = None
    body_sha256: str = ""
    """Of the body as it is kept; said by whoever keeps it."""

    def fresh(self, now: float) -> bool:
        """Tell whether the page may be used unasked. Never, if the clock has jumped."""
        return 0 <= now - self.fetched_at < self.max_age

    def confirmed(self, now: float) -> Stored:
        """Return the same page, seen again at `now`."""
        return msgspec.structs.replace(self, fetched_at=now)

    def validators(self) -> dict[str, str]:
        """Return the request headers that ask for the page only if it has changed."""
        headers = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in headers.items() if value}


class PageCache:
    """Pages under `folder`. A cache that cannot be read or written is an empty one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, key: str) -> tuple[Stored, bytes] | None:
        """Return the page of `key`, if it is here whole."""
        path = self._path(key)
        try:
            if not is_own(self._folder):
                return None
            stored = msgspec.json.decode(path.with_suffix(".json").read_bytes(), type=Stored)
            content = path.with_suffix(".body").read_bytes()
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None
        if hashlib.sha256(content).hexdigest() != stored.body_sha256:
            return None
        body = self._unpacked(content)
        return None if body is None else (stored, body)

    def save(self, key: str, stored: Stored, body: bytes | None = None) -> None:
        """Keep the page; without a `body`, the one that is already here stays."""
        path = self._path(key)
        with contextlib.suppress(OSError):
            private_folder(self._folder)
            if body is not None:
                content = self._packed(body)
                sha256 = hashlib.sha256(content).hexdigest()
                stored = msgspec.structs.replace(stored, body_sha256=sha256)
                write_private(path.with_suffix(".body"), content)
            write_private(path.with_suffix(".json"), msgspec.json.encode(stored))

    def _packed(self, body: bytes) -> bytes:
        """Return what is written for `body`."""
        return body

    def _unpacked(self, content: bytes) -> bytes | None:
        """Return the body of which `content` was written; `None` where it cannot be told."""
        return content

    def _path(self, key: str) -> Path:
        return self._folder / hashlib.sha256(key.encode()).hexdigest()


def stored_page(headers: Mapping[str, str], *, url: str, fetched_at: float) -> Stored | None:
    """Describe a response for the cache; `None` when the index forbids keeping it."""
    control = headers.get("cache-control", "").lower()
    if "no-store" in control:
        return None
    return Stored(
        url=url,
        content_type=headers.get("content-type", ""),
        fetched_at=fetched_at,
        max_age=_max_age(control),
        etag=headers.get("etag"),
        last_modified=headers.get("last-modified"),
    )


def _max_age(control: str) -> int:
    if "no-cache" in control:
        return 0
    given = re.search(r"max-age=(\d{1,9})", control)
    return min(int(given[1]), _MAX_AGE) if given else _MAX_AGE
