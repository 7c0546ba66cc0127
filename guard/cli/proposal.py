"""What `guard approve` would write down: the request is judged as if that were written already."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

from packaging.version import InvalidVersion, Version

from guard import attestation_identities
from guard.approval import Accepted, Approval, Approvals, ApprovedFile, sha256_of
from guard.cli.judging import judged
from guard.cli.session import Session, asking_nothing, session
from guard.errors import UnsupportedError, UsageError
from guard.install.flow import Outcome
from guard.install.target import Target, find_python
from guard.model import Absent, Built, Candidate, Decision, RuleId, Unknown, Verdict
from guard.policy import effective
from guard.policy.layers import Files
from guard.publisher import Provenance
from guard.simple import PageError

_ROUNDS: Final = 12
"""Judgements in which findings that may be set aside can come to light, one after the other."""

_ACCEPTED_FOR: Final = timedelta(days=90)
"""How long something is set aside for whoever does not say."""


def judged_as_approved(
    run: Session, files: Files, path: Path, rules: frozenset[RuleId]
) -> tuple[Approvals, Outcome]:
    """Judge the request as if it were approved, with what may be set aside once it is seen.

    Each judgement may stop at what the index alone denies, so the next one may find more.
    """
    proposal = Approvals(open=True)
    for _ in range(_ROUNDS):
        run.under(effective(replace(files, proposed=(path, proposal)))[0])
        outcome = judged(run)
        more = tuple(_accepting(outcome.judgement.verdicts, rules, run.now))
        if outcome.judgement.decision is not Decision.DENIED or set(more) <= set(proposal.entries):
            break
        proposal = Approvals((*proposal.entries, *more), open=True)
    return proposal, outcome


def _accepting(
    verdicts: Sequence[Verdict], rules: frozenset[RuleId], now: datetime
) -> Iterator[Approval]:
    """Yield what would set aside the findings of `rules` that speak against the plan."""
    for verdict in verdicts:
        found = tuple(
            Accepted(rule=finding.rule, finding=finding.message)
            for finding in verdict.findings
            if finding.holds and not finding.unknown and finding.rule in rules
        )
        if found and (entry := _entry(verdict.candidate, found, now)) is not None:
            yield entry


def _entry(candidate: Candidate, accepted: tuple[Accepted, ...], now: datetime) -> Approval | None:
    file, sha256 = candidate.file, sha256_of(candidate)
    if file.version is None or sha256 is None:
        return None
    filename = file.filename
    if isinstance(candidate.built, Built):
        filename = candidate.built.source.file.filename
    return Approval(
        name=file.project,
        version=file.version,
        files=(ApprovedFile(filename=filename, sha256=sha256, judged=True),),
        reason="about to be approved",
        approved_by="",
        approved_at=now.replace(microsecond=0),
        accepted=accepted,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the approver says of everything that is approved at once."""

    by: str
    reason: str
    expires: date | None = None
    only_opened: bool = False
    """Leave out the wheels that nobody has opened."""


def approvals_of(
    run: Session, outcome: Outcome, proposal: Approvals, terms: Terms
) -> tuple[Approval, ...]:
    """Return the approvals of a plan that is admitted, with every wheel of each release."""
    verdicts = outcome.judgement.verdicts
    return tuple(_approval(run, verdict, proposal, terms) for verdict in verdicts)


def _approval(run: Session, verdict: Verdict, proposal: Approvals, terms: Terms) -> Approval:
    candidate = verdict.candidate
    seen = {
        accepted
        for finding in verdict.findings
        for entry in proposal.accepting(finding, candidate)
        for accepted in entry.accepted
    }
    accepted = tuple(sorted(seen, key=lambda each: (each.rule, each.finding)))
    entry = _entry(candidate, accepted, run.now)
    if entry is None:
        raise UnsupportedError(f"{candidate.file.title} has no version to approve")
    others = () if terms.only_opened else tuple(_others(run, candidate, entry.files[0]))
    for_a_time = (run.now + _ACCEPTED_FOR).date() if accepted else None
    return replace(
        entry,
        files=(*entry.files, *others),
        reason=terms.reason,
        approved_by=terms.by,
        expires=terms.expires or for_a_time,
        identities=_identities(candidate),
    )


def _others(run: Session, candidate: Candidate, judged: ApprovedFile) -> Iterator[ApprovedFile]:
    """Yield the other wheels of the release that its index lists. Nobody has opened them."""
    file, origin = candidate.file, candidate.origin
    if isinstance(origin, Absent | Unknown) or file.version is None:
        return
    page = run.admission.index.page_on(origin.url, file.project)
    if isinstance(page, Absent | Unknown):
        return
    for filename in page.releases().get(file.version, ()):
        try:
            entry = page.file(filename) if filename.endswith(".whl") else None
        except PageError:
            continue
        sha256 = entry.hashes.get("sha256") if entry else None
        if sha256 and sha256.lower() != judged.sha256 and filename != judged.filename:
            yield ApprovedFile(filename=filename, sha256=sha256.lower())


def _identities(candidate: Candidate) -> tuple[tuple[tuple[str, str], ...], ...]:
    proved = candidate.provenance
    if not isinstance(proved, Provenance):
        return ()
    return tuple(tuple(t.items()) for t in attestation_identities.tables(proved.identities))


def pins_of_environment(arguments: argparse.Namespace) -> list[str]:
    """Return the distributions of an environment as pins; what no index has is left out."""
    python = find_python(arguments.python, system=arguments.system, alone=False)
    installed = Target(python=python).describe().installed
    with session(asking_nothing(arguments), alone=True) as run:
        pages = dict(
            zip(installed, run.pool.map(run.admission.index.first_page, installed), strict=True)
        )
    pins: list[str] = []
    left: list[str] = []
    for name, version in sorted(installed.items()):
        page = pages[name]
        try:
            known = isinstance(page, Unknown) or (
                not isinstance(page, Absent) and Version(version) in page.releases()
            )
        except InvalidVersion:
            known = False
        (pins if known else left).append(f"{name}=={version}")
    if left:
        sys.stderr.write(f"left out, for no index has them: {', '.join(left)}\n")
    if not pins:
        raise UsageError(f"there is nothing in `{python}` that an index has")
    return pins
