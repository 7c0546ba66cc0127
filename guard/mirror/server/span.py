"""RFC-9110 §14: one range of bytes. More than one at once is answered with everything."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_RANGE: Final = re.compile(r"bytes=(\d{0,15})-(\d{0,15})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` to before `end`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Unsatisfiable:
    """There is nothing in that range."""


def span_of(header: str, size: int) -> Span | Unsatisfiable | None:
    """Return what `Range` asks for; `None` for everything, which is always a right answer."""
    match = _RANGE.fullmatch(header.strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        length = min(int(last), size)
        return Span(size - length, size) if length else Unsatisfiable()
    start = int(first)
    end = min(int(last) + 1, size) if last else size
    if last and int(last) < start:
        return None
    return Span(start, end) if start < size else Unsatisfiable()
