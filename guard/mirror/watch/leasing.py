"""Holds a lease for as long as something takes: of several replicas, one does it."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from guard.errors import MirrorError
from guard.mirror.mirror import Mirror

_log: Final = logging.getLogger("guard.mirror")
_LEASE: Final = timedelta(seconds=20)
"""After which another one goes on with what a replica has left, because it is no more."""

_RENEWED: Final = 5.0
"""Seconds between two renewals."""


@contextlib.contextmanager
def leased(mirror: Mirror, key: str) -> Iterator[bool]:
    """Yield whether this process has the lease; if so, it is kept until the end.

    Raises `MirrorError`.
    """
    if not _take(mirror, key):
        yield False
        return
    over = threading.Event()
    renewing = threading.Thread(target=_renew, args=(mirror, key, over), daemon=True)
    renewing.start()
    try:
        yield True
    finally:
        over.set()
        renewing.join()
        with contextlib.suppress(MirrorError):  # else it runs out by itself
            mirror.leases.release(key, mirror.holder)


def _take(mirror: Mirror, key: str) -> bool:
    now = mirror.clock()
    return mirror.leases.take(key, mirror.holder, moment=now, until=now + _LEASE)


def _renew(mirror: Mirror, key: str, over: threading.Event) -> None:
    while not over.wait(_RENEWED):
        try:
            _take(mirror, key)
        except MirrorError as error:
            _log.warning("%s: %s", error.message, error.reason)
