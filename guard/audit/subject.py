"""What an audit is about, one release after the other."""

from __future__ import annotations

from dataclasses import dataclass

from guard.admission import Asked
from guard.report.result import Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One release to judge."""

    asked: Asked
    """The file that stands for it."""

    others: tuple[Asked, ...] = ()
    """Further files of it that the same document lists."""

    index: str | None = None
    """The one index to ask, where the document names one that only the policy knows."""

    location: Location | None = None
    """Where it is listed."""
