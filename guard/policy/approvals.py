"""`approvals.toml`, as it is read: TOML in, approvals out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from packaging.utils import canonicalize_name
from packaging.version import Version

from guard import regular
from guard.approval import NEVER, Accepted, Approval, Approvals, ApprovedFile
from guard.errors import PolicyError
from guard.model import RuleId
from guard.policy.load import decoded
from guard.policy.tables import Text, convert, read, sha256_digest
from guard.rules import CATALOGUE

NAME: Final = "approvals.toml"
"""What the file is called; it lies beside the policy that it belongs to."""

_LIMIT: Final = 32 << 20
"""Bytes: some thousand releases, each with a hundred files."""


class FileTable(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"
):
    """One of an approval's files."""

    filename: Text
    sha256: Text
    judged: bool = False

    def entry(self) -> ApprovedFile:
        """Return the file with its digest in normal form."""
        sha256 = sha256_digest(self.sha256)
        return ApprovedFile(filename=self.filename, sha256=sha256, judged=self.judged)


class AcceptedTable(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"
):
    """A finding that an approval sets aside."""

    rule: Text
    finding: Text

    def entry(self) -> Accepted:
        """Return the finding. Raises `ValueError` for one that no approval may set aside."""
        if self.rule not in CATALOGUE:
            raise ValueError(f"there is no rule {self.rule!r}; `guard rule` lists them")
        if self.rule in NEVER:
            raise ValueError(
                f"no approval sets {self.rule} aside; that takes an [[exempt]] in the policy"
            )
        return Accepted(rule=RuleId(self.rule), finding=self.finding)


class ApprovalTable(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"
):
    """`[[approval]]`: one release that somebody let in."""

    name: Text
    version: Text
    files: Annotated[tuple[FileTable, ...], msgspec.Meta(min_length=1)]
    reason: Text
    approved_by: Text
    approved_at: datetime
    expires: date | None = None
    identities: tuple[dict[str, str], ...] = ()
    accepted: tuple[AcceptedTable, ...] = ()

    def entry(self, source: str = "") -> Approval:
        """Return the approval with its name, version and files read."""
        if self.approved_at.tzinfo is None:
            raise ValueError("approved-at needs an offset: 2027-03-01T09:30:00Z")
        return Approval(
            name=canonicalize_name(self.name, validate=True),
            version=Version(self.version),
            files=tuple(file.entry() for file in self.files),
            reason=self.reason,
            approved_by=self.approved_by,
            approved_at=self.approved_at,
            expires=self.expires,
            identities=tuple(tuple(identity.items()) for identity in self.identities),
            accepted=tuple(accepted.entry() for accepted in self.accepted),
            source=source,
        )


class ApprovalsTable(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"
):
    """A whole approvals file."""

    approval: tuple[ApprovalTable, ...] = ()


def read_bytes(path: Path) -> bytes:
    """Return what the file at `path` holds. Raises `PolicyError`."""
    try:
        body = regular.read(path, limit=_LIMIT)
    except OSError as error:
        raise PolicyError(
            f"the approvals in `{path}` could not be read", reason=error.strerror
        ) from None
    if len(body) > _LIMIT:
        raise PolicyError(f"the approvals in `{path}` are larger than {_LIMIT} bytes")
    return body


def approvals_table(path: Path) -> Mapping[str, Any]:
    """Return what the approvals at `path` say, unread. Raises `PolicyError`."""
    return decoded(read_bytes(path), str(path))


def approvals_in(table: Mapping[str, Any], *, source: str) -> Approvals:
    """Return the approvals that `table` says.

    Raises `PolicyError` on anything it does not wholly understand.
    """
    file = convert(table, ApprovalsTable, source=source, at="")
    return Approvals(
        tuple(
            read(partial(entry.entry, source), source=source, at=f"approval[{i}]")
            for i, entry in enumerate(file.approval)
        )
    )
