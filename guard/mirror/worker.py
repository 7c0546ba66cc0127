"""Runs the jobs of the queue, as many at once as it has threads."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, TypeAlias

from guard.errors import GuardError, MirrorError
from guard.mirror.mirror import Mirror
from guard.mirror.queue import Job, Queue

Handler: TypeAlias = Callable[[Mirror, Mapping[str, Any]], None]
"""Does one job; raises `GuardError` for what may go well another time."""

_IDLE: Final = 1.0
"""Seconds until an empty queue is asked again."""

_ATTEMPTS: Final = 20
_LONGEST_WAIT: Final = timedelta(minutes=10)
_BEATS: Final = 720
"""After so many, an hour, a job is taken to hang, and somebody else may have it."""

_log: Final = logging.getLogger("guard.mirror")


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """Takes jobs from the queue and does them."""

    mirror: Mirror
    queue: Queue
    handlers: Mapping[str, Handler]
    threads: int = 2

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; jobs that have begun are finished first."""
        with ThreadPoolExecutor(self.threads, thread_name_prefix="job") as pool:
            for loop in [pool.submit(self._loop, stop) for _ in range(self.threads)]:
                loop.result()

    def _loop(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                worked = self.one()
            except MirrorError as error:
                _log.error("%s: %s", error.message, error.reason)
                worked = False
            if not worked:
                stop.wait(_IDLE)

    def one(self) -> bool:
        """Do one job; tell whether there was any. Raises `MirrorError`."""
        job = self.queue.claim(tuple(self.handlers))
        if job is None:
            return False
        if job.attempts > _ATTEMPTS:
            self.queue.fail(job, "it never came to an end", due=None)
            return True
        try:
            with self._kept(job):
                self.handlers[job.kind](self.mirror, job.payload)
        except GuardError as error:
            self._failed(job, error)
        except Exception as error:  # noqa: BLE001 - the worker outlives a mistake in one job
            self._failed(job, error)
        else:
            self.queue.complete(job)
        return True

    def _failed(self, job: Job, error: Exception) -> None:
        words = f"{type(error).__name__}: {error}"
        _log.warning("job %s %s failed (%d): %s", job.kind, job.key, job.attempts, words)
        wait = min(timedelta(seconds=2**job.attempts), _LONGEST_WAIT)
        due = self.mirror.clock() + wait if job.attempts < _ATTEMPTS else None
        self.queue.fail(job, words, due=due)

    @contextlib.contextmanager
    def _kept(self, job: Job) -> Iterator[None]:
        """Say that the job is being done for as long as it is."""
        over = threading.Event()
        beating = threading.Thread(target=self._beat, args=(job, over), daemon=True)
        beating.start()
        try:
            yield
        finally:
            over.set()
            beating.join()

    def _beat(self, job: Job, over: threading.Event) -> None:
        for _ in range(_BEATS):
            if over.wait(self.queue.beat.total_seconds()):
                return
            with contextlib.suppress(MirrorError):
                self.queue.keep(job)
