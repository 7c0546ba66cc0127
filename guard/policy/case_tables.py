"""The tables of a file of cases, as written: what is said of a file, and what must come of it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, Literal

import msgspec

from guard.artifact.defect import DefectKind
from guard.duration import Duration
from guard.model import Decision, ProjectState, Severity
from guard.policy.tables import Names, Text
from guard.publisher import PublisherKind

Texts = tuple[Text, ...]
Line = Annotated[str, msgspec.Meta(min_length=1, pattern=r"^[^\n]*$")]
Lost = Literal[
    "index",
    "listing",
    "uploaded",
    "status",
    "history",
    "bytes",
    "content",
    "publisher",
    "before",
    "overwrites",
    "advisories",
]
"""A fact that could not be had."""

_AGO: Final = " ago"
WHEN: Final = 'an age such as "2 hours ago", a date, or a moment with its offset'


class Moment:
    """A point in time: so long ago, or a date."""

    def __init__(self, *, age: Duration | None = None, at: datetime | None = None) -> None:
        self._age, self._at = age, at

    @classmethod
    def read(cls, value: object) -> Moment:
        """Return the moment that a TOML value means. Raises `ValueError`."""
        match value:
            case str() if value.endswith(_AGO):
                return cls(age=Duration.parse(value.removesuffix(_AGO)))
            case datetime() if value.tzinfo is not None:
                return cls(at=value.astimezone(UTC))
            case date() if not isinstance(value, datetime):
                return cls(at=datetime(value.year, value.month, value.day, tzinfo=UTC))
            case _:
                raise ValueError(f"expected {WHEN}, not {value!r}")

    def seen_from(self, now: datetime) -> datetime:
        """Return the moment in UTC. Raises `ValueError` for what no calendar has."""
        try:
            return self._at or now - (self._age or Duration())
        except OverflowError:
            raise ValueError("no calendar goes back so far") from None


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """A table in which every key is known."""


class AttestedTable(_Table, frozen=True, kw_only=True):
    """Who published a file, as the certificate of its attestation says."""

    kind: PublisherKind | None = None
    issuer: Text | None = None
    identity: Text | None = None
    repository: Text | None = None
    repository_id: int | None = None
    owner: Text | None = None
    owner_id: int | None = None
    workflow: Text | None = None
    ref: Text | None = None
    digest: Text | None = None
    environment: Text | None = None
    trigger: Text | None = None
    runner: Text | None = None
    build_signer: Text | None = None
    subject: Text | None = None


class AdvisoryTable(_Table, frozen=True, kw_only=True):
    """One advisory about the release."""

    id: Text
    aliases: Texts = ()
    malware: bool = False
    severity: Severity | None = None
    summary: str = ""
    fixed: Texts = ()
    name_wide: bool = False


class OverwrittenTable(_Table, frozen=True, kw_only=True):
    """A file of somebody else's that it would write over."""

    path: Text
    owner: Text


class ContentTable(_Table, frozen=True, kw_only=True):
    """What is inside."""

    startup_hooks: tuple[Line, ...] = ()
    commands: Texts = ()
    pickle_imports: Texts = ()
    shows: Texts = ()
    requires: Texts = ()
    defects: tuple[DefectKind, ...] = ()
    entries: Annotated[int, msgspec.Meta(ge=0)] = 0
    size: Annotated[int, msgspec.Meta(ge=0)] = 0


class BeforeTable(_Table, frozen=True, kw_only=True):
    """The release before, which had been up for long."""

    publisher: AttestedTable | None = None
    shows: Texts = ()
    requires: Texts = ()


class CaseTable(_Table, frozen=True, kw_only=True):
    """`[[case]]`: the facts about one file, and what must come of it."""

    title: Line
    expect: Decision
    by: Names | None = None
    only: bool = False
    name: Text
    version: Text
    filename: Text | None = None
    index: Text | None = None
    also_on: Texts = ()
    uploaded: Moment | None = None
    listed: bool = True
    listed_sha256: Text | None = None
    sha256: Text | None = None
    yanked: str | None = None
    status: ProjectState = ProjectState.ACTIVE
    first_uploaded: Moment | None = None
    releases: Annotated[int, msgspec.Meta(ge=0)] | None = None
    dependency: bool = False
    pinned: bool = False
    direct_url: Text | None = None
    publisher: AttestedTable | None = None
    invalid_attestation: Text | None = None
    before: BeforeTable | None = None
    content: ContentTable = ContentTable()
    overwrites: tuple[OverwrittenTable, ...] = ()
    advisories: tuple[AdvisoryTable, ...] = ()
    fixes: Texts = ()
    unknown: tuple[Lost, ...] = ()


class CasesFile(_Table, frozen=True, kw_only=True):
    """A whole file of cases."""

    now: datetime | None = None
    case: Annotated[tuple[CaseTable, ...], msgspec.Meta(min_length=1)]


def decode(kind: type, value: object) -> Any:  # noqa: ANN401 - msgspec's own signature
    """Return a value of a type that is ours. Raises `ValueError`."""
    if kind is not Moment:
        raise NotImplementedError(kind)
    return Moment.read(value)
