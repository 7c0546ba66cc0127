"""`guard install`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from guard.cli.judging import finish, installable, judged
from guard.cli.recording import Record, asked_for, recorded
from guard.cli.session import Session, known_identities, session
from guard.model import Admitted, Decision, Origin
from guard.publisher import Provenance


def run(arguments: argparse.Namespace) -> int:
    """Judge the request, and install it when all of it is admitted."""
    with (
        session(arguments, alone=False) as run,
        recorded("install", asked_for(run.request), run.place) as record,
    ):
        outcome = record.judged(run, judged(run))
        done = None
        if outcome.judgement.decision is Decision.ADMITTED:
            done = _installed(run, installable(outcome), arguments, record)
    return finish(outcome, run, arguments, done=done)


def _installed(
    run: Session, admitted: Sequence[Admitted], arguments: argparse.Namespace, record: Record
) -> str | None:
    """Install what was admitted, and say what was done."""
    if arguments.report:
        from guard.report import pip_report  # noqa: PLC0415 - only when asked for

        pip_report.write(arguments.report, admitted, run.installer.description().environment)
    if not admitted:
        return None
    if arguments.dry_run:
        return "nothing was installed (--dry-run)"
    run.progress.step("Installing")
    run.progress.done()
    with record.changing(admitted):
        run.installer.apply(admitted, run.request, quiet=arguments.quiet)
    remember(admitted)
    return "installed"


def remember(admitted: Sequence[Admitted]) -> None:
    """Record who published what has just been installed: the next release is compared with it."""
    known = known_identities()
    for item in admitted:
        candidate = item.verdict.candidate
        proved, origin = candidate.provenance, candidate.origin
        if isinstance(proved, Provenance) and proved.identities and isinstance(origin, Origin):
            file = candidate.file
            known.remember(file.project, origin.url, str(file.version), proved.identities)
