"""Documents of an index, fetched over HTTP or from disk, and kept for as long as they hold."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from guard.sources.cache import PageCache, Stored, stored_page
from guard.sources.http import FetchError, Http, NotFoundError, Response

_NOT_MODIFIED: Final = 304
_OFFLINE_AGE: Final = 7 * 86_400
"""Seconds after which a page that cannot be asked for again says nothing any more."""


class Pages:
    """Gets a document, from the cache while it is fresh. Used by many threads at once."""

    def __init__(
        self,
        http: Http,
        cache: PageCache,
        *,
        offline: bool = False,
        refresh: bool = False,
        stale: float = 0,
    ) -> None:
        """`stale` is how many seconds a page holds on whose index does not answer."""
        self._http = http
        self._cache = cache
        self._offline = offline
        self._refresh = refresh
        self._stale = stale

    def get(self, url: str, *, accept: str, limit: int, username: str = "") -> Response:
        """Return the document at `url`. Raises `FetchError`.

        `username` is part of what it is kept by: two users may be shown different pages.
        """
        if is_local(url):
            return self._local(url, limit)
        key, now = _key(url, username), time.time()
        found = self._cache.load(key)
        if found and found[0].fresh(now) and not self._refresh:
            return _cached(*found)
        if self._offline:
            if found and 0 <= now - found[0].fetched_at < max(_OFFLINE_AGE, self._stale):
                return _cached(*found)
            raise FetchError("offline, and not seen within the last 7 days")
        headers = {"Accept": accept, **(found[0].validators() if found else {})}
        try:
            response = self._http.get(url, limit=limit, headers=headers)
        except FetchError as error:
            return self._outlasting(found, now, error)
        if response.status == _NOT_MODIFIED:
            if not found:
                raise FetchError("HTTP 304, though nothing was cached")
            stored, body = found
            self._cache.save(key, stored.confirmed(now))
            return _cached(stored, body)
        if page := stored_page(response.headers, url=response.url, fetched_at=now):
            self._cache.save(key, page, response.body)
        return response

    def seen_at(self, url: str, *, username: str = "") -> datetime | None:
        """Return when the document at `url` was last had; `None` if it is not kept."""
        found = self._cache.load(_key(url, username))
        return datetime.fromtimestamp(found[0].fetched_at, UTC) if found else None

    def _outlasting(
        self, found: tuple[Stored, bytes] | None, now: float, error: FetchError
    ) -> Response:
        """Return the page that was found before; raise `error` when it is gone or too old."""
        gone = isinstance(error, NotFoundError)
        if gone or not found or not 0 <= now - found[0].fetched_at < self._stale:
            raise error
        return replace(_cached(*found), outlasted=str(error) or "it did not answer")

    def _local(self, url: str, limit: int) -> Response:
        """Read a folder's `index.html`, or a file as it is."""
        if url.endswith("/"):
            response = self._http.get(f"{url}index.html", limit=limit)
            return replace(response, headers={"content-type": "text/html"})
        return self._http.get(url, limit=limit)


def _key(url: str, username: str) -> str:
    return f"{username} {url}"


def is_local(url: str) -> bool:
    """Tell whether `url` is on this machine's own disk."""
    return urlsplit(url).scheme in {"file", ""}


def _cached(stored: Stored, body: bytes) -> Response:
    return Response(200, stored.url, {"content-type": stored.content_type}, body)
