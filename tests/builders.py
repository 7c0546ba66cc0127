"""What a test judges, made from only what matters to it; all the rest is as harmless as can be."""

from __future__ import annotations

import hashlib
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from functools import cache
from textwrap import dedent
from typing import Any, Final

from packaging.utils import canonicalize_name
from packaging.version import Version

from guard.admission import Judgement, judge, standing
from guard.model import (
    Absent,
    Candidate,
    File,
    FileKind,
    Finding,
    Listing,
    Origin,
    ProjectStatus,
    Requested,
    Verdict,
)
from guard.policy import Policy, parse
from guard.report import Result, text
from guard.rules import Rule

NOW: Final = datetime(2026, 4, 1, 12, tzinfo=UTC)
"""When everything is judged, unless a test says otherwise."""

INDEX: Final = "https://packages.example.com/simple"

_NONE: Final = Absent("there is none")


def ago(**length: float) -> datetime:
    """The moment that was so long before `NOW`: `ago(hours=2)`."""
    return NOW - timedelta(**length)


def a_digest(content: bytes = b"the bytes", algorithm: str = "sha256") -> str:
    """A digest as an index would give it."""
    return hashlib.new(algorithm, content).hexdigest()


def a_file(project: str = "litellm", version: str | None = "1.82.6", **changes: Any) -> File:
    """A wheel of one release; `version` is `None` for what only a build could tell."""
    name = canonicalize_name(project)
    filename = f"{name.replace('-', '_')}-{version or '0'}-py3-none-any.whl"
    said: dict[str, Any] = {
        "project": name,
        "version": Version(version) if version else None,
        "filename": filename,
        "kind": FileKind.WHEEL,
        "url": f"https://files.example.com/{filename}",
        "hashes": {"sha256": a_digest()},
    }
    return File(**said | changes)


def a_listing(**changes: Any) -> Listing:
    """What a page says of a file that has been up for a month."""
    said: dict[str, Any] = {"upload_time": ago(days=30), "hashes": {"sha256": a_digest()}}
    return Listing(**said | changes)


def a_candidate(**changes: Any) -> Candidate:
    """A file that no rule of any preset objects to, but for the facts that are changed."""
    said: dict[str, Any] = {
        "file": a_file(),
        "requested": Requested(named=True),
        "origin": Origin(url=INDEX),
        "listing": a_listing(),
        "status": ProjectStatus(),
        "digests": {"sha256": a_digest()},
        "judged_at": NOW,
    }
    return Candidate(**{field.name: _NONE for field in fields(Candidate)} | said | changes)


@cache
def a_policy(toml: str = "", *, source: str = "guard.toml") -> Policy:
    """The policy that `toml` says, as a file of that name would."""
    return parse(dedent(toml), source=source)


def a_verdict(candidate: Candidate, toml: str = "") -> Verdict:
    """The verdict on `candidate` under the policy that `toml` says."""
    return judge(candidate, a_policy(toml))


def a_judgement(*candidates: Candidate, toml: str = "") -> Judgement:
    """The judgement on a plan of several files."""
    return Judgement(tuple(a_verdict(candidate, toml) for candidate in candidates))


def report(*verdicts: Verdict) -> str:
    """What a user reads of a run that came to `verdicts`."""
    standings = tuple(standing(verdict.candidate, a_policy()) for verdict in verdicts)
    decision = Judgement(verdicts).decision
    return text.render(Result(decision=decision, verdicts=verdicts, standings=standings))


def findings(rule: Rule, candidate: Candidate) -> list[Finding]:
    """All that one rule holds against `candidate`."""
    return list(rule.check(candidate))
