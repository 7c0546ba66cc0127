"""What the JSON API says of requests, approvals and files."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from guard.mirror.people.approvals import Kept
from guard.mirror.people.examination import Examination, Examined
from guard.mirror.people.requests import ApprovalRequest
from guard.mirror.records import FileRecord
from guard.report.json import finding


def request(found: ApprovalRequest, approvers: int) -> dict[str, Any]:
    """Return a request with what was found and how people voted."""
    return {
        "number": found.number,
        "project": found.project,
        "version": found.version,
        "reason": found.reason,
        "requested_by": found.requested_by,
        "requested_at": found.requested_at,
        "state": found.state,
        "closed_at": found.closed_at,
        "expires": found.expires,
        "approving": found.approving,
        "needed": found.needed(approvers),
        "examination": _examination(found.examination) if found.examination else None,
        "votes": [msgspec.to_builtins(vote) for vote in found.votes],
    }


def approval(kept: Kept, moment: datetime) -> dict[str, Any]:
    """Return an approval."""
    entry = kept.approval
    return {
        "number": kept.number,
        "request": kept.request,
        "status": kept.status(moment),
        "name": entry.name,
        "version": str(entry.version),
        "files": msgspec.to_builtins(entry.files),
        "identities": [dict(identity) for identity in entry.identities],
        "accepted": msgspec.to_builtins(entry.accepted),
        "reason": entry.reason,
        "approved_by": entry.approved_by,
        "approved_at": entry.approved_at,
        "expires": entry.expires,
        "revoked_at": kept.revoked_at,
    }


def file(record: FileRecord) -> dict[str, Any]:
    """Return a file and what became of it. Where an upstream keeps it is not said."""
    listed, decided = record.listed, record.decided
    return {
        "filename": listed.key.filename,
        "sha256": listed.key.sha256,
        "project": listed.project,
        "version": listed.version,
        "kind": listed.kind,
        "size": record.held.size if record.held else listed.size,
        "upload_time": listed.upload_time,
        "state": record.state,
        "judged_at": decided.judged_at if decided else None,
        "findings": [finding(each) for each in decided.findings] if decided else [],
    }


def _examination(examination: Examination) -> dict[str, Any]:
    return {
        "at": examination.at,
        "digest": examination.digest,
        "trouble": examination.trouble,
        "against": list(examination.against),
        "accepts": list(examination.accepted),
        "files": [_examined(each) for each in examination.files],
        "others": [{"filename": o.filename, "sha256": o.sha256} for o in examination.others],
    }


def _examined(examined: Examined) -> dict[str, Any]:
    return {
        "filename": examined.filename,
        "sha256": examined.sha256,
        "size": examined.size,
        "upload_time": examined.upload_time,
        "standing": examined.standing,
        "identities": [dict(identity) for identity in examined.identities],
        "accepted": msgspec.to_builtins(examined.accepted),
        "findings": [finding(each) for each in examined.findings],
    }
