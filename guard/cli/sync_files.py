"""`guard uv pip sync FILE…`: an environment becomes what requirements files list, and no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from guard.cli import sync as of_lock
from guard.cli.judging import finish, flow_of
from guard.cli.parser import parse
from guard.cli.recording import recorded
from guard.cli.session import asking_nothing, session
from guard.errors import UsageError
from guard.install import sync
from guard.install.sync import Changes
from guard.model import Decision
from guard.wrappers.coverage import Classified


def run(found: Classified, files: Sequence[Path], more: Sequence[str], *, hashes: bool) -> int:
    """Judge all that the files list, and change what is not so when all of it is admitted.

    As uv has it, what they do not list is removed, and nothing is added that they do not list.
    """
    words = found.guard_words
    arguments = asking_nothing(parse([*words[: words.index("--")], *more]))
    arguments.lock = Path(", ".join(map(str, files)))  # what it is called in what is said
    arguments.requirement_files = list(files)
    arguments.no_deps = True
    arguments.require_hashes = hashes
    with (
        session(arguments, alone=False) as run,
        recorded("sync", list(map(str, files)), run.place) as record,
    ):
        sync.folders_of(run.installer.description())  # refused before anything is fetched
        if not (run.wanted.requirements or run.wanted.direct or _may_be_empty(arguments)):
            raise UsageError(
                f"`{arguments.lock}` lists nothing, so everything would be removed",
                hint="if that is meant: `--allow-empty-requirements`",
            )
        again = arguments.reinstall
        run.request = replace(run.request, reinstall=True)  # what is there counts for nothing
        outcome = record.judged(run, flow_of(run).judged())
        run.request = replace(run.request, reinstall=again)
        done, changes = None, Changes()
        if outcome.judgement.decision is Decision.ADMITTED:
            changes = of_lock.compared(run, outcome, arguments)
            done = of_lock.synced(run, changes, arguments, record)
    told = tuple(map(sync.described, changes.changes))
    return finish(outcome, run, arguments, done=done, changes=told)


def _may_be_empty(arguments: object) -> bool:
    return bool(getattr(arguments, "allow_empty_requirements", False))
