"""How upstreams are asked for pages: in a hurry, and not again at once where nobody answers.

A page that is old can still be shown, so nobody is kept waiting for each one of them anew.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from guard.sources.http import FetchError, Http, Limits, NotFoundError, Response

LIMITS: Final = Limits(connect=5, read=10, total=60, retries=1)
POOLED: Final = 16

_SLOW: Final = 5.0
"""Seconds after which a failure is no answer, rather than a bad one."""

_REST: Final = 30.0
"""Seconds for which a host is not asked after that."""


class Upstream(Http):
    """Fetches pages. Used by many threads at once."""

    def __init__(self, *, slow: float = _SLOW, **how: Any) -> None:  # noqa: ANN401 - as Http has it
        super().__init__(**how)
        self._slow = slow
        self._lock = threading.Lock()
        self._resting: dict[str, float] = {}

    def get(self, url: str, *, limit: int, headers: Mapping[str, str] | None = None) -> Response:
        """Return the response of at most `limit` bytes: 200 or 304. Raises `FetchError`."""
        host, began = urlsplit(url).netloc, time.monotonic()
        with self._lock:
            if began < self._resting.get(host, 0):
                raise FetchError("it did not answer a moment ago")
        try:
            return super().get(url, limit=limit, headers=headers)
        except NotFoundError:
            raise
        except FetchError:
            now = time.monotonic()
            if now - began > self._slow:
                with self._lock:
                    self._resting[host] = now + _REST
            raise
