"""One record of the OSV schema, as its database exports it: any bytes → a record or an error.

Only what decides is read. Fields that a newer minor version of the schema adds are passed by.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec

LIMIT: Final = 8 << 20
"""Bytes of one record; the largest known are a hundredth of that."""

_MAJOR: Final = "1."
_Moment = Annotated[datetime, msgspec.Meta(tz=True)]
_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class RecordError(Exception):
    """The bytes are no OSV record; the message says what is wrong, and where."""


class Event(msgspec.Struct, frozen=True):
    """OSV-schema `events[]`: one of these is given."""

    introduced: str | None = None
    fixed: str | None = None
    last_affected: str | None = None
    limit: str | None = None


class Range(msgspec.Struct, frozen=True):
    """OSV-schema `ranges[]`: the events of one line of development."""

    type: str
    events: tuple[Event, ...] = ()


class Package(msgspec.Struct, frozen=True):
    """OSV-schema `package`."""

    ecosystem: str
    name: str


class Score(msgspec.Struct, frozen=True):
    """OSV-schema `severity[]`: a vector, and what it is a vector of."""

    type: str
    score: str


class Affected(msgspec.Struct, frozen=True):
    """OSV-schema `affected[]`: versions of one package."""

    package: Package | None = None
    ranges: tuple[Range, ...] = ()
    versions: tuple[str, ...] = ()
    severity: tuple[Score, ...] = ()


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """OSV-schema: one advisory."""

    id: _Id
    modified: _Moment
    schema_version: str = "1.0.0"
    withdrawn: _Moment | None = None
    aliases: tuple[_Id, ...] = ()
    summary: str = ""
    details: str = ""
    severity: tuple[Score, ...] = ()
    affected: tuple[Affected, ...] = ()
    database_specific: dict[str, Any] | None = None


_DECODER: Final = msgspec.json.Decoder(Record)


def read(raw: bytes) -> Record:
    """Return the record that `raw` is. Raises `RecordError` for everything else."""
    try:
        record = _DECODER.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RecordError(f"not an OSV record: {error}") from None
    if not record.schema_version.startswith(_MAJOR):
        raise RecordError(f"schema {record.schema_version!r} is not known here")
    return record
