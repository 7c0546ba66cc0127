"""The audit log: who did what, each entry bound to the one before, and none ever changed.

An entry is written in the transaction of what it tells of: one is never there without the other.
Its digest is the sha256 of its other fields as JSON, the digest of the entry before among them; the
first one names 64 zeros. Whoever owns the database can write all of it anew: only a digest that was
noted elsewhere tells that from the truth.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, select, text

from guard.errors import EvidenceError
from guard.mirror.database import schema
from guard.mirror.database.engine import Database

GENESIS: Final = "0" * 64
"""What the first entry names as the one before it."""

SYSTEM: Final = "(mirror)"
"""The actor where nobody in person acts; no person can be called that."""

_LOCK: Final = 0x67756172_64617564
"""PostgreSQL's advisory lock of whoever adds an entry; SQLite has one writer anyway."""

_PAGE: Final = 500
_WORDS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Act:
    """Whose doing something is, and when."""

    actor: str
    moment: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of the log."""

    number: int
    at: datetime
    actor: str
    action: str
    """`person add`, `token create`, `request`, `vote`, `approve`, `revoke`, `login` and others."""

    subject: str
    """What it was done to: `litellm 1.83.1`, `token 7`."""

    detail: Mapping[str, Any]
    previous: str
    digest: str

    def document(self) -> dict[str, Any]:
        """Return it as it is exported: one line of JSON."""
        at = self.at.astimezone(UTC).isoformat().replace("+00:00", "Z")
        return {
            "number": self.number,
            "at": at,
            "actor": self.actor,
            "action": self.action,
            "subject": self.subject,
            "detail": self.detail,
            "previous": self.previous,
            "digest": self.digest,
        }

    def line(self) -> str:
        """Return the line of the export, without its end."""
        return _json(self.document())

    def digested(self) -> str:
        """Return the digest that it should have."""
        document = self.document()
        del document["digest"]
        return hashlib.sha256(_json(document).encode()).hexdigest()


def write(connection: Connection, act: Act, action: str, subject: str, **detail: object) -> None:
    """Add an entry, within the transaction of what it tells of."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    last = connection.execute(_LAST).first()
    entry = Entry(
        number=last.number + 1 if last else 1,
        at=act.moment,
        actor=act.actor,
        action=action,
        subject=_short(subject),
        detail={k: _short(v) if isinstance(v, str) else v for k, v in detail.items()},
        previous=last.digest if last else GENESIS,
        digest="",
    )
    connection.execute(
        insert(schema.audit).values(
            number=entry.number,
            at=entry.at,
            actor=entry.actor,
            action=entry.action,
            subject=entry.subject,
            detail=_json(entry.detail),
            previous=entry.previous,
            digest=entry.digested(),
        )
    )


def _short(words: str) -> str:
    # What no database can store, or no file, is not to keep an act out of the log.
    whole = words.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()
    return whole if len(whole) <= _WORDS else f"{whole[: _WORDS - 1]}…"


class AuditLog:
    """Reads the log. Raises `MirrorError`, and `EvidenceError` for what is no entry."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def entries(self, after: int = 0, *, limit: int | None = None) -> Iterator[Entry]:
        """Yield the entries after that number, the oldest first; no more than `limit`."""
        left = limit
        while left is None or left > 0:
            rows = self._rows(after, _PAGE if left is None else min(_PAGE, left))
            yield from map(_entry, rows)
            if len(rows) < _PAGE:
                return
            after = rows[-1].number
            left = None if left is None else left - len(rows)

    def size(self) -> int:
        """Return how many entries there are."""
        with self._database.read() as connection:
            query = select(func.coalesce(func.max(schema.audit.c.number), 0))
            return int(connection.execute(query).scalar_one())

    def _rows(self, after: int, limit: int) -> list[Row[Any]]:
        table = schema.audit
        query = select(table).where(table.c.number > after).order_by(table.c.number).limit(limit)
        with self._database.read() as connection:
            return list(connection.execute(query).all())


def verify(entries: Iterable[Entry], *, head: str | None = None) -> Entry | None:
    """Return the last of all `entries`, each of which follows from the one before.

    `head` is a digest that somebody has noted: it must be in there. Raises `EvidenceError`.
    """
    last: Entry | None = None
    met = head is None
    for entry in entries:
        expected = (last.number + 1, last.digest) if last else (1, GENESIS)
        if (entry.number, entry.previous) != expected:
            raise _changed(f"entry {entry.number} does not follow from entry {expected[0] - 1}")
        if entry.digest != entry.digested():
            raise _changed(f"entry {entry.number} is not as it was written")
        met = met or entry.digest == head
        last = entry
    if not met:
        raise _changed(f"no entry has the digest {head}")
    return last


def _entry(row: Row[Any]) -> Entry:
    try:
        detail = json.loads(row.detail)
    except ValueError:
        raise _changed(f"entry {row.number} is not as it was written") from None
    return Entry(
        number=row.number,
        at=row.at,
        actor=row.actor,
        action=row.action,
        subject=row.subject,
        detail=detail,
        previous=row.previous,
        digest=row.digest,
    )


def _changed(reason: str) -> EvidenceError:
    return EvidenceError(
        "the audit log of the mirror was changed by something else",
        reason=reason,
        hint="compare it with the last export or backup",
    )


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


_LAST: Final = (
    select(schema.audit.c.number, schema.audit.c.digest)
    .order_by(schema.audit.c.number.desc())
    .limit(1)
)
