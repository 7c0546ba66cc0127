"""`guard lock`."""

from __future__ import annotations

import argparse

from guard import plan
from guard.cli.judging import finish, installable, judged
from guard.cli.session import session
from guard.errors import UsageError
from guard.model import Decision
from guard.private import write_private


def run(arguments: argparse.Namespace) -> int:
    """Judge the request, and write it as a PEP 751 lock when all of it is admitted."""
    if not plan.is_lock(arguments.output):
        raise UsageError(
            f"`{arguments.output}` is no name for a lock file",
            reason="PEP 751 names them `pylock.toml` and `pylock.<name>.toml`",
            hint="name it with `--output`",
        )
    with session(arguments, alone=True) as run:
        outcome = judged(run)
        done = None
        if outcome.judgement.decision is Decision.ADMITTED:
            python = str(run.installer.description().environment["python_version"])
            document = plan.serialize(plan.lock(installable(outcome), python=python))
            try:
                write_private(arguments.output, document)
                arguments.output.chmod(0o644)
            except OSError as error:
                raise UsageError(
                    f"`{arguments.output}` could not be written", reason=error.strerror
                ) from None
            done = f"locked in {arguments.output}"
    return finish(outcome, run, arguments, done=done)
