"""Approvals for tests, made from only what matters."""

from __future__ import annotations

from datetime import date
from typing import Final

from packaging.utils import canonicalize_name
from packaging.version import Version

from guard.approval import Accepted, Approval, ApprovedFile
from guard.model import RuleId
from tests.builders import a_digest, ago

ENTRY: Final = f"""\
[[approval]]
name = "litellm"
version = "1.82.6"
files = [
    {{ filename = "litellm-1.82.6-py3-none-any.whl", sha256 = "{a_digest()}", judged = true }},
]
reason = "the gateway needs it"
approved-by = "sec@example.com"
approved-at = 2026-03-01T12:00:00Z
"""
"""The same, as it is written."""


def an_approval(
    name: str = "litellm",
    version: str = "1.82.6",
    *,
    sha256: str | None = None,
    judged: bool = True,
    expires: str | None = None,
    accepted: tuple[tuple[str, str], ...] = (),
    days_ago: int = 31,
) -> Approval:
    """An approval of the file that the builders make."""
    filename = f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
    file = ApprovedFile(filename=filename, sha256=sha256 or a_digest(), judged=judged)
    return Approval(
        name=canonicalize_name(name),
        version=Version(version),
        files=(file,),
        reason="the gateway needs it",
        approved_by="sec@example.com",
        approved_at=ago(days=days_ago),
        expires=date.fromisoformat(expires) if expires else None,
        accepted=tuple(Accepted(rule=RuleId(rule), finding=found) for rule, found in accepted),
    )
