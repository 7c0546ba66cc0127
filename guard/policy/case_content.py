"""What is inside the file that a case describes: its `content`, made to what rules look at."""

from __future__ import annotations

import hashlib
from functools import partial

from packaging.requirements import InvalidRequirement, Requirement

from guard.artifact.content import (
    Command,
    CommandSource,
    Content,
    HookKind,
    Landing,
    Pickle,
    StartupHook,
    Trace,
)
from guard.artifact.defect import Defect
from guard.model import File
from guard.policy.case_tables import ContentTable


def content(given: ContentTable, file: File) -> Content:
    """Return the content of `file`. Raises `ValueError` for what is no requirement."""
    module = f"{file.project.replace('-', '_')}/__init__.py"
    hooks = f"{file.project}.pth"
    return Content(
        filename=file.filename,
        name=file.project,
        version=str(file.version),
        requires_dist=given.requires,
        url_requirements=tuple(text for text in given.requires if _requirement(text).url),
        landing=Landing(purelib=(module, hooks) if given.startup_hooks else (module,)),
        commands=tuple(
            Command(name=name, source=CommandSource.CONSOLE_SCRIPT, member=module, offset=0)
            for name in given.commands
        ),
        hooks=tuple(map(partial(_hook, hooks), given.startup_hooks)),
        pickles=(
            (Pickle(format="pickle", names=given.pickle_imports, member="data.pkl", offset=0),)
            if given.pickle_imports
            else ()
        ),
        traces=tuple(
            Trace(capability=shown, text="of the case", member=module, offset=0)
            for shown in given.shows
        ),
        entries=given.entries,
        size=given.size,
        defects=tuple(Defect(kind=kind, message="as the case says") for kind in given.defects),
    )


def _hook(member: str, line: str) -> StartupHook:
    sha256 = hashlib.sha256(line.encode()).hexdigest()
    return StartupHook(kind=HookKind.LINE, text=line, sha256=sha256, member=member, offset=0)


def _requirement(text: str) -> Requirement:
    try:
        return Requirement(text)
    except (InvalidRequirement, RecursionError):
        raise ValueError(f"{text!r} is not a requirement") from None
