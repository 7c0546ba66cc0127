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


class Failing:
    """What went wrong the last time that it was done. Used by many threads."""

    def __init__(self) -> None:
        self._reasons: dict[str, str] = {}

    def note(self, name: str, reason: str | None) -> None:
        """Remember why a chore has failed; `None`: it went well."""
        if reason is None:
            self._reasons.pop(name, None)
        else:
            self._reasons[name] = reason

    def __call__(self) -> str | None:
        """Say what fails, and why; `None` where nothing does."""
        return "; ".join(f"{name}: {why}" for name, why in sorted(self._reasons.items())) or None


@contextlib.contextmanager
def running(chores: Sequence[Chore], failing: Failing) -> Iterator[None]:
    """Do the chores until the end."""
    over = threading.Event()
    threads = [
        threading.Thread(target=_repeat, args=(chore, over, failing), name=chore.name, daemon=True)
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


def _repeat(chore: Chore, over: threading.Event, failing: Failing) -> None:
    failures = 0
    wait = chore.every
    while not over.wait(wait):
        reason = _failure(chore, over)
        failing.note(chore.name, reason)
        failures = 0 if reason is None else failures + 1
        longest = max(chore.every, _LONGEST)
        wait = min(chore.every * 2 ** min(failures, 20), longest)


def _failure(chore: Chore, over: threading.Event) -> str | None:
    """Do it; return what went wrong."""
    try:
        chore.do(over)
    except GuardError as error:
        reason = ": ".join(filter(None, (error.message, error.reason)))
    except Exception as error:  # noqa: BLE001 - a mistake in one round must not end all others
        reason = f"{type(error).__name__}: {error}"
    else:
        return None
    _log.error("%s: %s", chore.name, reason)
    return reason
