"""`--expires`: a day or a duration."""

from __future__ import annotations

from datetime import date, datetime

from guard.duration import Duration
from guard.errors import UsageError


def last_day(given: str | None, now: datetime) -> date | None:
    """Return the first day on which something holds no more. Raises `UsageError`."""
    if given is None:
        return None
    try:
        expires = date.fromisoformat(given)
    except ValueError:
        try:
            expires = (now + Duration.parse(given)).date()
        except (ValueError, OverflowError):
            raise UsageError(
                f"--expires: {given!r} is neither a day nor a duration",
                hint='write 2027-03-01, "90 days" or P90D',
            ) from None
    if expires <= now.date():
        raise UsageError(f"--expires: {given} is over already")
    return expires
