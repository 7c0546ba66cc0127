"""A command of a wrapped tool: prepared behind the gateway, then the user's own program."""

from __future__ import annotations

import concurrent.futures
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from guard.cli.session import Session, cache_folder, policy_files
from guard.cli.uv_words import Plan
from guard.errors import QuarantineError
from guard.gateway import child, indexes, project, settings
from guard.gateway.project import Sources
from guard.gateway.snapshot import Snapshot
from guard.gateway.tool import Tool
from guard.model import Index
from guard.policy import effective
from guard.progress import Silent
from guard.request import IndexOptions, Request, Wanted

if TYPE_CHECKING:
    from guard.gateway.run import Outcome
    from guard.sources.http import Http
    from guard.sources.index import IndexSource
    from guard.sources.pages import Pages

_SIGNALLED: Final = 128
"""Exit codes above say by which signal a tool has died."""

_WORKERS: Final = 16
"""Judging waits for servers most of the time, and a tool asks for fifty things at once.

So do pages and metadata: there are as many connections.
"""


class Wrapped:
    """One command of a wrapped tool, and what it is prepared with."""

    follows = False
    """Whether the tool follows URLs in the metadata of what is on an index."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        child.scrubbed(os.environ)  # what it refuses is refused before anything is asked
        self._folder = cache_folder() / "gateway"
        self._sources = _sources(plan)
        asked = IndexOptions(index_url=plan.index_url, extra_index_urls=plan.extra_index_urls)
        self._configuration = indexes.configured(asked, self._sources.indexes)
        self.config = self.cache = self._folder

    @property
    def options(self) -> list[str]:
        """The options for the user's own program: nothing is fetched any more."""
        if not self._plan.resolves_again:
            return ["--offline"]
        return [
            "--offline",
            "--cache-dir",
            str(self.cache / "uv"),
            "--config-file",
            str(self.config),
        ]

    def own_environment(self) -> dict[str, str]:
        """Return the environment of the user's own program: what it was, with no gateway in it.

        Where uv resolves once more to start it, uv's variables are left out as they were before.
        """
        if not self._plan.resolves_again:
            return dict(os.environ)
        kept = child.scrubbed(os.environ)
        return {
            name: value
            for name, value in os.environ.items()
            if name in kept or not name.startswith("UV_")
        }

    @property
    def _wanted(self) -> tuple[Requirement, ...]:
        """What is asked for by name: on the command line first, then by the project."""
        return (*self._plan.requirements, *self._sources.requirements)

    def prepare(self, tool: str) -> int:
        """Run what fetches and installs behind the gateway; return the exit code."""
        try:
            return self._prepared(tool)
        except OSError as error:
            raise QuarantineError(
                "what the gateway needs could not be read or written", reason=str(error)
            ) from None

    def _prepared(self, tool: str) -> int:
        self.config = self._settings()
        snapshot = self._snapshot()
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
        if code != outcome.code or code > _SIGNALLED:  # denied, or ended before its time
            snapshot.restore()
        return code

    def _settings(self) -> Path:
        """Write what the tool is configured with. Raises `OSError`, `UnsupportedError`."""
        return settings.write(self._folder, os.environ, here=Path.cwd())

    def _snapshot(self) -> Snapshot:
        """Return what is put back after a denial. Raises `OSError`."""
        return Snapshot((*self._sources.files, *self._plan.writes), self._sources.environment)

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
            connections=_WORKERS,
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
            follows=self.follows,
            names=tuple(dict.fromkeys(canonicalize_name(r.name) for r in self._wanted)),
            tell=_tell,
        )
        self.cache = gateway.cache
        return gateway.run([tool, *self._plan.prepare], self._environment, snapshot)

    def _environment(self, proxy: str, authority: Path) -> dict[str, str]:
        given = child.environment(
            os.environ, proxy=proxy, authority=authority, cache=self.cache, config=self.config
        )
        if self._sources.builds:  # uv would leave out members of the workspace alone
            del given[child.NO_BUILD]  # and the gateway sends no source, whatever uv would build
        return given

    def _indexes(self, pages: Pages, http: Http, indexes: Sequence[Index]) -> IndexSource:
        from guard.gateway.metadata import Metadata  # noqa: PLC0415 - as above
        from guard.gateway.served import ServedIndexes  # noqa: PLC0415

        return ServedIndexes(pages, indexes, Metadata(http, self._folder / "metadata"))

    def _finished(self, outcome: Outcome, session: Session) -> int:
        from guard.cli import wrap_report  # noqa: PLC0415 - when the tool has ended

        return wrap_report.finish(outcome, self._wanted, session.policy)


def _tell(words: str) -> None:
    print(f"guard: {words}", file=sys.stderr)


def _sources(plan: Plan) -> Sources:
    if plan.script is not None:
        return project.of_script(plan.script) if plan.script.is_file() else Sources()
    return project.of_project(Path.cwd()) if plan.project else Sources()
