"""Whether a version is affected, as the OSV schema evaluates it, in the order of PEP 440.

A version is affected that is listed, or that lies in a range. Where the order of a range cannot be
told, because an event names no PEP 440 version, it is read as if it affected more, never less.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from packaging.utils import canonicalize_version
from packaging.version import InvalidVersion, Version

from guard.advisory.entry import Entry, Event
from guard.model import Advisory

_FIRST: Final = "0"
"""OSV-schema: a version that comes before every other."""

_EVERY: Final = "*"
"""OSV-schema: the limit that limits nothing."""


def advisory(entry: Entry, version: Version) -> Advisory | None:
    """Return what `entry` holds against `version`, or `None` if it is not affected."""
    forms = _forms(version)
    listed = any(canonicalize_version(form) in entry.versions for form in forms)
    inside = [r for r in entry.ranges if any(_in_range(form, r) for form in forms)]
    if not listed and not inside:
        return None
    later = [v for r in entry.ranges for v in _named(r, "fixed") if v > version]
    last = [v for r in inside for v in _named(r, "last_affected") if v >= version]
    return Advisory(
        id=entry.id,
        aliases=entry.aliases,
        malware=entry.malware,
        severity=entry.severity,
        summary=entry.summary,
        fixed=tuple(sorted(set(later))),
        last_affected=min(last, default=None),
        name_wide=not listed and all(_is_endless(r) for r in inside),
    )


def fixes(entry: Entry, version: Version | None) -> bool:
    """Tell whether `entry` names this very version as a fix."""
    return version is not None and any(version in _named(r, "fixed") for r in entry.ranges)


def _forms(version: Version) -> tuple[Version, ...]:
    """Return `version`, and the release it is a local build of: `2.0.1` for `2.0.1+cpu`."""
    return (version, Version(version.public)) if version.local else (version,)


def _in_range(version: Version, events: Sequence[Event]) -> bool:
    """OSV-schema, "Evaluation": the events in order, each of which turns the answer over."""
    limits = [text for kind, text in events if kind == "limit"]
    if limits and not any(text == _EVERY or _before(version, text) for text in limits):
        return False
    affected = False
    for kind, text in sorted(events, key=_order):
        at = _parsed(text)
        match kind:
            case "introduced":
                affected = affected or text == _FIRST or at is None or version >= at
            case "fixed":
                affected = affected and (at is None or version < at)
            case "last_affected":
                affected = affected and (at is None or version <= at)
            case "limit":
                pass
    return affected


def _order(event: Event) -> tuple[int, Version]:
    """Order events by version, `0` first; what has no place in that order comes where it may."""
    kind, text = event
    at = _parsed(text)
    if text == _FIRST or (at is None and kind == "introduced"):
        return 0, _ZERO
    return (2, _ZERO) if at is None else (1, at)


def _before(version: Version, limit: str) -> bool:
    at = _parsed(limit)
    return at is None or version < at


def _is_endless(events: Sequence[Event]) -> bool:
    """Tell whether a range is about every version that there is or will be."""
    return all(kind == "introduced" for kind, _ in events) and ("introduced", _FIRST) in events


def _named(events: Sequence[Event], kind: str) -> Iterator[Version]:
    for each, text in events:
        if each == kind and (version := _parsed(text)) is not None:
            yield version


@lru_cache(maxsize=1 << 14)
def _parsed(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


_ZERO: Final = Version(_FIRST)
