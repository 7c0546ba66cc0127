"""Replicas of one mirror in this process: one database and one store, a clock that tests move."""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from packaging.utils import NormalizedName

from guard.admission.gather import Admission
from guard.approval import Approvals
from guard.errors import PolicyError
from guard.mirror.database.changes import Seen
from guard.mirror.database.engine import Database
from guard.mirror.database.migrating import migrate
from guard.mirror.judging import Judge, Outside
from guard.mirror.mirror import Mirror
from guard.mirror.records import FileRecord, Key, State
from guard.mirror.server.app import Application, Parts, parts
from guard.mirror.server.asgi import App, Message
from guard.mirror.settings import Settings
from guard.mirror.shelf import Shelf
from guard.mirror.store import open_store
from guard.mirror.watch.monitor import Monitor, Submit
from guard.mirror.watch.snapshots import Snapshots
from guard.policy import Policy
from guard.progress import Silent
from guard.sources.baseline import Baselines
from guard.sources.cache import PageCache
from guard.sources.identities import KnownIdentities
from guard.sources.pages import Pages
from guard.sources.provenance import ProvenanceSource
from guard.sources.publication import Publications
from guard.sources.trust_root import TrustRoot
from tests.advisory.records import Document, a_snapshot
from tests.builders import NOW, a_policy
from tests.fakes import LoopbackIndex
from tests.sources.clients import a_client, a_source, some_contents, the_index
from tests.wheels import Artifact

MALWARE = '[rules.known-malware]\nlevel = "deny"\n'


@dataclass
class Clock:
    """Says what time it is."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def passes(self, **length: float) -> None:
        self.now += timedelta(**length)


@dataclass(frozen=True)
class Reply:
    """What an application has answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(app: App, path: str, headers: Mapping[str, str] = {}, **scope: Any) -> Reply:
    """Send one GET to an application, as a server would."""
    given = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    full = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "headers": given,
        "client": ("127.0.0.1", 50000),
        "root_path": "",
    } | scope
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(app(full, receive, send))  # type: ignore[arg-type]
    start, *rest = sent
    return Reply(
        status=start["status"],
        headers={name.decode(): value.decode("latin-1") for name, value in start["headers"]},
        body=b"".join(message.get("body", b"") for message in rest),
    )


@dataclass
class Site:
    """What replicas share: an upstream, a database, a store, policy files, advisories, a clock."""

    folder: Path
    index: LoopbackIndex
    open_database: Callable[[], Database]
    store: str | Path
    clock: Clock = field(default_factory=Clock)
    policy: str = MALWARE
    broken: str | None = None
    """What is wrong with the policy file."""

    denials: Callable[[Policy], Policy] = lambda policy: policy

    def __post_init__(self) -> None:
        self.advise()

    def advise(self, *records: Document) -> None:
        """Put another snapshot of advisories in place."""
        a_snapshot(self.folder / "advisories", *records, now=self.clock())

    def read_policy(self) -> Policy:
        if self.broken is not None:
            raise PolicyError(self.broken)
        return self.denials(a_policy(self.policy))

    @contextmanager
    def replica(self, name: str = "one", submit: Submit | None = None) -> Iterator[Replica]:
        settings = Settings(data=self.folder / name)
        mirror = Mirror(
            settings=settings,
            database=self.open_database(),
            store=open_store(self.store),
            clock=self.clock,
            holder=secrets.token_hex(16),
        )
        migrate(mirror.database)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            own = parts(mirror, self._judge(mirror, pool, self.folder / name))
            yield Replica(self, own, submit)
        mirror.close()

    def _judge(self, mirror: Mirror, pool: concurrent.futures.Executor, folder: Path) -> Judge:
        index = the_index(self.index)
        pages = Pages(
            a_client(), PageCache(folder / "pages"), refresh=True, stale=timedelta(days=7) // UNIT
        )
        source = a_source(folder / "pages", index, refresh=True)
        provenance = ProvenanceSource(pages, folder, lambda _: TrustRoot(b"{}", "none"))
        quarantine = Shelf(folder / "quarantine", mirror.store)
        contents = some_contents(folder / "contents")
        admission = Admission(
            policy=a_policy(),
            index=source,
            publications=Publications(source, provenance, KnownIdentities(folder)),
            http=a_client(),
            quarantine=quarantine,
            contents=contents,
            baselines=Baselines(source, a_client(), quarantine, contents),
            advisories=a_snapshot(folder / "unused"),
            pool=pool,
            progress=Silent(),
            now=self.clock(),
        )
        outside = Outside(
            admission=admission,
            pages=pages,
            indexes=(index,),
            policy=self.read_policy,
            advisories=Snapshots(self.folder / "advisories"),
        )
        return Judge(outside, Approvals, mirror.clock)


UNIT = timedelta(seconds=1)


class Replica:
    """One process that serves, done by hand: a second passes when a test says so."""

    def __init__(self, site: Site, own: Parts, submit: Submit | None) -> None:
        self.site = site
        self.own = own
        self.mirror = own.mirror
        self.app = Application(own)
        self.monitor = Monitor(own.mirror, own.judge, own.owners, submit=submit)
        self._seen = Seen(own.mirror.changes)

    def second(self) -> None:
        """Do what a replica does each second, but for the monitoring."""
        self.own.cache.forget(self._seen.more())
        self.own.judge.refresh()

    def tick(self) -> None:
        """Do that, and the monitoring."""
        self.second()
        self.monitor.tick()

    def get(self, path: str, **headers: str) -> Reply:
        return ask(self.app, path, headers)

    def file(self, artifact: Artifact) -> Reply:
        sha256 = artifact.sha256
        return self.get(f"/files/{sha256[:2]}/{sha256}/{artifact.filename}")

    def listed(self, project: str) -> list[str]:
        """The files on the page of a project."""
        page = self.get(f"/simple/{project}/", accept="application/vnd.pypi.simple.v1+json")
        return [entry["filename"] for entry in page.json["files"]] if page.status == 200 else []

    def record(self, artifact: Artifact) -> FileRecord:
        found = self.mirror.files.find(Key(artifact.sha256, artifact.filename))
        assert found is not None
        return found

    def state(self, artifact: Artifact) -> State:
        return self.record(artifact).state

    def rounds(self) -> list[str]:
        """The kinds of the rounds that there were, in order."""
        from guard.mirror.watch.rounds import Rounds  # noqa: PLC0415

        return [str(each.kind) for each in Rounds(self.mirror.database).latest(100)][::-1]


def name(project: str) -> NormalizedName:
    return NormalizedName(project)
