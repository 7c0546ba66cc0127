"""METADATA for resolvers: of wheels that nobody has downloaded yet, and that may never be needed.

What a resolver reads here decides what it chooses, so it is remembered by the sha256 that the page
promises for the wheel, and the wheel itself is held to it when it is judged.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import threading
import zipfile
import zlib
from pathlib import Path
from typing import Final

from guard.model import File
from guard.private import private_folder, write_private
from guard.simple import PageFile
from guard.sources.http import FetchError, Http
from guard.sources.sidecar import LIMIT, address

_TAIL: Final = 64 << 10
"""Bytes of a wheel's end that are read first: the directory, and mostly METADATA as well."""

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
            remote = _Remote(self._http, entry)
            with zipfile.ZipFile(remote) as archive:
                return _metadata(archive, entry.filename)
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, KeyError) as error:
            raise FetchError(f"its METADATA could not be read: {error}") from None
        except (NotImplementedError, RuntimeError, OSError) as error:
            raise FetchError(f"its METADATA could not be read: {error}") from None


def _metadata(archive: zipfile.ZipFile, filename: str) -> bytes:
    """Return the one METADATA at the top; what else is wrong with the wheel is seen later."""
    stem = "-".join(filename.split("-")[:2]).lower()
    found = [
        member
        for member in archive.infolist()
        if member.filename.count("/") == 1 and member.filename.endswith(".dist-info/METADATA")
    ]
    if len(found) != 1 or found[0].file_size > LIMIT:
        raise FetchError(f"no METADATA of its own is in {stem}")
    with archive.open(found[0]) as stream:
        content = stream.read(LIMIT + 1)
    if len(content) > LIMIT:
        raise FetchError(f"METADATA is larger than {LIMIT} bytes")
    return content


class _Remote(io.RawIOBase):
    """A file on a server, read in parts: its end first."""

    def __init__(self, http: Http, entry: PageFile) -> None:
        self._http = http
        self._url = entry.url
        self._place = 0
        self._spent = 0
        span = f"0-{_WHOLE - 1}" if (entry.size or _WHOLE + 1) <= _WHOLE else f"-{_TAIL}"
        response = http.part(entry.url, span, limit=_BUDGET)
        self._held = response.body
        if response.status == _ALL:
            self._size = len(self._held)
        else:
            self._size = _total(response.headers.get("content-range", ""))
        self._start = 0 if span.startswith("0") else self._size - len(self._held)
        if self._start < 0 or self._start + len(self._held) > self._size:
            raise FetchError("the server sent another part than it was asked for")

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move; nothing is read."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError("a place before the beginning")
        self._place = base + offset
        return self._place

    def tell(self) -> int:
        """Return the place that is read next."""
        return self._place

    def read(self, size: int | None = -1) -> bytes:
        """Return the bytes from here on. Raises `FetchError`."""
        wanted = self._size - self._place if size is None or size < 0 else size
        stop = min(self._size, self._place + wanted)
        start, self._place = self._place, max(self._place, stop)
        if start >= stop:
            return b""
        if start >= self._start and stop <= self._start + len(self._held):
            return self._held[start - self._start : stop - self._start]
        # Some more than was asked for: the next read goes on from here.
        self._fetch(start, min(self._size, max(stop, start + _TAIL)))
        return self._held[: stop - start]

    def _fetch(self, start: int, stop: int) -> None:
        self._spent += stop - start
        if self._spent > _BUDGET:
            raise FetchError(f"more than {_BUDGET} bytes were needed for its METADATA")
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
