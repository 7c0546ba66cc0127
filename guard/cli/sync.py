"""`guard sync`: judge a lock again, and make the environment exactly what it says."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from packaging.pylock import Pylock
from packaging.requirements import Requirement
from packaging.utils import NormalizedName

from guard import plan
from guard.artifact.content import Content
from guard.cli import lock_inputs
from guard.cli.install import remember
from guard.cli.judging import finish, flow_of, installable
from guard.cli.recording import Record, recorded
from guard.cli.session import Session, asking_nothing, session
from guard.errors import OutdatedError, SourceError, UsageError
from guard.install import sync
from guard.install.closure import Locked, shortcomings
from guard.install.flow import Outcome
from guard.install.sync import Change, Changes
from guard.model import Decision
from guard.report.text import plain

_SHOWN = 10


def run(arguments: argparse.Namespace) -> int:
    """Judge all of the lock, and change what is not as it says when all of it is admitted."""
    lock = _lock(arguments)
    given = _requirements(arguments, lock)
    with (
        session(asking_nothing(given), alone=False) as run,
        recorded("sync", [str(arguments.lock)], run.place) as record,
    ):
        sync.folders_of(run.installer.description())  # refused before anything is fetched
        outcome = record.judged(run, flow_of(run).judged_lock(arguments.lock, whole=True))
        done, changes = None, Changes()
        if outcome.judgement.decision is Decision.ADMITTED:
            if arguments.locked:
                _hold(run, outcome, arguments.lock)
            changes = compared(run, outcome, arguments)
            done = synced(run, changes, arguments, record)
    return finish(
        outcome, run, arguments, done=done, changes=tuple(map(sync.described, changes.changes))
    )


def _lock(arguments: argparse.Namespace) -> Pylock:
    path: Path = arguments.lock
    if not plan.is_lock(path):
        raise UsageError(
            f"`{path}` is no name for a lock file",
            reason="PEP 751 names them `pylock.toml` and `pylock.<name>.toml`",
            hint="write one with `guard lock`",
        )
    lock = plan.read(path)
    if not lock.packages and not arguments.allow_empty_requirements:
        raise UsageError(
            f"`{path}` has no packages, so everything would be removed",
            hint="if that is meant: `--allow-empty-requirements`",
        )
    return lock


def _requirements(arguments: argparse.Namespace, lock: Pylock) -> argparse.Namespace:
    """Return the arguments with what the lock is to be held to; nothing without `--locked`."""
    named = (
        arguments.requirement_files
        or arguments.extra
        or arguments.all_extras
        or arguments.group
        or arguments.only_group
    )
    if named and not arguments.locked:
        raise UsageError(
            "a lock file is installed as it stands",
            reason="requirements are only compared with it",
            hint="add `--locked`, or leave them out",
        )
    if arguments.locked and not named:
        return lock_inputs.asked(lock, arguments.lock, arguments)
    return arguments


def _hold(run: Session, outcome: Outcome, path: Path) -> None:
    """Raise `OutdatedError` where the lock is not exactly what its requirements need."""
    wanted = [*run.wanted.requirements, *(Requirement(file.project) for file in run.wanted.direct)]
    environment = run.installer.description().environment
    wrong = list(shortcomings(wanted, dict(_locked(outcome)), environment))
    if wrong:
        more = [f"and {len(wrong) - _SHOWN} more"] if len(wrong) > _SHOWN else []
        raise OutdatedError(
            f"`{path}` is not what its requirements need",
            reason="; ".join(wrong[:_SHOWN] + more),
            hint="run `guard lock` again, and look at what changes; nothing was installed",
        )


def _locked(outcome: Outcome) -> Iterator[tuple[NormalizedName, Locked]]:
    for verdict in outcome.judgement.verdicts:
        file, content = verdict.candidate.file, verdict.candidate.content
        if not isinstance(content, Content):
            raise SourceError(f"what {file.title} requires is not known", reason=content.reason)
        yield file.project, Locked(version=file.version, requires_dist=content.requires_dist)


def compared(run: Session, outcome: Outcome, arguments: argparse.Namespace) -> Changes:
    """Return what of the environment is not as it was judged."""
    run.progress.step("Comparing with the environment")
    found = sync.changes(
        installable(outcome),
        run.installer.description(),
        reinstall=arguments.reinstall,
        pool=run.pool,
    )
    run.progress.done()
    return found


def synced(run: Session, changes: Changes, arguments: argparse.Namespace, record: Record) -> str:
    """Change what is not as it should be, and say what was done."""
    if not changes.changes:
        return f"nothing to do: the environment is what {arguments.lock} says"
    _tell(changes, arguments)
    if arguments.dry_run:
        return f"nothing was changed (--dry-run): {changes.summary}"
    run.progress.step("Installing")
    run.progress.done()
    with record.changing(changes.install):
        sync.apply(changes, run.installer, run.request)
    remember(changes.install)
    return changes.summary


def _tell(changes: Changes, arguments: argparse.Namespace) -> None:
    if arguments.output_format == "text" and not arguments.quiet:
        sys.stderr.writelines(f"  {plain(_line(change))}\n" for change in changes.changes)


def _line(change: Change) -> str:
    if change.before is None:
        return f"+ {change.project} {change.after}"
    if change.after is None:
        return f"- {change.project} {change.before}"
    if change.reason:
        return f"~ {change.project} {change.after} ({change.reason})"
    return f"~ {change.project} {change.before} -> {change.after}"
