"""Does things again and again, each on a thread of its own, for as long as the mirror serves."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from guard.errors import GuardError

_log: Final = logging.getLogger("guard.mirror")
_LONGEST: Final = 60.0
"""Seconds to the next try of what has failed, at most, unless it is done less often anyway."""


@dataclass(frozen=True, slots=True)
class Chore:
    """Something to be done every so many seconds; it is told when everything is over."""

    name: str
    every: float
    do: Callable[[threading.Event], None]
    """Raises `GuardError`."""


@contextlib.contextmanager
def running(chores: Sequence[Chore]) -> Iterator[None]:
    """Do the chores until the end."""
    over = threading.Event()
    threads = [
        threading.Thread(target=_repeat, args=(chore, over), name=chore.name, daemon=True)
        for chore in chores
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join(timeout=10)


def _repeat(chore: Chore, over: threading.Event) -> None:
    failures = 0
    wait = chore.every
    while not over.wait(wait):
        try:
            chore.do(over)
            failures = 0
        except GuardError as error:
            failures += 1
            _log.error("%s: %s: %s", chore.name, error.message, error.reason or "")
        longest = max(chore.every, _LONGEST)
        wait = min(chore.every * 2 ** min(failures, 20), longest)
