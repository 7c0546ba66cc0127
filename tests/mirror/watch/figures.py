"""Figures of a mirror that nobody has to have."""

from __future__ import annotations

from datetime import timedelta

from guard.mirror.records import State
from guard.mirror.watch.health import Check, Figures, Health
from guard.mirror.watch.observing import Reach


class Nothing(Health):
    """A mirror without a database."""

    def __init__(self) -> None:
        """There is nothing to look at."""

    def checks(self) -> dict[str, Check]:
        return {"database": Check(ready=True)}

    def figures(self) -> Figures:
        files = dict.fromkeys(State, 3)
        return Figures(files=files, pending=0, jobs=0, notices=0, reach=Reach(), rounds=())

    def advisories_age(self) -> timedelta | None:
        return None

    def untrue_for(self) -> timedelta | None:
        return None
