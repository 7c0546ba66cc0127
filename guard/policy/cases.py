"""Cases: what a team expects of its policy. TOML in, candidates with their expectations out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from guard import regular
from guard.errors import PolicyError
from guard.model import Candidate, Decision, RuleId
from guard.policy.case_facts import FactError, candidate
from guard.policy.case_tables import CasesFile, CaseTable, decode
from guard.policy.load import decoded, known_rule
from guard.policy.tables import convert

_LIMIT: Final = 4_000_000
"""Bytes: some thousand cases."""

_TABLES: Final = ("content", "before")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What must come of a candidate."""

    decision: Decision
    by: tuple[RuleId, ...] = ()
    """The rules that must bring the decision about."""

    only: bool = False
    """And no other rule may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A candidate, and what the policy must say of it."""

    title: str
    source: str
    candidate: Candidate
    expected: Expectation
    stated: frozenset[str]
    """The keys that the case sets, such as `uploaded` and `content.startup-hooks`."""


def cases_of(path: Path, now: datetime) -> tuple[Case, ...]:
    """Return the cases in the file at `path`; its own `now` counts in place of `now`.

    Raises `PolicyError`.
    """
    try:
        body = regular.read(path, limit=_LIMIT)
    except OSError as error:
        raise PolicyError(
            "the cases could not be read",
            source=str(path),
            reason=error.strerror,
            hint="name a file of [[case]] tables",
        ) from None
    if len(body) > _LIMIT:
        raise PolicyError(f"the cases are larger than {_LIMIT} bytes", source=str(path))
    return cases_in(decoded(body, str(path)), source=str(path), now=now)


def cases_in(table: Mapping[str, Any], *, source: str, now: datetime) -> tuple[Case, ...]:
    """Return the cases that `table` says. Raises `PolicyError` on what it does not understand."""
    file = convert(table, CasesFile, source=source, at="", hook=decode)
    if file.now is not None:
        now = _moment(file.now, source)
    return tuple(
        _case(entry, table["case"][i], source=source, at=f"case[{i}]", now=now)
        for i, entry in enumerate(file.case)
    )


def _moment(now: datetime, source: str) -> datetime:
    if now.tzinfo is None:
        raise PolicyError(
            "this moment has no offset", source=source, at="now", hint="2027-03-01T09:30:00Z has"
        )
    return now.astimezone(UTC)


def _case(
    entry: CaseTable, table: Mapping[str, Any], *, source: str, at: str, now: datetime
) -> Case:
    _refuse(entry, source, at)
    try:
        described = candidate(entry, now)
    except FactError as error:
        raise PolicyError(str(error), source=source, at=f"{at}.{error.key}") from None
    return Case(
        title=entry.title,
        source=source,
        candidate=described,
        expected=Expectation(
            decision=entry.expect,
            by=tuple(known_rule(rule, source, f"{at}.by") for rule in entry.by or ()),
            only=entry.only,
        ),
        stated=frozenset(_stated(table)),
    )


def _refuse(entry: CaseTable, source: str, at: str) -> None:
    if entry.only and not entry.by and entry.expect is not Decision.ADMITTED:
        raise PolicyError(
            "the rules that this means are missing",
            source=source,
            at=f"{at}.only",
            hint=f'name them: by = ["fresh-upload"]; something {entry.expect} is so by some rule',
        )


def _stated(table: Mapping[str, Any]) -> Iterator[str]:
    for key, value in table.items():
        yield key
        if key in _TABLES:
            yield from (f"{key}.{inner}" for inner in value)
    yield from (f"unknown.{name}" for name in table.get("unknown", ()))
    yield from (f"content.defects.{kind}" for kind in table.get("content", {}).get("defects", ()))
