"""`guard approvals`: what is approved, until when, and what a change of it says."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from guard.approval import Approval
from guard.cli.allowlist import destination
from guard.cli.exit import ExitCode
from guard.cli.session import policy_files
from guard.errors import UsageError
from guard.policy import effective
from guard.policy.approvals import approvals_in, read_bytes
from guard.policy.load import decoded
from guard.report.text import plain

_SOON: Final = timedelta(days=30)
_LIMIT: Final = 32 << 20
"""Bytes that are read from a pipe."""


def run(arguments: argparse.Namespace) -> int:
    """Print what is approved, or what is different."""
    if arguments.action == "diff":
        _diff(arguments)
    else:
        _list(arguments)
    return ExitCode.OK


def _list(arguments: argparse.Namespace) -> None:
    policy, _ = effective(policy_files(arguments.policy, arguments.approvals))
    now = datetime.now(UTC)
    entries = sorted(policy.approvals.entries, key=lambda e: (e.name, e.version, e.approved_at))
    if arguments.expiring:
        entries = [entry for entry in entries if _status(entry, now) != "approved"]
    if arguments.output_format == "json":
        told = [_document(entry) | {"status": _status(entry, now)} for entry in entries]
        _dump({"schema": 1, "required": policy.approval_required, "approvals": told})
        return
    if not entries:
        sys.stderr.write("nothing is about to expire\n" if arguments.expiring else "no approvals\n")
    for entry in entries:
        for line in _lines(entry, now):
            sys.stdout.write(f"{plain(line)}\n")


def _status(entry: Approval, now: datetime) -> str:
    if entry.expired(now):
        return "expired"
    return "expiring" if entry.expired(now + _SOON) else "approved"


def _lines(entry: Approval, now: datetime) -> Iterator[str]:
    until = f", {_until(entry, now)}" if entry.expires else ""
    yield f"{entry.title}: {_status(entry, now)}{until}"
    opened = sum(file.judged for file in entry.files)
    files = f"{len(entry.files)} file{'' if len(entry.files) == 1 else 's'}, {opened} opened"
    yield f"  {files}{''.join(f'; {_publisher(i)}' for i in entry.identities)}"
    for accepted in entry.accepted:
        yield f"  sets aside {accepted.rule}: {accepted.finding}"
    yield f"  {entry.approved_at:%Y-%m-%d} {entry.approved_by}: {entry.reason} ({entry.source})"


def _until(entry: Approval, now: datetime) -> str:
    assert entry.expires is not None  # noqa: S101 - the caller has looked
    left = (entry.expires - now.date()).days
    return f"on {entry.expires}" + (
        f", in {left} day{'' if left == 1 else 's'}" if left > 0 else ""
    )


def _publisher(identity: tuple[tuple[str, str], ...]) -> str:
    return " ".join(value for _, value in identity)


def _document(entry: Approval) -> dict[str, Any]:
    return {
        "name": entry.name,
        "version": str(entry.version),
        "files": [
            {"filename": file.filename, "sha256": file.sha256, "judged": file.judged}
            for file in entry.files
        ],
        "identities": [dict(identity) for identity in entry.identities],
        "accepted": [{"rule": a.rule, "finding": a.finding} for a in entry.accepted],
        "reason": entry.reason,
        "approved_by": entry.approved_by,
        "approved_at": entry.approved_at.isoformat(),
        "expires": entry.expires.isoformat() if entry.expires else None,
        "source": entry.source,
    }


def _diff(arguments: argparse.Namespace) -> None:
    new_path = arguments.new or destination(policy_files(arguments.policy, arguments.approvals))
    old, new = _read(arguments.old), _read(new_path)
    gone = [entry for entry in old if entry not in new]
    come = [entry for entry in new if entry not in old]
    if arguments.output_format == "json":
        told = {"added": [*map(_document, come)], "removed": [*map(_document, gone)]}
        _dump({"schema": 1, **told})
        return
    for key in sorted({(e.name, e.version) for e in (*gone, *come)}):
        before = [entry for entry in gone if (entry.name, entry.version) == key]
        after = [entry for entry in come if (entry.name, entry.version) == key]
        for line in _changes(before, after, old):
            sys.stdout.write(f"{plain(line)}\n")


def _read(path: Path) -> tuple[Approval, ...]:
    """Return the approvals in the file at `path`, or on stdin where that is `-`."""
    if str(path) != "-":
        return approvals_in(decoded(read_bytes(path), str(path)), source=str(path)).entries
    body = sys.stdin.buffer.read(_LIMIT + 1)
    if len(body) > _LIMIT:
        raise UsageError(f"there are more than {_LIMIT} bytes on stdin")
    return approvals_in(decoded(body, "stdin"), source="stdin").entries


def _changes(
    before: Sequence[Approval], after: Sequence[Approval], old: Sequence[Approval]
) -> Iterator[str]:
    """Yield what is new of one release, what is gone, and whether somebody else published it."""
    for entry in () if after else before:
        yield f"- {entry.title}: {entry.reason} ({entry.approved_by})"
    for entry in after:
        yield f"{'~' if before else '+'} {entry.title}: {entry.reason} ({entry.approved_by})"
        yield from _details(entry, before[0] if before else None)
        yield from _publishers(entry, old)


def _details(entry: Approval, before: Approval | None) -> Iterator[str]:
    was = {file.sha256 for file in before.files} if before else set()
    now = {file.sha256 for file in entry.files}
    if come := [file for file in entry.files if file.sha256 not in was]:
        opened = sum(file.judged for file in come)
        yield f"    + {len(come)} file{'' if len(come) == 1 else 's'}, {opened} opened"
    if before and (gone := was - now):
        yield f"    - {len(gone)} file{'' if len(gone) == 1 else 's'}"
    known = before.accepted if before else ()
    for accepted in entry.accepted:
        if accepted not in known:
            yield f"    ! sets aside {accepted.rule}: {accepted.finding}"
    if (before.expires if before else None) != entry.expires:
        yield f"    expires {entry.expires or 'never'}"


def _publishers(entry: Approval, old: Sequence[Approval]) -> Iterator[str]:
    """Yield a warning where the approved release before it was published by somebody else."""
    others = [e for e in old if e.name == entry.name and e.version != entry.version]
    earlier = max(
        (e for e in others if e.version < entry.version), key=lambda e: e.version, default=None
    )
    if earlier is not None and set(earlier.identities) != set(entry.identities):
        now = ", ".join(map(_publisher, entry.identities)) or "nobody who attests it"
        was = ", ".join(map(_publisher, earlier.identities)) or "nobody who attests it"
        yield f"    ! published by {now}; {earlier.version} by {was}"


def _dump(document: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(document, indent=2) + "\n")
