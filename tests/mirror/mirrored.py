"""A mirror for a test: its parts put together as the command line does, asked without a socket."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import gzip
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import uvicorn
import zstandard

from guard.admission.gather import Admission
from guard.approval import Approvals
from guard.artifact import sdist, wheel
from guard.artifact.content import Content
from guard.errors import PolicyError
from guard.mirror.database.changes import Seen
from guard.mirror.judging import Judge, Outside
from guard.mirror.mirror import Mirror
from guard.mirror.server.app import Application, Gate, Parts, parts, watching
from guard.mirror.server.hosts import Hosts
from guard.mirror.server.serving import configured
from guard.mirror.settings import Settings
from guard.mirror.shelf import Shelf
from guard.mirror.store import open_store
from guard.model import Credentials, Index
from guard.policy import Policy
from guard.progress import Silent
from guard.sources.advisories import AdvisorySource
from guard.sources.baseline import Baselines
from guard.sources.cache import PageCache
from guard.sources.contents import Contents
from guard.sources.http import Http, Limits
from guard.sources.identities import KnownIdentities
from guard.sources.index import IndexSource
from guard.sources.pages import Pages
from guard.sources.provenance import ProvenanceSource
from guard.sources.publication import Publications
from guard.sources.trust_root import TrustRoot
from tests.advisory.records import Document, a_snapshot
from tests.builders import a_policy
from tests.e2e.guarded import ago
from tests.fakes import LoopbackIndex
from tests.index import JSON
from tests.mirror.backends import Kept
from tests.sources.clients import IMPATIENT, a_client, a_client_with, the_index
from tests.wheels import Artifact

_PART: Final = 1000
NO_ROOT: Final = TrustRoot(b"{}", "none")


@dataclass(frozen=True)
class Answered:
    """One response."""

    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> bytes:
        """The content, decoded."""
        match self.headers.get("content-encoding"):
            case "gzip":
                return gzip.decompress(self.raw)
            case "zstd":
                return zstandard.decompress(self.raw)
            case _:
                return self.raw

    @property
    def document(self) -> Any:
        return json.loads(self.body)

    @property
    def everything(self) -> bytes:
        """All that a client sees, headers and body, compressed or not."""
        head = "\n".join(f"{name}: {value}" for name, value in self.headers.items())
        return unquote(head).encode() + b"\n" + self.body


class Clock:
    """A clock that a test sets; it stands still."""

    def __init__(self) -> None:
        self.moment = ago()

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, length: timedelta) -> None:
        self.moment += length


@dataclass
class Mirrored:
    """A running mirror, and what a test may change about it."""

    own: Parts
    app: Application
    clock: Clock
    policy: list[str]
    """The text of the policy, which is read again when the judge is refreshed."""

    folder: Path
    runner: asyncio.Runner = field(repr=False)
    seen: Seen = field(repr=False)

    def get(self, path: str, *, method: str = "GET", **headers: str) -> Answered:
        """The answer to one request; an underscore in a header's name stands for a hyphen.

        What has changed was noticed before, as it is once a second.
        """
        self.own.cache.forget(self.seen.more())
        return self.runner.run(_asked(self.app, method, path, headers, b""))

    def post(self, path: str, body: bytes, **headers: str) -> Answered:
        """The answer to one request with a body."""
        self.own.cache.forget(self.seen.more())
        return self.runner.run(_asked(self.app, "POST", path, headers, body))

    def page(self, project: str, accept: str = JSON) -> Answered:
        return self.get(f"/simple/{project}/", accept=accept)

    def listed(self, project: str) -> dict[str, Any]:
        """The entries of the JSON page, by the names of the files."""
        answered = self.page(project)
        assert answered.status == 200, answered
        return {entry["filename"]: entry for entry in answered.document["files"]}

    def file(self, artifact: Artifact, *, ending: str = "", **headers: str) -> Answered:
        return self.get(place_of(artifact) + ending, **headers)

    def says(self, toml: str) -> None:
        """Another policy holds from now on."""
        self.policy[:] = [toml]
        assert self.own.judge.refresh()

    def age(self, length: timedelta) -> None:
        """Let time go by for what is on the disk, too."""
        self.clock.forward(length)
        for path in self.folder.glob("pages/*.json"):
            stored = json.loads(path.read_bytes())
            stored["fetched_at"] -= length.total_seconds()
            path.write_text(json.dumps(stored), encoding="utf-8")

    def knows(self, *records: Document) -> None:
        """Other advisories hold from now on."""
        a_snapshot(self.folder / "advisories", *records, now=ago())
        assert self.own.judge.refresh()


def place_of(artifact: Artifact) -> str:
    """Where a mirror has a file."""
    return f"/files/{artifact.sha256[:2]}/{artifact.sha256}/{artifact.filename}"


@contextlib.contextmanager
def mirrored(
    folder: Path,
    *indexes: LoopbackIndex | Index,
    toml: str = "",
    root: TrustRoot = NO_ROOT,
    credentials: Mapping[str, Credentials] | None = None,
    stale: timedelta = timedelta(days=7),
    limits: Limits = IMPATIENT,
    public_url: str | None = None,
    gate: Gate | None = None,
    accel_redirect: str | None = None,
    kept: Kept | None = None,
) -> Iterator[Mirrored]:
    """A mirror of `indexes`, which are asked anew each time that a page is needed."""
    clock, policy = Clock(), [toml]
    settings = Settings(
        data=folder,
        stale_age=stale,
        public_url=public_url,
        uploads=True,
        accel_redirect=accel_redirect,
    )
    http = a_client(limits) if credentials is None else a_client_with(_found_in(credentials))
    a_snapshot(folder / "advisories", now=ago())
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        mirror = a_mirror(settings, clock, kept or Kept())
        pages = Pages(http, PageCache(folder / "pages"), refresh=True, stale=stale.total_seconds())
        admission = an_admission(folder, mirror, pages, http, pool, root)
        upstreams = tuple(
            index if isinstance(index, Index) else the_index(index) for index in indexes
        )
        outside = Outside(
            admission=admission,
            pages=pages,
            indexes=upstreams,
            policy=lambda: _read(policy[0]),
            advisories=lambda: AdvisorySource(folder / "advisories"),
        )
        own = parts(mirror, Judge(outside, Approvals, clock))
        app = Application(own, gate=gate)
        with asyncio.Runner() as runner, contextlib.closing(mirror):
            yield Mirrored(own, app, clock, policy, folder, runner, Seen(mirror.changes))
            app.close()
            own.close()


def _found_in(known: Mapping[str, Credentials]) -> Callable[[str], Credentials | None]:
    """How passwords are found: by the origin of what is asked for."""
    return lambda url: next((known[each] for each in known if url.startswith(each)), None)


def a_mirror(settings: Settings, clock: Clock, kept: Kept) -> Mirror:
    backend = kept(settings.data)
    return Mirror(
        settings=settings,
        database=backend.opened(),
        store=open_store(backend.store),
        clock=clock,
        holder="test",
    )


def an_admission(
    folder: Path,
    mirror: Mirror,
    pages: Pages,
    http: Http,
    pool: concurrent.futures.Executor,
    root: TrustRoot,
) -> Admission:
    source = IndexSource(pages, ())
    provenance = ProvenanceSource(pages, folder / "verified", lambda _: root)
    quarantine = Shelf(folder / "quarantine", mirror.store)
    contents = Contents(folder / "contents", _Reader(), version="tests")
    return Admission(
        policy=a_policy(),
        index=source,
        publications=Publications(source, provenance, KnownIdentities(folder / "identities")),
        http=http,
        quarantine=quarantine,
        contents=contents,
        baselines=Baselines(source, http, quarantine, contents),
        advisories=AdvisorySource(folder / "advisories"),
        pool=pool,
        progress=Silent(),
        now=ago(),
    )


class _Reader:
    """Reads files of either kind where the test runs."""

    def read(self, path: Path) -> Content:
        inspect = wheel.inspect if path.suffix == ".whl" else sdist.inspect
        return inspect(path, path.name)

    def close(self) -> None:
        """There is nothing to end."""


def _read(toml: str) -> Policy:
    if toml == "broken":
        raise PolicyError("no policy can be read")
    return a_policy(toml)


async def _asked(
    app: Application, method: str, path: str, headers: Mapping[str, str], body: bytes
) -> Answered:
    named = [(k.replace("_", "-").encode(), v.encode("latin-1")) for k, v in headers.items()]
    parts = urlsplit(path)
    scope = {
        "type": "http",
        "method": method,
        "path": unquote(parts.path),
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "headers": named,
        "client": ("127.0.0.1", 1),
    }
    sent: list[Any] = []

    left = [body[start : start + _PART] for start in range(0, len(body), _PART)]

    async def receive() -> dict[str, Any]:
        if not left:
            await asyncio.Event().wait()  # nobody leaves
        part = left.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(left)}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    begin, *bodies = sent
    assert all(message["more_body"] for message in bodies[:-1])
    assert not bodies[-1].get("more_body")
    received = {k.decode(): v.decode("latin-1") for k, v in begin["headers"]}
    assert len(received) == len(begin["headers"])
    raw = b"".join(message["body"] for message in bodies)
    if method != "HEAD" and begin["status"] != 304:
        assert int(received["content-length"]) == len(raw)
    return Answered(begin["status"], received, raw)


@dataclass(frozen=True)
class Served:
    """A mirror on a socket of its own."""

    mirror: Mirrored
    port: int

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.origin}/simple/"

    def connected(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def say(self, words: bytes) -> bytes:
        """Everything that is answered to these bytes, until the connection is closed."""
        with self.connected() as connection:
            with contextlib.suppress(OSError):
                connection.sendall(words)
            return everything(connection)


def everything(connection: socket.socket) -> bytes:
    found = []
    with contextlib.suppress(OSError):
        while part := connection.recv(1 << 16):
            found.append(part)
    return b"".join(found)


class _Server(uvicorn.Server):
    """A server that says when it is ready, and leaves the signals to pytest."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    @contextlib.contextmanager
    def serving(self, listening: socket.socket) -> Iterator[None]:
        thread = threading.Thread(target=self.run, args=([listening],), name="mirror")
        thread.start()
        try:
            assert self.ready.wait(30)
            yield
        finally:
            self.should_exit = self.force_exit = True
            thread.join()


@contextlib.contextmanager
def serving(
    mirror: Mirrored, hosts: Hosts | None = None, gate: Gate | None = None
) -> Iterator[Served]:
    """The mirror behind the real server, as `guard mirror serve` sets it up."""
    app = Application(mirror.own, hosts=hosts, gate=gate)
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    server = _Server(configured(app, "127.0.0.1", port, timeout_notify=1))
    with listening, watching(mirror.own), server.serving(listening):
        yield Served(mirror, port)
    app.close()
