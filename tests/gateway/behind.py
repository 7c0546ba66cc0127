"""A gateway for a test: its parts put together as the command line does, without the command."""

from __future__ import annotations

import base64
import concurrent.futures
import contextlib
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from guard.admission.gather import Admission
from guard.gateway import authority
from guard.gateway.authority import Identity
from guard.gateway.files import Files
from guard.gateway.metadata import Metadata
from guard.gateway.pages import Pages
from guard.gateway.record import Record
from guard.gateway.routes import Routes
from guard.gateway.run import Gateway
from guard.gateway.served import ServedIndexes
from guard.gateway.server import Server
from guard.progress import Silent
from guard.quarantine import Quarantine
from guard.sources.baseline import Baselines
from guard.sources.identities import KnownIdentities
from guard.sources.provenance import ProvenanceSource
from guard.sources.publication import Publications
from guard.sources.trust_root import TrustRoot
from tests.advisory.records import a_snapshot
from tests.builders import a_policy
from tests.e2e.guarded import ago
from tests.fakes import LoopbackIndex
from tests.sources.clients import a_client, some_contents, some_pages, the_index

HOST = "files.example.com"
"""A host that the certificate of a test is for, besides the loopback address."""


def an_admission(
    folder: Path, pool: concurrent.futures.Executor, *indexes: LoopbackIndex, toml: str = ""
) -> Admission:
    """What a run of the guard behind the gateway judges with."""
    pages = some_pages(folder / "cache", refresh=True)
    metadata = Metadata(a_client(), folder / "metadata")
    source = ServedIndexes(pages, [the_index(index) for index in indexes], metadata)
    provenance = ProvenanceSource(pages, folder, lambda _: TrustRoot(b"{}", "none"))
    quarantine = Quarantine(folder / "quarantine")
    contents = some_contents(folder / "contents")
    return Admission(
        policy=a_policy(toml),
        index=source,
        publications=Publications(source, provenance, KnownIdentities(folder)),
        http=a_client(),
        quarantine=quarantine,
        contents=contents,
        baselines=Baselines(source, a_client(), quarantine, contents),
        advisories=a_snapshot(folder / "advisories", now=ago()),
        pool=pool,
        progress=Silent(),
        now=ago(),
    )


def metadata_of(admission: Admission) -> Metadata:
    assert isinstance(admission.index, ServedIndexes)
    return admission.index.metadata


def a_gateway(folder: Path, admission: Admission) -> Gateway:
    """A gateway that runs commands."""
    return Gateway(
        admission=admission, metadata=metadata_of(admission), folder=folder / "gateway", locked={}
    )


@contextlib.contextmanager
def behind(folder: Path, *indexes: LoopbackIndex, toml: str = "") -> Iterator[Behind]:
    """A server of a gateway, and what its child would know."""
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        admission = an_admission(folder, pool, *indexes, toml=toml)
        record = Record()
        pages = Pages(admission, record, folder=folder / "pages", without={})
        files = Files(admission, record, metadata_of(admission), locked={})
        routes = Routes(admission.index.indexes, pages, files, record)
        identity = authority.issue(["127.0.0.1", HOST], now=ago())
        with contextlib.closing(Server(identity, routes)) as server:
            server.start()
            yield Behind(server, identity, record, admission)


@dataclass(frozen=True)
class Behind:
    """What a child behind the gateway knows, and may use for better or worse."""

    server: Server
    identity: Identity
    record: Record
    admission: Admission

    @property
    def authorization(self) -> str:
        """The header that the child sends with every request to its proxy."""
        parts = urlsplit(self.server.proxy)
        token = base64.b64encode(f"{parts.username}:{parts.password}".encode()).decode()
        return f"Proxy-Authorization: Basic {token}\r\n"

    def say(self, words: str | bytes, *, token: bool = True) -> bytes:
        """Everything that the proxy answers to these bytes, until it closes or falls silent."""
        said = words.encode("latin-1") if isinstance(words, str) else words
        if token:
            first, _, rest = said.partition(b"\r\n")
            said = first + b"\r\n" + self.authorization.encode() + rest
        with self.connected() as connection:
            with contextlib.suppress(OSError):
                connection.sendall(said)
            return everything(connection)

    def connected(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.server.port), timeout=10)

    def get(self, url: str, *headers: str) -> bytes:
        """The answer to one request for a whole URL, over a connection of its own."""
        more = "".join(f"{header}\r\n" for header in headers)
        host = urlsplit(url).netloc
        with self.connected() as connection:
            request = f"GET {url} HTTP/1.1\r\nHost: {host}\r\n{self.authorization}{more}\r\n"
            connection.sendall(request.encode("latin-1"))
            return answer(connection)

    @contextlib.contextmanager
    def tunnel(self, host: str, port: int) -> Iterator[ssl.SSLSocket]:
        """A connection that the child takes for one to `host`, under the run's own authority."""
        context = ssl.create_default_context(cadata=self.identity.authority.decode())
        with self.connected() as connection:
            request = f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}\r\n{self.authorization}\r\n"
            connection.sendall(request.encode())
            assert answer(connection).startswith(b"HTTP/1.1 200 ")
            with context.wrap_socket(connection, server_hostname=host) as inner:
                yield inner


def everything(connection: socket.socket) -> bytes:
    parts = []
    with contextlib.suppress(OSError):
        while part := connection.recv(1 << 16):
            parts.append(part)
    return b"".join(parts)


def answer(connection: socket.socket) -> bytes:
    """One answer: its head, and as much of a body as the head promises."""
    with connection.makefile("rb", buffering=0) as stream:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = stream.read(1)
            assert byte, head
            head += byte
        length = next(
            (int(line.partition(b":")[2]) for line in head.split(b"\r\n") if b"ength:" in line), 0
        )
        body = b""
        while len(body) < length:
            part = stream.read(length - len(body))
            assert part
            body += part
        return head + body
