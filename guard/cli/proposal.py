"""What `guard approve` would write down: the request is judged as if that were written already."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from packaging.version import InvalidVersion, Version

from guard.admission.proposal import (
    ACCEPTED_FOR,
    ROUNDS,
    accepted_of,
    accepting,
    identities_of,
    others_of,
    proposed,
)
from guard.approval import Approval, Approvals
from guard.cli.judging import judged
from guard.cli.session import Session, asking_nothing, session
from guard.errors import UnsupportedError, UsageError
from guard.install.flow import Outcome
from guard.install.target import Target, find_python
from guard.model import Absent, Decision, RuleId, Unknown, Verdict
from guard.policy import effective
from guard.policy.layers import Files


def judged_as_approved(
    run: Session, files: Files, path: Path, rules: frozenset[RuleId]
) -> tuple[Approvals, Outcome]:
    """Judge the request as if it were approved, with what may be set aside once it is seen.

    Each judgement may stop at what the index alone denies, so the next one may find more.
    """
    proposal = Approvals(open=True)
    for _ in range(ROUNDS):
        run.under(effective(replace(files, proposed=(path, proposal)))[0])
        outcome = judged(run)
        more = tuple(accepting(outcome.judgement.verdicts, rules, run.now))
        if outcome.judgement.decision is not Decision.DENIED or set(more) <= set(proposal.entries):
            break
        proposal = Approvals((*proposal.entries, *more), open=True)
    return proposal, outcome


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
    accepted = accepted_of(verdict, proposal)
    entry = proposed(candidate, accepted, run.now)
    if entry is None:
        raise UnsupportedError(f"{candidate.file.title} has no version to approve")
    (judged_file,) = entry.files
    index = run.admission.index
    others = () if terms.only_opened else tuple(others_of(index, candidate, judged_file))
    for_a_time = (run.now + ACCEPTED_FOR).date() if accepted else None
    return replace(
        entry,
        files=(judged_file, *others),
        reason=terms.reason,
        approved_by=terms.by,
        expires=terms.expires or for_a_time,
        identities=identities_of(candidate),
    )


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
