"""One command behind the gateway, from the certificate to what came of it."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from guard.admission.basis import basis
from guard.admission.gather import Admission
from guard.gateway import authority, child, namespace
from guard.gateway.files import Files
from guard.gateway.hosts import Hosts
from guard.gateway.metadata import Metadata
from guard.gateway.pages import Pages, host_of
from guard.gateway.record import Record
from guard.gateway.routes import Routes
from guard.gateway.server import Server
from guard.gateway.snapshot import Snapshot
from guard.install._base import scratch
from guard.model import Decision, Verdict
from guard.private import private_folder

_BEGINNINGS: Final = 3
"""Times that a command is begun at most, while hosts come to light that nobody knew of."""

_OLD: Final = 7 * 86_400
"""Seconds after which a cache that was for another policy or day is removed."""

Excluded = dict[NormalizedName, frozenset[Version]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a command."""

    code: int
    """The tool's own."""

    record: Record
    replaced: tuple[Verdict, ...] = ()
    """What was denied at first, when the command was run again without it."""

    @property
    def held(self) -> tuple[Verdict, ...]:
        """The verdicts that the command failed for."""
        return self.record.held or (self.replaced if self.code else ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """All that runs behind one gateway have in common."""

    admission: Admission
    metadata: Metadata
    folder: Path
    """Where the gateway keeps what is only its own: rendered pages, the tools' caches."""

    locked: Mapping[str, str]
    follows: bool = False
    """The tool follows URLs in the metadata of what is on an index, as uv and pip do not."""

    names: Sequence[NormalizedName] = ()
    """Projects that will be asked for: where the files of a new index are, their pages say."""

    tell: Callable[[str], None] = lambda _: None
    """Says in a sentence what the user should know at once."""

    @property
    def cache(self) -> Path:
        """The cache of the tools, for this day, this policy and these advisories.

        What a tool finds in its cache it does not ask for, so nothing there may be older than the
        judgement that it would get today.
        """
        day = f"{self.admission.now:%Y%m%d}"
        indexes = (index.url for index in self.admission.index.indexes)
        return self.folder / "caches" / f"{day}-{basis(self.admission, *indexes)[:16]}"

    def run(
        self,
        command: Sequence[str],
        environ: Callable[[str, Path], dict[str, str]],
        snapshot: Snapshot,
    ) -> Outcome:
        """Run `command`, and once more without what was denied, where something older is left.

        `environ` makes the environment from the proxy's address and the authority's certificate.
        """
        without: Excluded = {}
        replaced: tuple[Verdict, ...] = ()
        hosts = Hosts(self.folder / "hosts.json")
        self._make_room()
        for _ in range(_BEGINNINGS):
            code, record = self._once(command, environ, hosts, without)
            new = hosts.learn(record.hosts)
            if code == 0:
                break
            if new:
                self.tell("the files of an index lie where nobody knew; beginning again")
            elif replaced or not (without := _without(record)):
                break
            else:
                replaced = record.held
                self.tell(f"running again without {_titles(replaced)}")
            snapshot.restore()
        return Outcome(code=code, record=record, replaced=replaced)

    def _once(
        self,
        command: Sequence[str],
        environ: Callable[[str, Path], dict[str, str]],
        hosts: Hosts,
        without: Excluded,
    ) -> tuple[int, Record]:
        index, record = self.admission.index, Record()
        pages = Pages(self.admission, record, folder=self.folder / "pages", without=without)
        files = Files(
            self.admission, record, self.metadata, locked=self.locked, follows=self.follows
        )
        routes = Routes(index.indexes, pages, files, record)
        known = hosts.of(index, self.names) | {host_of(url) for url in self.locked if "://" in url}
        identity = authority.issue(known, now=self.admission.now)
        server = Server(identity, routes)
        with scratch() as place, contextlib.closing(server):
            path = place / "authority.pem"
            path.write_bytes(identity.authority)
            return self._behind(server, command, environ(server.proxy, path)), record

    def _behind(self, server: Server, command: Sequence[str], environ: Mapping[str, str]) -> int:
        """Run the command in a network of its own, where there can be one."""
        if namespace.wanted():
            with namespace.doorway(server.port, command) as door:
                process = child.start(door.command, environ, passed=(door.theirs,))
                listening = door.received()
                if not isinstance(listening, str):
                    server.move(listening)
                    server.start()
                    return child.wait(process)
                child.wait(process)
        server.start()
        return child.wait(child.start(command, environ))

    def _make_room(self) -> None:
        """Make the cache of today, and remove those of long ago. Raises `OSError`."""
        caches = self.folder / "caches"
        private_folder(self.folder)
        private_folder(caches)
        private_folder(self.cache)
        os.utime(self.cache)
        for old in _older(caches, time.time() - _OLD):
            shutil.rmtree(old, ignore_errors=True)


def _older(folder: Path, moment: float) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.stat(follow_symlinks=False).st_mtime < moment:
                yield Path(entry.path)


def _without(record: Record) -> Excluded:
    """Return the releases to do without: denied, not locked, and with others to choose from."""
    found: dict[NormalizedName, frozenset[Version]] = {}
    for verdict in record.held:
        candidate = verdict.candidate
        project = canonicalize_name(candidate.file.project)
        version = candidate.file.version
        fixed = verdict.decision is not Decision.DENIED or candidate.requested.pinned
        if fixed or version is None or not record.offered(project) - {version}:
            return {}
        found[project] = found.get(project, frozenset()) | {version}
    return found


def _titles(verdicts: Sequence[Verdict]) -> str:
    return ", ".join(sorted({verdict.candidate.file.title for verdict in verdicts}))
