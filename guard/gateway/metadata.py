"""METADATA for resolvers: of wheels that nobody has downloaded yet, and that may never be needed.

What a resolver reads here decides what it chooses, so it is remembered by the sha256 that the page
promises for the wheel, and the wheel itself is held to it when it is judged.
"""

from __future__ import annotations

import contextlib
import hashlib
import struct
import threading
import zlib
from pathlib import Path
from typing import Final

from guard.gateway.member import member_of
from guard.model import File
from guard.private import private_folder, write_private
from guard.simple import PageFile
from guard.sources.http import FetchError, Http
from guard.sources.sidecar import LIMIT, address

_METADATA: Final = b".dist-info/METADATA"
_TAIL: Final = 72 << 10
"""Bytes of a wheel's end that are read first: the directory, and mostly METADATA as well."""

_PART, _LONG_TAIL = 100, 512 << 10
"""How much of a large wheel that is, and at most: it has a longer directory."""

_HEAD: Final = 16 << 10
"""Bytes that are read in front of what is asked for."""

_WHOLE: Final = 256 << 10
"""Bytes up to which a wheel is read at once."""

_BUDGET: Final = 64 << 20
"""Bytes of one wheel that are read for its METADATA."""


class Metadata:
    """The metadata files that the gateway offers, kept under `folder`. Used by many threads."""

    def __init__(self, http: Http, folder: Path) -> None:
        self._http = http
        self._folder = folder
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}

    def of(self, entry: PageFile) -> bytes:
        """Return the METADATA of the wheel of `entry`. Raises `FetchError`."""
        sha256 = entry.hashes["sha256"]
        with self._lock:
            lock = self._locks.setdefault(sha256, threading.Lock())
        with lock:
            if (known := self._known(sha256)) is not None:
                return known
            content = self._offered(entry) if entry.core_metadata else self._inside(entry)
            with contextlib.suppress(OSError):  # what cannot be kept is fetched again
                private_folder(self._folder.parent)
                private_folder(self._folder)
                write_private(self._folder / sha256, content)
            return content

    def served(self, file: File) -> str | None:
        """Return the sha256 of what a resolver may have read of `file`, now or in another run."""
        known = self._known(file.hashes.get("sha256", ""))
        return None if known is None else hashlib.sha256(known).hexdigest()

    def _known(self, sha256: str) -> bytes | None:
        try:
            return (self._folder / sha256).read_bytes() if sha256.isalnum() else None
        except OSError:
            return None

    def _offered(self, entry: PageFile) -> bytes:
        """Return the index's own metadata file, held to the digest on its page."""
        content = self._http.get(address(entry.url), limit=LIMIT).body
        if hashlib.sha256(content).hexdigest() != entry.core_metadata:
            raise FetchError("the metadata file does not have the sha256 on its page")
        return content

    def _inside(self, entry: PageFile) -> bytes:
        """Read METADATA out of the wheel where it is, without the rest of it."""
        try:
            return member_of(_Remote(self._http, entry).read, _METADATA, limit=LIMIT)
        except (struct.error, zlib.error, ValueError) as error:
            raise FetchError(f"its METADATA could not be read: {error}") from None


class _Remote:
    """A file on a server, read in parts: its end first."""

    def __init__(self, http: Http, entry: PageFile) -> None:
        self._http = http
        self._url = entry.url
        self._spent = 0
        small = entry.size is not None and entry.size <= _WHOLE
        tail = max(_TAIL, min((entry.size or 0) // _PART, _LONG_TAIL))
        response = http.part(entry.url, f"0-{_WHOLE - 1}" if small else f"-{tail}", limit=_BUDGET)
        self._held = response.body
        whole = response.status == _ALL
        said = response.headers.get("content-range", "")
        self._size = len(self._held) if whole else _total(said)
        self._start = 0 if small or whole else self._size - len(self._held)
        if self._start < 0 or self._start + len(self._held) > self._size:
            raise FetchError("the server sent another part than it was asked for")

    def read(self, start: int | None, size: int) -> bytes:
        """Return `size` bytes from `start` on, or, without it, the last ones. Less at the end."""
        start = max(0, self._size - size) if start is None else start
        stop = min(self._size, start + size)
        if not self._start <= start <= stop <= self._start + len(self._held):
            # Some more than was asked for: the next read goes on from here, or goes back a little.
            # METADATA is mostly one of the last files, and RECORD, as long as the directory, too.
            before = max(0, start - (stop - start) - _HEAD)
            self._fetch(before, min(self._size, max(stop, start + _TAIL)))
        return self._held[start - self._start : stop - self._start]

    def _fetch(self, start: int, stop: int) -> None:
        self._spent += stop - start
        if self._spent > _BUDGET or start >= stop:
            raise FetchError("its directory leads out of it, or to far too much")
        body = self._http.part(self._url, f"{start}-{stop - 1}", limit=_BUDGET).body
        if len(body) != stop - start:
            raise FetchError("the server sent another part than it was asked for")
        self._held, self._start = body, start


_ALL: Final = 200


def _total(content_range: str) -> int:
    """RFC-9110: `bytes 0-99/1000`."""
    total = content_range.rpartition("/")[2]
    if not (total.isascii() and total.isdecimal() and len(total) < 16):  # noqa: PLR2004 - digits
        raise FetchError("the server does not say how large the file is")
    return int(total)
