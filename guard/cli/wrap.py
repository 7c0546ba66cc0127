"""`guard uv …` and `guard uvx …`: the tool itself, behind the gateway."""

from __future__ import annotations

import argparse
import concurrent.futures
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import uv

from guard.cli.session import Session, cache_folder, policy_files
from guard.cli.uv_words import Plan, classify
from guard.errors import GuardError, QuarantineError
from guard.gateway import child, indexes, project, settings
from guard.gateway.project import Sources
from guard.gateway.snapshot import Snapshot
from guard.gateway.tool import Tool
from guard.model import Index
from guard.policy import effective
from guard.progress import Silent
from guard.request import Request, Wanted

if TYPE_CHECKING:
    from guard.gateway.run import Outcome
    from guard.sources.http import Http
    from guard.sources.index import IndexSource
    from guard.sources.pages import Pages

_WORKERS: Final = 16
"""Judging waits for servers most of the time, and a tool asks for fifty things at once."""


def run(arguments: argparse.Namespace) -> int:
    """Run the tool, or refuse to; what came of it is said after the tool has said it."""
    words: list[str] = arguments.words
    if arguments.tool == "uvx":
        words = ["tool", "run", *words]
    plan, tool = classify(words), uv.find_uv_bin()
    if plan is None:
        return _become([tool, *words], os.environ)
    try:
        wrapped = _Wrapped(plan)
        code = wrapped.prepare(tool)
    except OSError as error:
        raise QuarantineError(
            "what the gateway needs could not be read or written", reason=str(error)
        ) from None
    if code or plan.then is None:
        return code
    options = ["--offline", "--cache-dir", str(wrapped.cache / "uv")]
    if plan.resolves_again:
        options += ["--config-file", str(wrapped.config)]
    return _become([tool, *options, *plan.then], _own_environment(plan))


def _become(command: Sequence[str], environ: Mapping[str, str]) -> int:
    """Become the tool: signals, terminal and exit code are its own. Returns only by raising."""
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execve(command[0], list(command), dict(environ))  # noqa: S606 - a list of words
    except OSError as error:
        raise GuardError(f"`{command[0]}` could not be started", reason=error.strerror) from None


def _own_environment(plan: Plan) -> dict[str, str]:
    """Return the environment of the user's own program: what it was, with no gateway in it.

    Where uv resolves once more to start it, uv's variables are left out as they were before.
    """
    if not plan.resolves_again:
        return dict(os.environ)
    theirs = {name: value for name, value in os.environ.items() if not name.startswith("UV_")}
    return theirs | {
        name: value for name, value in child.scrubbed(os.environ).items() if name.startswith("UV_")
    }


class _Wrapped:
    """One command of a wrapped tool, and what it is prepared with."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        child.scrubbed(os.environ)  # what it refuses is refused before anything is asked
        self._folder = cache_folder() / "gateway"
        self._sources = _sources(plan)
        self._configuration = indexes.configured(plan.indexes, self._sources.indexes)
        self.config = settings.write(self._folder, os.environ, here=Path.cwd())
        self.cache = self._folder

    def prepare(self, tool: str) -> int:
        """Run what fetches and installs behind the gateway; return the exit code."""
        snapshot = Snapshot(self._sources.files, self._sources.environment)
        pool = concurrent.futures.ThreadPoolExecutor(_WORKERS, thread_name_prefix="guard")
        session = self._session(pool)
        try:
            outcome = self._behind(tool, session, snapshot)
            code = self._finished(outcome, session)
        except BaseException:
            snapshot.restore()
            raise
        finally:
            session.close()
            pool.shutdown(wait=False, cancel_futures=True)
        if code != outcome.code:
            snapshot.restore()
        return code

    def _session(self, pool: concurrent.futures.ThreadPoolExecutor) -> Session:
        policy, layers = effective(policy_files(None, None))
        offline = os.environ.get("GUARD_OFFLINE", "") not in {"", "0"}
        return Session(
            policy=policy,
            layers=layers,
            request=Request(offline=offline, refresh=self._plan.refresh),
            wanted=Wanted(),
            installer=Tool(self._configuration),
            progress=Silent(),
            pool=pool,
            now=datetime.now(UTC),
            indexes=self._indexes,
        )

    def _behind(self, tool: str, session: Session, snapshot: Snapshot) -> Outcome:
        from guard.gateway.run import Gateway  # noqa: PLC0415 - after the words were understood
        from guard.gateway.served import ServedIndexes  # noqa: PLC0415

        admission = session.admission
        assert isinstance(admission.index, ServedIndexes)  # noqa: S101 - made below
        gateway = Gateway(
            admission=admission,
            metadata=admission.index.metadata,
            folder=self._folder,
            locked=self._sources.locked,
            names=tuple(dict.fromkeys((*self._plan.names, *sorted(self._sources.names)))),
            tell=_tell,
        )
        self.cache = gateway.cache
        return gateway.run([tool, *self._plan.prepare], self._environment, snapshot)

    def _environment(self, proxy: str, authority: Path) -> dict[str, str]:
        return child.environment(
            os.environ, proxy=proxy, authority=authority, cache=self.cache, config=self.config
        )

    def _indexes(self, pages: Pages, http: Http, indexes: Sequence[Index]) -> IndexSource:
        from guard.gateway.metadata import Metadata  # noqa: PLC0415 - as above
        from guard.gateway.served import ServedIndexes  # noqa: PLC0415

        return ServedIndexes(pages, indexes, Metadata(http, self._folder / "metadata"))

    def _finished(self, outcome: Outcome, session: Session) -> int:
        from guard.cli import wrap_report  # noqa: PLC0415 - when the tool has ended

        wanted = (*self._plan.requirements, *self._sources.requirements)
        return wrap_report.finish(outcome, wanted, session.policy)


def _tell(words: str) -> None:
    print(f"guard: {words}", file=sys.stderr)


def _sources(plan: Plan) -> Sources:
    if plan.script is not None:
        return project.of_script(plan.script) if plan.script.is_file() else Sources()
    return project.of_project(Path.cwd()) if plan.project else Sources()
