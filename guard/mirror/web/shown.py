"""How things are written on a page: moments, sizes, states."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import jinja2

from guard.duration import ago
from guard.model import Finding

_UNITS: Final = ("B", "KB", "MB", "GB")
_STEP: Final = 1000
_ORDER: Final = ("denied", "undecided", "warning", "set aside")
_ASKING: Final = "help: to ask for"
"""How a finding begins to say what to type: here there is a form for it."""


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
    made.filters |= {"moment": moment, "size": size, "word": word, "count": count, "said": said}
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


@dataclass(frozen=True, slots=True)
class Said:
    """One line about what was found."""

    word: str
    rules: tuple[str, ...]
    message: str
    detail: tuple[str, ...] = ()
    waiver: str | None = None


def said(findings: Iterable[Finding]) -> list[Said]:
    """Return what was found, the worst first; what several rules lack for one cause, once."""
    lines: list[Said] = []
    lacking: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.unknown and finding.cause:
            lacking.setdefault(finding.cause, []).append(finding)
            continue
        detail = tuple(each for each in finding.detail if not each.startswith(_ASKING))
        rules = (str(finding.rule),)
        lines.append(Said(word(finding), rules, finding.message, detail, finding.waiver))
    for cause, found in lacking.items():
        worst = min(map(word, found), key=_ORDER.index)
        lines.append(Said(worst, tuple(str(f.rule) for f in found), f"could not tell: {cause}"))
    return sorted(lines, key=lambda line: _ORDER.index(line.word))


def count(number: int, one: str, many: str = "") -> str:
    """Say how many there are."""
    return f"{number} {one if number == 1 else many or one + 's'}"
