"""One fetch and one decision for each file, however many clients and replicas ask at once."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final, TypeAlias

from guard.errors import MirrorError
from guard.mirror.intake import Intake, Missing
from guard.mirror.mirror import Mirror
from guard.mirror.records import FileRecord, Key
from guard.mirror.shared import Shared
from guard.model import Unknown

Taken: TypeAlias = FileRecord | Missing | Unknown

_log: Final = logging.getLogger("guard.mirror")
_LEASE: Final = timedelta(seconds=30)
_RENEWED: Final = 10.0
"""Seconds between two renewals of a lease, as long as its holder lives."""

_POLLED: Final = 0.2
"""Seconds between two looks at what another replica has come to."""

_PATIENCE: Final = timedelta(seconds=60)
_THREADS: Final = 16
_WAITING: Final = 1000
"""Files that are being judged or about to be: more are turned away."""


class Pulling:
    """Takes files in, each by one thread of one replica. Raises `MirrorError`."""

    def __init__(
        self,
        mirror: Mirror,
        intake: Intake,
        then: Callable[[FileRecord], None] = lambda _: None,
    ) -> None:
        """`then` is told of every decision that was made here."""
        self._mirror = mirror
        self._intake = intake
        self._then = then
        self._shared = Shared(self._pulled, threads=_THREADS, waiting=_WAITING, name="pull")

    def of(self, key: Key) -> Taken:
        """Return what has become of a file, judged now or a moment ago by somebody else."""
        future = self._shared.begin(key)
        return Unknown("too much else is being judged") if future is None else future.result()

    async def soon(self, key: Key) -> Taken:
        """Return the same, or that it is not known yet: the work goes on without us."""
        return await self._shared.of(key)

    def close(self) -> None:
        """Take nothing more in."""
        self._shared.close()

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
        with self._holding(name):
            taken = self._intake.take(key)
        if isinstance(taken, FileRecord):
            self._then(taken)
        return taken

    @contextlib.contextmanager
    def _holding(self, name: str) -> Iterator[None]:
        """Renew a lease while something is done, and then give it back."""
        over = threading.Event()
        threading.Thread(target=self._renew, args=(name, over), daemon=True).start()
        try:
            yield
        finally:
            over.set()
            with contextlib.suppress(MirrorError):  # it ends by itself
                self._mirror.leases.release(name, self._mirror.holder)

    def _leased(self, name: str) -> bool:
        now = self._mirror.clock()
        return self._mirror.leases.take(name, self._mirror.holder, moment=now, until=now + _LEASE)

    def _renew(self, name: str, over: threading.Event) -> None:
        while not over.wait(_RENEWED):
            try:
                self._leased(name)
            except MirrorError as error:
                _log.warning("%s: %s", error.message, error.reason)
