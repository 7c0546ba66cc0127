"""`guard check`."""

from __future__ import annotations

import argparse
from pathlib import Path

from guard.admission import Asked
from guard.cli.judging import finish, judged
from guard.cli.session import Session, session
from guard.errors import UnsupportedError, UsageError
from guard.install.flow import Outcome
from guard.model import Requested
from guard.plan import is_lock
from guard.request import direct_file


def run(arguments: argparse.Namespace) -> int:
    """Judge requirements, or files that lie on this disk; install nothing."""
    local = local_files(arguments)
    with session(arguments, alone=True) as run:
        outcome = judged_files(run, local) if local else judged(run)
    return finish(outcome, run, arguments, done=None)


def local_files(arguments: argparse.Namespace) -> list[Path]:
    """Take the files out of the requirements: return what is no lock. Raises `UsageError`."""
    files = [Path(word) for word in arguments.requirement if _is_file(word)]
    locks = [path for path in files if is_lock(path)]
    arguments.requirement = [word for word in arguments.requirement if not _is_file(word)]
    arguments.requirement_files += locks
    local = [path for path in files if path not in locks]
    if local and (arguments.requirement or arguments.requirement_files):
        raise UnsupportedError(
            "local files and requirements are judged separately",
            hint=f"run `guard {arguments.module}` once for each",
        )
    return local


def _is_file(word: str) -> bool:
    if "://" in word:  # a requirement by URL, however it ends
        return False
    path = Path(word)
    return word.endswith((".whl", ".tar.gz", ".zip")) or (is_lock(path) and path.is_file())


def judged_files(run: Session, paths: list[Path]) -> Outcome:
    """Return the judgement on files as they lie there. Raises `UsageError`."""
    asked = []
    for path in paths:
        if not path.is_file():
            raise UsageError(f"there is no file `{path}`")
        file = direct_file(path.name, path.absolute().as_uri())
        if file.version is None:
            raise UsageError(f"`{path.name}` is not the name of a wheel or an sdist")
        asked.append(Asked(file, Requested(named=True, pinned=True), local=True))
    return Outcome(judgement=run.admission.admit(asked))
