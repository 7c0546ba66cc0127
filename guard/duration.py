"""Durations as policies and command lines write them: `7 days`, `P7D`; never a bare number."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final, Self

_UNITS: Final = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
_WORDS: Final = re.compile(r"(\d{1,6}) *([a-z]+?)s?", re.ASCII)
_ISO_8601: Final = re.compile(
    r"P(?=.)(?:(\d{1,6})W)?(?:(\d{1,6})D)?"
    r"(?:T(?=.)(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6})S)?)?",
    re.ASCII,
)

EXPECTED: Final = 'a duration such as "7 days", "12 hours" or "P7D"'


class Duration(timedelta):
    """A length of time that prints the way people write it."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the duration that `text` says; raises `ValueError` on anything else."""
        return cls(seconds=_parse(text.strip()).total_seconds())

    def __str__(self) -> str:
        for unit, length in reversed(_UNITS.items()):
            if unit != "week" and self >= length and not self % length:
                return _count(self // length, unit)
        return "0 days"


def _parse(text: str) -> timedelta:
    if words := _WORDS.fullmatch(text):
        unit = _UNITS.get(words[2])
        if unit is not None:
            return int(words[1]) * unit
    if iso := _ISO_8601.fullmatch(text):
        weeks, days, hours, minutes, seconds = (int(part or 0) for part in iso.groups())
        return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    message = f"expected {EXPECTED}, not {text!r}"
    raise ValueError(message)


def cutoff(text: str, *, now: datetime) -> datetime:
    """Return the moment that `text` means: a duration before `now`, or an RFC 3339 date or time.

    Raises `ValueError`. A date without a time is its midnight in UTC, as for pip and uv.
    """
    try:
        age = Duration.parse(text)
    except ValueError:
        return _moment(text.strip())
    try:
        return now - age
    except OverflowError:
        raise ValueError(f"there is no moment {text} ago") from None


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{text} is no moment in UTC") from None


def ago(age: timedelta) -> str:
    """Say `age` in its largest whole unit: `2 hours`, `3 days`."""
    for unit, length in reversed(_UNITS.items()):
        if unit != "week" and age >= length:
            return _count(age // length, unit)
    return "0 seconds"


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
