"""What is done again and again goes on, whatever went wrong once, and says so."""

from __future__ import annotations

import threading

from guard.errors import MirrorError
from guard.mirror.watch.running import Chore, Failing, running


class Faulty:
    """Fails the first times, each time in another way."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)
        self.said: list[str | None] = []
        self.failing = Failing()
        self.well = threading.Event()

    def __call__(self, _: threading.Event) -> None:
        self.said.append(self.failing())
        if self._errors:
            raise self._errors.pop(0)
        if len(self.said) > 1 and self.said[-1] is None:
            self.well.set()


def test_a_chore_outlives_its_failures_and_they_are_shown_until_it_is_well() -> None:
    faulty = Faulty(MirrorError("the store is away", reason="no route"), KeyError("a mistake"))
    with running([Chore("judging again", 0.001, faulty)], faulty.failing):
        assert faulty.well.wait(30)
    assert faulty.said[:4] == [
        None,
        "judging again: the store is away: no route",
        "judging again: KeyError: 'a mistake'",
        None,
    ]


def test_the_end_is_the_end() -> None:
    begun, ended = threading.Event(), threading.Event()

    def until(over: threading.Event) -> None:
        begun.set()
        over.wait(30)
        ended.set()

    with running([Chore("waiting", 0.001, until)], Failing()):
        assert begun.wait(30)
    assert ended.is_set()
