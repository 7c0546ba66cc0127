"""Slow work on threads of its own, done once for each key, however many ask for it at once.

Whoever waits holds no thread: an upstream that hangs keeps nobody from what is already here.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, Generic, TypeVar

from guard.model import Unknown

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

_PATIENCE: Final = 25.0
"""Seconds to wait for work that goes on: uv waits 30 for an answer, and then asks again."""

_BUSY: Final = Unknown("too much else is being judged; ask again in a moment")
_GOING_ON: Final = Unknown("it is still being judged; ask again in a moment")


class Shared(Generic[K, T]):
    """Runs `run` for each key. Used by many threads at once."""

    def __init__(self, run: Callable[[K], T], *, threads: int, waiting: int, name: str) -> None:
        """At most `waiting` keys are begun and not done."""
        self._run = run
        self._waiting = waiting
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._lock = threading.Lock()
        self._running: dict[K, Future[T]] = {}

    def begin(self, key: K) -> Future[T] | None:
        """Return what is being done, begun now or before; `None` where there is no room."""
        with self._lock:
            future = self._running.get(key)
            if future is None and len(self._running) < self._waiting:
                future = self._running[key] = self._pool.submit(self._done, key)
            return future

    async def of(self, key: K, patience: float = _PATIENCE) -> T | Unknown:
        """Return what `run` made of the key, or why that is not known yet."""
        future = self.begin(key)
        if future is None:
            return _BUSY
        try:
            waiting = asyncio.shield(asyncio.wrap_future(future))
            return await asyncio.wait_for(waiting, patience)
        except TimeoutError:
            return _GOING_ON

    def close(self) -> None:
        """Begin nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _done(self, key: K) -> T:
        try:
            return self._run(key)
        finally:
            with self._lock:
                self._running.pop(key, None)
