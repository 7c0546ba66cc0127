"""The records of files: what was met, what became of it, and what the store has of it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import msgspec
from packaging.utils import NormalizedName
from sqlalchemy import (
    Connection,
    RowMapping,
    Select,
    bindparam,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from guard.errors import MirrorError
from guard.mirror.database import schema
from guard.mirror.database.changes import changed
from guard.mirror.database.engine import Database
from guard.mirror.database.notices import RESTORED, REVOKED, noticed
from guard.mirror.records import Decided, FileRecord, Held, Key, Listed, State
from guard.model import FileKind, Finding

_log: Final = logging.getLogger("guard.mirror.decisions")
_FINDINGS: Final = msgspec.json.Decoder(tuple[Finding, ...])
_NEWS: Final = ("state", "epoch", "findings")
"""What makes a decision another one; to come to the same again every night is none."""

_PAGE: Final = 500
"""Rows at once, of what may be millions."""

_LONGEST: Final = 255
_LARGEST: Final = 2**63 - 1


class Files:
    """The records of files. Used by many threads at once; raises `MirrorError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, key: Key) -> FileRecord | None:
        """Return the record of one file as it is at this moment."""
        if not _sayable(key.filename):
            return None
        with self._database.read() as connection:
            row = connection.execute(_ONE, _where(key)).mappings().first()
        return None if row is None else record_of(row)

    def of_project(self, project: NormalizedName) -> Mapping[Key, FileRecord]:
        """Return the records of the files of a project that were ever met."""
        query = select(schema.files).where(schema.files.c.project == project)
        with self._database.read() as connection:
            rows = connection.execute(query).mappings().all()
        return {record.listed.key: record for record in map(record_of, rows)}

    def in_state(self, *states: State, other_than: str | None = None) -> Iterator[FileRecord]:
        """Yield the files in one of `states`; with `other_than`, only those of another epoch."""
        last = Key("", "")
        while True:
            rows = self._some(states, other_than, last)
            yield from rows
            if len(rows) < _PAGE:
                return
            last = rows[-1].listed.key

    def _some(self, states: Sequence[State], other_than: str | None, last: Key) -> list[FileRecord]:
        c = schema.files.c
        query: Select[Any] = select(schema.files).where(c.state.in_(states))
        query = query.where(
            (c.sha256 > last.sha256) | ((c.sha256 == last.sha256) & (c.filename > last.filename))
        )
        if other_than is not None:
            query = query.where(c.epoch != other_than)
        query = query.order_by(c.sha256, c.filename).limit(_PAGE)
        with self._database.read() as connection:
            return [record_of(row) for row in connection.execute(query).mappings()]

    def met(self, listed: Iterable[Listed]) -> None:
        """Write down files that a page lists; what is known of them already stays as it is.

        What no database can keep is left out, and so never served.
        """
        rows = [_row(item) for item in listed if _storable(item)]
        rows.sort(key=lambda row: (row["sha256"], row["filename"]))  # who meets the same, in order
        if rows:
            self._database.transact(
                lambda connection: connection.execute(
                    _insert(connection).on_conflict_do_nothing(), rows
                )
            )

    def decided(self, key: Key, decided: Decided, held: Held | None, *, moment: datetime) -> State:
        """Write down what became of a file, and return the state that it is in now.

        What was admitted and is denied now is revoked. The bytes of `held` are in the store before
        this is written, so that nothing is ever promised that is not there.
        """
        _, state = self._database.transact(
            lambda connection: _write(connection, key, decided, held, moment=moment)
        )
        logged(key, replace(decided, state=state))
        return state

    def settled(
        self, decisions: Mapping[Key, tuple[str, Decided]], *, moment: datetime
    ) -> Mapping[Key, tuple[State, State]]:
        """Write down what became of files that are held: for each, its state before and now.

        With each goes the epoch of the decision that this one follows on. Where somebody else has
        decided meanwhile, by another standpoint, that one stands.
        """

        def write(connection: Connection) -> dict[Key, tuple[State, State]]:
            states = {}
            for key in sorted(decisions, key=_order):
                epoch, decided = decisions[key]
                if connection.execute(_LOCKED, _where(key)).mappings().one()["epoch"] == epoch:
                    states[key] = _write(connection, key, decided, None, moment=moment)
            return states

        states = self._database.transact(write)
        for key, (_, state) in states.items():
            logged(key, replace(decisions[key][1], state=state))
        return states


def logged(key: Key, decided: Decided) -> None:
    """Write one line about a decision; whoever counts them listens to the same."""
    _log.info(
        "%s %s",
        decided.state.value,
        key.filename,
        extra={
            "guard": {
                "event": "decision",
                "file": key.filename,
                "sha256": key.sha256,
                "state": decided.state.value,
                "rules": sorted({str(finding.rule) for finding in _against(decided)}),
                "epoch": decided.epoch,
            }
        },
    )


def _against(decided: Decided) -> list[Finding]:
    """Return the findings that led to a decision; under a denial, not what nobody looked into."""
    undecided = decided.state is State.UNDECIDED
    return [f for f in decided.findings if f.holds and f.unknown is undecided]


def _order(key: Key) -> tuple[str, str]:
    """Two that write the same rows take them in the same order, so that neither waits for ever."""
    return key.sha256, key.filename


def _write(
    connection: Connection, key: Key, decided: Decided, held: Held | None, *, moment: datetime
) -> tuple[State, State]:
    """Write one decision; return the state before and the one now."""
    row = connection.execute(_LOCKED, _where(key)).mappings().one()
    before = State(row["state"])
    decided = _after(row, decided)
    values = _decision(decided) | (_holding(held) if held else {})
    connection.execute(_UPDATE, values | {"of_sha256": key.sha256, "of_filename": key.filename})
    if any(row[name] != values[name] for name in _NEWS):
        connection.execute(_INSERT, _made(key, decided))
    if before != decided.state or (held and row["size"] is None):
        changed(connection, NormalizedName(row["project"]), moment=moment)
    if (event := _event(before, decided.state)) is not None:
        noticed(connection, event, _told(row, decided), moment=moment)
    return before, decided.state


def _event(before: State, after: State) -> str | None:
    """Return what people are told when a file goes from one state to another."""
    if after is State.REVOKED and before is not State.REVOKED:
        return REVOKED
    return RESTORED if (before, after) == (State.REVOKED, State.ADMITTED) else None


def _told(row: RowMapping, decided: Decided) -> dict[str, object]:
    return {
        "project": row["project"],
        "version": row["version"],
        "filename": row["filename"],
        "sha256": row["sha256"],
        "state": decided.state.value,
        "findings": [
            {"rule": str(f.rule), "level": str(f.level), "message": f.message}
            for f in _against(decided)
        ],
    }


def record_of(row: RowMapping) -> FileRecord:
    """Return what a row of `files` says. Raises `MirrorError` where that is no record."""
    try:
        return _record(row)
    except (ValueError, msgspec.MsgspecError) as error:
        raise MirrorError(
            "a record of the mirror's database cannot be read",
            reason=f"{row['filename']}: {error}",
            hint="was the database written by a newer version?",
        ) from None


def _record(row: RowMapping) -> FileRecord:
    return FileRecord(
        listed=Listed(
            key=Key(row["sha256"], row["filename"]),
            project=NormalizedName(row["project"]),
            version=row["version"],
            kind=FileKind(row["kind"]),
            origin=row["origin"],
            url=row["url"],
            size=row["listed_size"],
            upload_time=row["upload_time"],
            requires_python=row["requires_python"],
        ),
        decided=_decided(row),
        held=_held(row),
    )


def _decided(row: RowMapping) -> Decided | None:
    if row["epoch"] is None:
        return None
    return Decided(
        state=State(row["state"]),
        epoch=row["epoch"],
        judged_at=row["judged_at"],
        valid_until=row["valid_until"],
        findings=_FINDINGS.decode(row["findings"]),
    )


def _held(row: RowMapping) -> Held | None:
    if row["size"] is None:
        return None
    return Held(
        size=row["size"],
        metadata=row["metadata_sha256"],
        provenance=row["provenance_sha256"],
        receipt=row["receipt_sha256"],
    )


def _storable(listed: Listed) -> bool:
    """Tell whether both engines can keep it: an upstream's page may say anything."""
    words = (listed.key.filename, listed.version, listed.url, listed.requires_python or "")
    lengths = len(listed.key.filename) <= _LONGEST and len(listed.project) <= _LONGEST
    return lengths and all(map(_sayable, words)) and (listed.size or 0) <= _LARGEST


def _sayable(words: str) -> bool:
    """Tell whether it is text to PostgreSQL: no NUL, no half of a pair."""
    try:
        return b"\0" not in words.encode()
    except UnicodeEncodeError:
        return False


def _row(listed: Listed) -> dict[str, Any]:
    return {
        "sha256": listed.key.sha256,
        "filename": listed.key.filename,
        "project": listed.project,
        "version": listed.version,
        "kind": listed.kind.value,
        "origin": listed.origin,
        "url": listed.url,
        "listed_size": listed.size,
        "upload_time": listed.upload_time,
        "requires_python": listed.requires_python,
        "state": State.UNJUDGED.value,
        "findings": "[]",
    }


def _decision(decided: Decided) -> dict[str, Any]:
    return {
        "state": decided.state.value,
        "epoch": decided.epoch,
        "judged_at": decided.judged_at,
        "valid_until": decided.valid_until,
        "findings": msgspec.json.encode(decided.findings).decode(),
    }


def _made(key: Key, decided: Decided) -> dict[str, Any]:
    made = _decision(decided)
    del made["valid_until"]
    return made | {"sha256": key.sha256, "filename": key.filename}


def _holding(held: Held) -> dict[str, Any]:
    return {
        "size": held.size,
        "metadata_sha256": held.metadata,
        "provenance_sha256": held.provenance,
        "receipt_sha256": held.receipt,
    }


def _after(row: RowMapping, decided: Decided) -> Decided:
    """Return the decision as it follows on the one before: denied after admitted is revoked.

    Only what was admitted is ever held, whatever nobody could tell in between.
    """
    if decided.state is State.DENIED and row["size"] is not None:
        return replace(decided, state=State.REVOKED)
    if decided.state is State.UNDECIDED and row["state"] == State.REVOKED:
        findings = _FINDINGS.decode(row["findings"])  # it stays what it is until somebody can tell
        return replace(decided, state=State.REVOKED, findings=findings)
    return decided


def _insert(connection: Connection) -> sqlite.Insert | postgresql.Insert:
    """Return the insertion of this engine that leaves alone what is there."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(schema.files)
    return postgresql.insert(schema.files)


def _where(key: Key) -> dict[str, str]:
    return {"sha256": key.sha256, "filename": key.filename}


_ONE: Final = select(schema.files).where(
    schema.files.c.sha256 == bindparam("sha256"), schema.files.c.filename == bindparam("filename")
)
_LOCKED: Final = _ONE.with_for_update()
_UPDATE: Final = update(schema.files).where(
    schema.files.c.sha256 == bindparam("of_sha256"),
    schema.files.c.filename == bindparam("of_filename"),
)
_INSERT: Final = insert(schema.decisions)
