"""How things are written on a page: moments, sizes, states."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import jinja2

from guard.duration import ago
from guard.model import Finding

_UNITS: Final = ("B", "KB", "MB", "GB")
_STEP: Final = 1000


@functools.cache
def environment() -> jinja2.Environment:
    """Return what renders the templates; everything is escaped, and nothing may be missing."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("guard.mirror.web"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"moment": moment, "size": size, "word": word, "count": count}
    return made


def rendered(name: str, values: Mapping[str, Any]) -> str:
    """Return a page."""
    return environment().get_template(name).render(values)


def moment(at: datetime | None, now: datetime | None = None) -> str:
    """Say a moment, and how long ago it was."""
    if at is None:
        return "never"
    said = f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return f"{said}, {ago(now - at)} ago" if now is not None and now > at else said


def size(number: int | None) -> str:
    """Say a number of bytes."""
    if number is None:
        return "not known"
    value, unit = float(number), 0
    while value >= _STEP and unit < len(_UNITS) - 1:
        value, unit = value / _STEP, unit + 1
    return f"{value:.3g} {_UNITS[unit]}" if unit else f"{number} B"


def word(finding: Finding) -> str:
    """Say what a finding comes to: the first word of its line, as on a terminal."""
    if finding.waiver is not None:
        return "set aside"
    if not finding.holds:
        return "warning"
    return "undecided" if finding.unknown else "denied"


def count(number: int, one: str, many: str = "") -> str:
    """Say how many there are."""
    return f"{number} {one if number == 1 else many or one + 's'}"
