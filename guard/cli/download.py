"""`guard download`."""

from __future__ import annotations

import argparse

from guard.cli.judging import finish, installable, judged
from guard.cli.recording import asked_for, recorded
from guard.cli.session import session
from guard.install.copy import copy_into
from guard.model import Decision


def run(arguments: argparse.Namespace) -> int:
    """Judge the request, and copy its files into a folder when all of it is admitted."""
    with (
        session(arguments, alone=True) as run,
        recorded("download", asked_for(run.request), arguments.dest.absolute()) as record,
    ):
        outcome = record.judged(run, judged(run))
        done = None
        if outcome.judgement.decision is Decision.ADMITTED:
            files = installable(outcome)
            with record.changing(files):
                for admitted in files:
                    copy_into(arguments.dest, admitted)
            done = f"saved in {arguments.dest}"
    return finish(outcome, run, arguments, done=done)
