"""`guard install`."""

from __future__ import annotations

import argparse

from guard.cli.judging import finish, installable, judged
from guard.cli.session import session
from guard.model import Decision


def run(arguments: argparse.Namespace) -> int:
    """Judge the request, and install it when all of it is admitted."""
    with session(arguments, alone=False) as run:
        outcome = judged(run)
        done = None
        if outcome.judgement.decision is Decision.ADMITTED and outcome.judgement.verdicts:
            admitted = installable(outcome)
            if arguments.report:
                from guard.report import pip_report  # noqa: PLC0415 - only when asked for

                pip_report.write(
                    arguments.report, admitted, run.installer.description().environment
                )
            done = "nothing was installed (--dry-run)"
            if not arguments.dry_run:
                run.progress.step("Installing")
                run.progress.done()
                run.installer.apply(admitted, run.request, quiet=arguments.quiet)
                done = "installed"
    return finish(outcome, arguments, done=done)
