"""What `install`, `download` and `check` share: a judgement, its report and its exit code."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence

from guard import plan
from guard.admission import standing
from guard.cli.boundary import coloured
from guard.cli.building import builds_of
from guard.cli.exit import of_decision
from guard.cli.session import Session
from guard.errors import UnsupportedError, UsageError
from guard.install.flow import Flow, Outcome
from guard.model import Admitted, FileKind
from guard.report import Result


def judged(session: Session) -> Outcome:
    """Return what comes of the session's request, a lock file's or any other."""
    request = session.request
    if not (request.specifiers or request.requirement_files or request.groups):
        raise UsageError("nothing was asked for", hint="name a requirement, or a file with `-r`")
    flow = flow_of(session)
    locks = [path for path in request.requirement_files if plan.is_lock(path)]
    if not locks:
        return flow.judged()
    if (
        len(locks) + len(request.specifiers)
        < len(request.requirement_files) + len(request.specifiers)
        or request.specifiers
        or request.groups
        or len(locks) > 1
    ):
        raise UnsupportedError(
            "a lock file is installed alone",
            reason="it already holds the whole plan",
            hint=f"run again with `-r {locks[0]}` and nothing else",
        )
    return flow.judged_lock(locks[0])


def flow_of(session: Session) -> Flow:
    """Return the way through for the session's request."""
    return Flow(
        session.request,
        session.wanted,
        session.installer,
        policy=session.policy,
        now=session.now,
        progress=session.progress,
        pool=session.pool,
        admission=lambda: session.admission,
        builds=builds_of(session),
    )


def installable(outcome: Outcome) -> tuple[Admitted, ...]:
    """Return the proofs for all of the plan; raises `UnsupportedError` for what is no wheel."""
    for verdict in outcome.judgement.verdicts:
        file = verdict.candidate.file
        if file.kind is not FileKind.WHEEL:
            raise UnsupportedError(
                f"{file.title} is a {file.kind}, and the guard does not build it",
                reason="building runs its code before anything is judged",
                hint="build the wheel in a sandbox, put it on an index of your own, ask for that",
            )
    return outcome.judgement.admitted


def finish(
    outcome: Outcome,
    session: Session,
    arguments: argparse.Namespace,
    *,
    done: str | None,
    changes: Sequence[Mapping[str, str | None]] = (),
) -> int:
    """Print the report and return the exit code."""
    judgement = outcome.judgement
    result = Result(
        decision=judgement.decision,
        verdicts=judgement.verdicts,
        standings=tuple(
            standing(verdict.candidate, session.policy) for verdict in judgement.verdicts
        ),
        passed_over=outcome.passed_over,
        suggestions={str(k): str(v) for k, v in outcome.suggestions.items()},
        note=outcome.note,
        done=done,
        satisfied=not judgement.verdicts and done is None,
        changes=changes,
    )
    _print(result, arguments)
    return of_decision(judgement.decision)


def _print(result: Result, arguments: argparse.Namespace) -> None:
    match arguments.output_format:
        case "json":
            from guard.report import json  # noqa: PLC0415 - one of the formats is needed

            sys.stdout.write(json.render(result))
        case "github":
            from guard.report import github  # noqa: PLC0415

            sys.stdout.write(github.render(result))
        case "sarif":
            from guard.report import sarif  # noqa: PLC0415

            sys.stdout.write(sarif.render(result, exit_code=of_decision(result.decision)))
        case _:
            from guard.report import text  # noqa: PLC0415

            stream = sys.stdout if arguments.module == "check" else sys.stderr
            # What all files have in common is about the run: that there is no feed, say.
            remarks = any(not f.common for verdict in result.verdicts for f in verdict.findings)
            if arguments.quiet and result.decision == "admitted" and not remarks:
                return
            stream.write(text.render(result, colour=coloured(stream)))
