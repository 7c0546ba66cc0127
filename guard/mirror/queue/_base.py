"""What every queue does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

LEASE: Final = timedelta(seconds=20)
"""How long nothing may be heard of whoever runs a job."""

BEAT: Final = timedelta(seconds=5)
"""How often a worker says that it still runs one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job that was claimed."""

    number: int
    kind: str
    key: str
    payload: Mapping[str, Any]
    attempts: int
    """How often it was claimed, this time included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many jobs there are."""

    waiting: int
    running: int
    failed: int


class Queue(ABC):
    """Jobs in a database. Used by many threads at once; raises `MirrorError`."""

    beat: timedelta = BEAT

    @abstractmethod
    def prepare(self) -> None:
        """Make what the queue needs in the database, beyond the mirror's own schema."""

    @abstractmethod
    def enqueue(
        self, kind: str, key: str, payload: Mapping[str, Any], *, due: datetime | None = None
    ) -> bool:
        """Add a job, to run from `due` on; tell whether none of that kind and key was waiting.

        `payload` is JSON; what waits already keeps its own.
        """

    @abstractmethod
    def claim(self, kinds: Sequence[str]) -> Job | None:
        """Return a job of one of `kinds` that is due and nobody else runs, the oldest first."""

    @abstractmethod
    def keep(self, job: Job) -> bool:
        """Say that it still runs; tell whether it is still this worker's."""

    @abstractmethod
    def complete(self, job: Job) -> None:
        """Say that it was done, unless somebody else has it by now."""

    @abstractmethod
    def fail(self, job: Job, error: str, *, due: datetime | None) -> None:
        """Say that it went wrong: to be run again from `due` on, or never (`None`)."""

    @abstractmethod
    def counts(self) -> Counts:
        """Return how many there are."""
