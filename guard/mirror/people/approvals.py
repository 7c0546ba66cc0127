"""The approvals that the mirror keeps, as the judge counts them: each a `guard.approval.Approval`.

They are kept as JSON in the words of `approvals.toml`, and read as strictly.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import msgspec
from packaging.version import Version
from sqlalchemy import Connection, Row, insert, select, update

from guard.admission.proposal import ACCEPTED_FOR
from guard.approval import Accepted, Approval, Approvals, ApprovedFile
from guard.errors import RefusedError
from guard.mirror.database import Database, audit, schema
from guard.mirror.database.audit import Act
from guard.mirror.database.changes import changed
from guard.mirror.people.examination import Examination, Examined
from guard.mirror.people.person import Caller, Role
from guard.mirror.people.requests import ApprovalRequest, valid_reason
from guard.model import RuleId
from guard.policy.approvals import AcceptedTable, ApprovalTable, FileTable

_LOG: Final = logging.getLogger("guard.mirror")
_TABLE: Final = msgspec.json.Decoder(ApprovalTable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An approval in the database."""

    number: int
    approval: Approval
    request: int | None
    revoked_at: datetime | None

    def status(self, moment: datetime) -> str:
        """Say whether it holds: `in force`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.approval.expired(moment) else "in force"


def in_force(database: Database) -> Approvals:
    """Return the approvals that were not revoked, expired or not: the judge looks at its clock.

    What cannot be read approves nothing. Raises `MirrorError`.
    """
    query = select(schema.approvals).where(schema.approvals.c.revoked_at.is_(None))
    with database.read() as connection:
        rows = connection.execute(query.order_by(schema.approvals.c.number)).all()
    found = (_read(row) for row in rows)
    return Approvals(tuple(entry for entry in found if entry is not None))


class Approved:
    """The approvals in the database. Raises `MirrorError`, and `RefusedError` as said."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self, project: str | None = None) -> list[Kept]:
        """Return the approvals, of one project or of all, the newest first."""
        query = select(schema.approvals).order_by(schema.approvals.c.number.desc())
        if project is not None:
            query = query.where(schema.approvals.c.project == project)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [
            Kept(number=row.number, approval=entry, request=row.request, revoked_at=row.revoked_at)
            for row in rows
            if (entry := _read(row)) is not None
        ]

    def revoke(self, caller: Caller, number: int, reason: str, moment: datetime) -> None:
        """End an approval now: every page is made anew. Raises `RefusedError` (403, 404, 409)."""
        caller.demand(Role.APPROVER)
        reason, table = valid_reason(reason), schema.approvals
        with self._database.begin() as connection:
            query = select(table).where(table.c.number == number).with_for_update()
            row = connection.execute(query).first()
            if row is None:
                raise RefusedError(f"there is no approval {number}", status=404)
            if row.revoked_at is not None:
                raise RefusedError(f"approval {number} is revoked already", status=409)
            statement = update(table).where(table.c.number == number)
            connection.execute(statement.values(revoked_at=moment))
            act, title = Act(caller.name, moment), f"{row.project} {row.version}"
            audit.write(connection, act, "revoke", title, approval=number, reason=reason)
            changed(connection, None, moment=moment)


def approve(connection: Connection, request: ApprovalRequest, act: Act) -> None:
    """Write down the approvals that a request has earned, within the transaction of its last vote.

    There is one for all files of which the same rules are set aside: so nothing is set aside of a
    file of which nobody has seen it.
    """
    assert request.examination is not None  # noqa: S101 - the votes were on it
    for entry in _earned(request, request.examination, act.moment):
        said = msgspec.json.encode(_table(entry)).decode()
        values = {
            "project": entry.name,
            "version": str(entry.version),
            "request": request.number,
            "document": said,
            "approved_at": act.moment,
        }
        made = connection.execute(
            insert(schema.approvals).values(**values).returning(schema.approvals.c.number)
        )
        audit.write(
            connection,
            act,
            "approve",
            entry.title,
            approval=made.scalar_one(),
            request=request.number,
            by=entry.approved_by,
            files={file.filename: file.sha256 for file in entry.files},
            accepts=sorted({each.rule for each in entry.accepted}),
            expires=entry.expires.isoformat() if entry.expires else None,
        )
    changed(connection, None, moment=act.moment)


def _earned(
    request: ApprovalRequest, examination: Examination, moment: datetime
) -> Iterator[Approval]:
    files = sorted(examination.files, key=_rules)
    others = examination.others
    for _, group in itertools.groupby(files, _rules):
        yield _approval(request, list(group), others, moment)
        others = ()


def _approval(
    request: ApprovalRequest,
    files: Sequence[Examined],
    others: Sequence[ApprovedFile],
    moment: datetime,
) -> Approval:
    accepted = dict.fromkeys(each for file in files for each in file.accepted)
    opened = (ApprovedFile(filename=f.filename, sha256=f.sha256, judged=True) for f in files)
    seen = request.examination.digest if request.examination else None
    voters = [vote for vote in request.votes if vote.approves and vote.seen == seen]
    return Approval(
        name=request.project,
        version=Version(request.version),
        files=(*opened, *others),
        reason=request.reason,
        approved_by=", ".join(vote.person for vote in voters),
        approved_at=moment.replace(microsecond=0),
        expires=request.expires or _for_a_time(accepted, moment),
        identities=tuple(dict.fromkeys(i for file in files for i in file.identities)),
        accepted=tuple(accepted),
    )


def _rules(file: Examined) -> tuple[RuleId, ...]:
    return tuple(sorted({each.rule for each in file.accepted}))


def _for_a_time(accepted: dict[Accepted, None], moment: datetime) -> date | None:
    return (moment + ACCEPTED_FOR).date() if accepted else None


def _table(entry: Approval) -> ApprovalTable:
    return ApprovalTable(
        name=entry.name,
        version=str(entry.version),
        files=tuple(
            FileTable(filename=file.filename, sha256=file.sha256, judged=file.judged)
            for file in entry.files
        ),
        reason=entry.reason,
        approved_by=entry.approved_by,
        approved_at=entry.approved_at,
        expires=entry.expires,
        identities=tuple(dict(identity) for identity in entry.identities),
        accepted=tuple(AcceptedTable(rule=a.rule, finding=a.finding) for a in entry.accepted),
    )


def _read(row: Row[Any]) -> Approval | None:
    try:
        return _TABLE.decode(row.document).entry(f"approval {row.number} of the mirror")
    except (msgspec.DecodeError, ValueError) as error:
        _LOG.error("approval %d cannot be read and approves nothing: %s", row.number, error)
        return None
