"""One fetch and one decision for each file, however many clients and replicas ask at once."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import Future
from datetime import timedelta
from typing import Final, TypeAlias

from guard.errors import MirrorError
from guard.mirror.intake import Intake, Missing
from guard.mirror.mirror import Mirror
from guard.mirror.records import FileRecord, Key
from guard.model import Unknown

Taken: TypeAlias = FileRecord | Missing | Unknown

_LEASE: Final = timedelta(seconds=30)
_RENEWED: Final = 10.0
"""Seconds between two renewals of a lease, as long as its holder lives."""

_POLLED: Final = 0.2
"""Seconds between two looks at what another replica has come to."""

_PATIENCE: Final = timedelta(seconds=60)


class Pulling:
    """Takes files in, each by one thread of one replica. Raises `MirrorError`."""

    def __init__(self, mirror: Mirror, intake: Intake) -> None:
        self._mirror = mirror
        self._intake = intake
        self._lock = threading.Lock()
        self._running: dict[Key, Future[Taken]] = {}

    def of(self, key: Key) -> Taken:
        """Return what has become of a file, judged now or a moment ago by somebody else."""
        with self._lock:
            future = self._running.get(key)
            mine = future is None
            if future is None:
                future = self._running[key] = Future()
        if mine:
            try:
                future.set_result(self._pulled(key))
            except BaseException as error:
                future.set_exception(error)
                raise
            finally:
                with self._lock:
                    del self._running[key]
        return future.result()

    def _pulled(self, key: Key) -> Taken:
        mirror = self._mirror
        name = f"file {key.sha256} {key.filename}"[:400]
        began = mirror.clock()
        before = mirror.files.find(key)
        while not self._leased(name):
            threading.Event().wait(_POLLED)
            record = mirror.files.find(key)
            if record is not None and record != before and self._intake.is_current(record):
                return record
            if mirror.clock() - began > _PATIENCE:
                return Unknown("another replica is still judging it")
        over = threading.Event()
        renewing = threading.Thread(target=self._renew, args=(name, over), daemon=True)
        renewing.start()
        try:
            return self._intake.take(key)
        finally:
            over.set()
            mirror.leases.release(name, mirror.holder)

    def _leased(self, name: str) -> bool:
        now = self._mirror.clock()
        return self._mirror.leases.take(name, self._mirror.holder, moment=now, until=now + _LEASE)

    def _renew(self, name: str, over: threading.Event) -> None:
        while not over.wait(_RENEWED):
            with contextlib.suppress(MirrorError):
                self._leased(name)
