"""The one HTTP client: it asks again where that may help, and never gives too much away."""

from __future__ import annotations

import contextlib
import gzip
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from guard.model import Credentials
from guard.sources.http import (
    Connection,
    FetchError,
    Http,
    Limits,
    NotFoundError,
    _redirected,
)
from tests import faults
from tests.fakes import LoopbackIndex
from tests.faults import Answer, Fault
from tests.sources.clients import IMPATIENT, a_client, a_client_with
from tests.wheels import a_wheel

FROB: Final = a_wheel("frob", "1.0", files={"frob.py": "x" * 300_000})
LIMIT: Final = 1_000_000
USER: Final = Credentials("user", "s3cret")


@pytest.fixture
def index() -> Iterator[LoopbackIndex]:
    with LoopbackIndex() as running:
        running.add(FROB)
        yield running


def fetched(index: LoopbackIndex) -> bytes:
    return a_client().fetch(index.file_url(FROB.filename), b"".join)


def test_a_page_and_a_file_arrive(index: LoopbackIndex) -> None:
    response = a_client().get(f"{index.url}frob/", limit=LIMIT)
    assert (response.status, response.url) == (200, f"{index.url}frob/")
    assert FROB.filename.encode() in response.body
    assert fetched(index) == FROB.content


@pytest.mark.parametrize(
    "fault",
    [
        *(faults.status(code) for code in (429, 500, 502, 503, 504)),
        *(faults.reset(after) for after in (0, 100)),
        *(faults.truncated(after) for after in (0, 100)),
    ],
    ids=lambda fault: fault.__qualname__,
)
@pytest.mark.parametrize("times", [1, 3])
def test_what_may_mend_is_asked_for_again(index: LoopbackIndex, fault: Fault, times: int) -> None:
    index.fault("/files/*", fault, times=times)
    assert fetched(index) == FROB.content
    assert len(index.requests) == times + 1
    index.fault("/simple/frob/", fault, times=times)
    assert a_client().get(f"{index.url}frob/", limit=LIMIT).status == 200
    assert len(index.requests) == 2 * (times + 1)


def test_a_body_that_broke_off_is_begun_anew(index: LoopbackIndex) -> None:
    index.fault("/files/*", faults.truncated(299_999), times=2)
    bodies: list[bytes] = []

    def consume(chunks: Iterator[bytes]) -> int:
        bodies.append(b"")
        for chunk in chunks:
            bodies[-1] += chunk
        return len(bodies)

    assert a_client().fetch(index.file_url(FROB.filename), consume) == 3
    assert bodies[-1] == FROB.content


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (faults.status(503), "HTTP 503 Service Unavailable"),
        (faults.reset(), "Connection reset by peer|closed without an answer|ProtocolError"),
        (faults.truncated(10), "the connection broke off|ProtocolError|IncompleteRead"),
    ],
)
def test_what_does_not_mend_is_given_up(index: LoopbackIndex, fault: Fault, said: str) -> None:
    index.fault("/files/*", fault)
    with pytest.raises(FetchError, match=said):
        fetched(index)
    assert len(index.requests) == 4


@pytest.mark.parametrize(
    ("code", "kind"),
    [(404, NotFoundError), (410, NotFoundError), (401, FetchError), (403, FetchError)]
    + [(code, FetchError) for code in (400, 407, 406, 451, 501, 206, 201)],
)
def test_what_will_not_mend_is_asked_for_once(
    index: LoopbackIndex, code: int, kind: type[FetchError]
) -> None:
    index.fault("*", faults.status(code))
    with pytest.raises(kind, match=f"HTTP {code}") as caught:
        fetched(index)
    assert isinstance(caught.value, NotFoundError) is (code in {404, 410})
    with pytest.raises(kind):
        a_client().get(f"{index.url}frob/", limit=LIMIT)
    assert len(index.requests) == 2


def test_a_server_that_is_not_there_is_said() -> None:
    with LoopbackIndex() as gone:
        url = gone.file_url(FROB.filename)
    with pytest.raises(FetchError, match="refused"):
        a_client().fetch(url, b"".join)


def test_redirects_are_followed(index: LoopbackIndex) -> None:
    index.fault("/moved/*", faults.redirect(index.file_url(FROB.filename)))
    index.fault("/again", faults.redirect("/moved/x", code=307))
    assert a_client().fetch(f"{index.origin}/again", b"".join) == FROB.content
    response = a_client().get(f"{index.origin}/simple/Frob", limit=LIMIT)
    assert response.url == f"{index.url}frob/"


def test_a_redirect_that_leads_back_is_left(index: LoopbackIndex) -> None:
    index.fault("/loop", faults.redirect("/loop"))
    with pytest.raises(FetchError, match="more than 5 redirects"):
        a_client(Limits(retries=0)).fetch(f"{index.origin}/loop", b"".join)
    assert len(index.requests) == 6


def test_a_redirect_that_leads_back_is_walked_once(index: LoopbackIndex) -> None:
    index.fault("/loop", faults.redirect("/loop"))
    with pytest.raises(FetchError, match="more than 5 redirects"):
        a_client().fetch(f"{index.origin}/loop", b"".join)
    assert len(index.requests) == 6


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://127.0.0.1/", "javascript:x", "data:,x", "gopher://x/"]
)
def test_a_redirect_leads_nowhere_but_to_the_web(index: LoopbackIndex, target: str) -> None:
    index.fault("/moved", faults.redirect(target))
    with pytest.raises(FetchError, match="is not followed"):
        a_client().fetch(f"{index.origin}/moved", b"".join)
    assert len(index.requests) == 1


def test_a_redirect_never_gives_up_encryption() -> None:
    with pytest.raises(FetchError, match="from https to http is not followed"):
        _redirected("https://packages.example.com/x", "http://packages.example.com/x")
    for before in ("http", "https"):
        after = _redirected(f"{before}://packages.example.com/x", "https://other.example/y")
        assert after == "https://other.example/y"
    assert _redirected("https://h.example/a/b", "//other.example/c") == "https://other.example/c"


@pytest.mark.parametrize("target", ["https://[bad/", "http://h\u2100x/".encode().decode("latin-1")])
def test_a_redirect_to_what_is_no_url_is_a_fetch_error(index: LoopbackIndex, target: str) -> None:
    index.fault("/moved", faults.redirect(target))
    with pytest.raises(FetchError):
        a_client().fetch(f"{index.origin}/moved", b"".join)


@pytest.mark.parametrize("url", ["https://[bad/x", "nowhere://x/y", "http://", "", "http://h:x/"])
def test_what_is_no_address_is_a_fetch_error(url: str) -> None:
    with pytest.raises(FetchError):
        a_client().get(url, limit=LIMIT)
    with pytest.raises(FetchError):
        a_client().fetch(url, b"".join)


@pytest.mark.parametrize("extra", [0, -1])
def test_a_page_may_have_its_limit_and_no_byte_more(index: LoopbackIndex, extra: int) -> None:
    url = index.file_url(FROB.filename)
    limit = len(FROB.content) + extra
    client = a_client(Limits(retries=0))
    if extra == 0:
        assert client.get(url, limit=limit).body == FROB.content
        return
    with pytest.raises(FetchError, match=f"more than {limit} bytes"):
        client.get(url, limit=limit)


def test_a_page_without_an_end_is_left(index: LoopbackIndex) -> None:
    index.fault("*", faults.endless())
    with pytest.raises(FetchError, match=f"more than {LIMIT} bytes"):
        a_client(Limits(retries=0)).get(f"{index.url}frob/", limit=LIMIT)


def test_a_page_that_is_too_large_is_not_fetched_again(index: LoopbackIndex) -> None:
    with pytest.raises(FetchError, match="more than 10 bytes"):
        a_client().get(f"{index.url}frob/", limit=10)
    assert len(index.requests) == 1


def test_a_page_that_swells_is_left(index: LoopbackIndex) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    headers = {"Content-Type": "text/html", "Content-Encoding": "gzip"}
    index.fault("*", lambda _: Answer(headers=headers, body=bomb))
    with pytest.raises(FetchError, match=f"more than {LIMIT} bytes"):
        a_client(Limits(retries=0)).get(f"{index.url}frob/", limit=LIMIT)


def test_a_file_is_taken_as_it_comes(index: LoopbackIndex) -> None:
    """What is hashed are the bytes on the wire, whatever the server says that they mean."""
    body = gzip.compress(b"other bytes")
    index.fault("*", lambda _: Answer(headers={"Content-Encoding": "gzip"}, body=body))
    assert fetched(index) == body
    assert index.requests[0].headers["accept-encoding"] == "identity"


def test_what_drips_is_left() -> None:
    """One byte came and no second: what has taken too long is not waited for any more."""
    limits = Limits(total=0, retries=0, read=20)
    with stalling(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n1") as url:
        with pytest.raises(FetchError, match="not complete after 0 seconds"):
            a_client(limits).fetch(url, b"".join)
        with pytest.raises(FetchError, match="not complete after 0 seconds"):
            a_client(limits).get(url, limit=LIMIT)


@contextlib.contextmanager
def stalling(said: bytes) -> Iterator[str]:
    """A server that says so much to everybody who connects, and then nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener, contextlib.ExitStack() as held:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    peer = held.enter_context(listener.accept()[0])
                    peer.sendall(said)

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/frob.whl"
        finally:
            listener.shutdown(socket.SHUT_RDWR)


def test_what_is_interrupted_ends_at_the_next_chunk_and_is_not_begun_again(
    index: LoopbackIndex,
) -> None:
    index.fault("*", faults.endless())
    client = Http(limits=IMPATIENT)

    def consume(chunks: Iterator[bytes]) -> None:
        next(chunks)
        client.close()
        for _ in chunks:
            pass

    with pytest.raises(FetchError, match="interrupted"):
        client.fetch(index.file_url(FROB.filename), consume)
    assert len(index.requests) == 1


class GivenUpError(Exception):
    """Whoever reads has had enough."""


def test_what_a_reader_raises_is_not_tried_again(index: LoopbackIndex) -> None:
    def consume(chunks: Iterator[bytes]) -> None:
        next(chunks)
        raise GivenUpError

    with pytest.raises(GivenUpError):
        a_client().fetch(index.file_url(FROB.filename), consume)
    assert len(index.requests) == 1


def test_credentials_go_to_their_own_host_alone() -> None:
    with LoopbackIndex(credentials=("user", "s3cret")) as own, LoopbackIndex() as other:
        other.add(FROB)
        own.fault("/files/*", faults.redirect(other.file_url(FROB.filename)))
        client = a_client_with(lambda url: USER if url.startswith(own.origin) else None)
        assert client.fetch(own.file_url(FROB.filename), b"".join) == FROB.content
        assert "authorization" in own.requests[0].headers
        assert [seen.headers.get("authorization") for seen in other.requests] == [None]


@pytest.mark.parametrize("fault", [faults.status(403), faults.status(500), faults.reset(), None])
def test_no_message_has_the_password(fault: Fault | None) -> None:
    with LoopbackIndex(credentials=("user", "another")) as index:
        if fault:
            index._credentials = ("user", "s3cret")
            index.fault("*", fault)
        url = index.file_url("frob").replace("://", "://user:s3cret@")
        for client in (a_client_with(lambda _: USER), a_client()):
            with pytest.raises(FetchError) as caught:
                client.fetch(url, b"".join)
            assert "s3cret" not in f"{caught.value} {caught.value.__cause__}"


def test_files_of_this_disk_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a file+1.whl"
    path.write_bytes(b"12345")
    assert a_client().get(path.as_uri(), limit=5).body == b"12345"
    assert a_client().fetch(path.as_uri(), b"".join) == b"12345"
    with pytest.raises(FetchError, match="more than 4 bytes"):
        a_client().get(path.as_uri(), limit=4)
    with pytest.raises(NotFoundError, match="there is no"):
        a_client().get((tmp_path / "missing").as_uri(), limit=5)
    with pytest.raises(FetchError, match="directory"):
        a_client().fetch(tmp_path.as_uri(), b"".join)


def test_certificates_that_are_not_there_are_said(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="no certificates in"):
        Http(connection=Connection(ca_bundle=str(tmp_path / "missing.pem")))
