"""`guard download`."""

from __future__ import annotations

import argparse

from guard.cli.judging import finish, installable, judged
from guard.cli.session import session
from guard.install.copy import copy_into
from guard.model import Decision


def run(arguments: argparse.Namespace) -> int:
    """Judge the request, and copy its files into a folder when all of it is admitted."""
    with session(arguments, alone=True) as run:
        outcome = judged(run)
        done = None
        if outcome.judgement.decision is Decision.ADMITTED:
            for admitted in installable(outcome):
                copy_into(arguments.dest, admitted)
            done = f"saved in {arguments.dest}"
    return finish(outcome, run, arguments, done=done)
