"""What a record says of one project, with nothing that decides nothing: the form that is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Final, Literal

import msgspec
from packaging.utils import NormalizedName, canonicalize_name, canonicalize_version

from guard.advisory import cvss
from guard.advisory.osv import Affected, Range, Record, Score
from guard.model import Severity

ECOSYSTEM: Final = "PyPI"

_SUMMARY: Final = 160
"""Characters of a summary that are kept."""

_MALWARE: Final = "MAL-"
_EMBEDDED_MALICIOUS_CODE: Final = "CWE-506"
_WORDS: Final = {
    "LOW": Severity.LOW,
    "MODERATE": Severity.MEDIUM,
    "MEDIUM": Severity.MEDIUM,
    "HIGH": Severity.HIGH,
    "CRITICAL": Severity.CRITICAL,
}
"""GitHub's own ratings, for records without a vector."""

Kind = Literal["introduced", "fixed", "last_affected", "limit"]
_KINDS: Final[tuple[Kind, ...]] = ("introduced", "fixed", "last_affected", "limit")
Event = tuple[Kind, str]


class Entry(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """One record, as far as it is about one project."""

    id: str
    aliases: tuple[str, ...] = ()
    malware: bool = False
    severity: Severity | None = None
    summary: str = ""
    versions: frozenset[str] = frozenset()
    """In the one form in which equal versions are equal texts: `1.0` for `1.0.0` is `1`."""

    ranges: tuple[tuple[Event, ...], ...] = ()


def entries(record: Record) -> Iterator[tuple[NormalizedName, Entry]]:
    """Yield what `record` says of each project of PyPI."""
    by_project: dict[NormalizedName, list[Affected]] = {}
    for affected in record.affected:
        if affected.package is not None and affected.package.ecosystem == ECOSYSTEM:
            by_project.setdefault(canonicalize_name(affected.package.name), []).append(affected)
    for project, said in by_project.items():
        yield (
            project,
            Entry(
                id=record.id,
                aliases=record.aliases,
                malware=_is_malware(record),
                severity=_severity(record, said),
                summary=_summary(record),
                versions=frozenset(
                    canonical(version) for each in said for version in each.versions
                ),
                ranges=tuple(_events(r) for each in said for r in each.ranges if r.type != "GIT"),
            ),
        )


@lru_cache(maxsize=1 << 16)
def canonical(version: str) -> str:
    """Return the one text of all equal versions; one that is no PEP 440 version stays as it is."""
    return canonicalize_version(version)


def _events(given: Range) -> tuple[Event, ...]:
    return tuple(
        (kind, version)
        for event in given.events
        for kind in _KINDS
        if (version := getattr(event, kind)) is not None
    )


def _is_malware(record: Record) -> bool:
    """Tell whether the release does harm by itself: many such are published as GHSA or PYSEC."""
    return any(
        name.startswith(_MALWARE) for name in (record.id, *record.aliases)
    ) or _EMBEDDED_MALICIOUS_CODE in _strings(_specific(record, "cwe_ids"))


def _severity(record: Record, said: Iterable[Affected]) -> Severity | None:
    """Return the worst rating that the record has, or `None` where it has none that is known."""
    given = (*record.severity, *(score for each in said for score in each.severity))
    ratings = [rating for score in given if (rating := _rating(score)) is not None]
    if not ratings:
        word = _specific(record, "severity")
        return _WORDS.get(word.upper()) if isinstance(word, str) else None
    return max(ratings, key=lambda rating: rating.rank)


def _rating(given: Score) -> Severity | None:
    try:
        return cvss.rating(cvss.score(given.score))
    except ValueError:
        return None


def _summary(record: Record) -> str:
    text = " ".join((record.summary or record.details).split())
    return text if len(text) <= _SUMMARY else f"{text[:_SUMMARY]}…"


def _specific(record: Record, key: str) -> Any:  # noqa: ANN401 - the database's own business
    return (record.database_specific or {}).get(key)


def _strings(given: object) -> tuple[str, ...]:
    return tuple(x for x in given if isinstance(x, str)) if isinstance(given, list) else ()
