"""Requests that mean no good, over a real connection to the server as it is set up."""

from __future__ import annotations

import concurrent.futures
import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from guard.mirror.server.hosts import hosts_of
from guard.mirror.server.protocol import HEAD, Bounded
from guard.sources.http import Limits
from tests.e2e.guarded import LONG_AGO
from tests.fakes import LoopbackIndex
from tests.mirror.backends import Kept
from tests.mirror.mirrored import Mirrored, Served, everything, mirrored, place_of, serving
from tests.wheels import a_wheel

HURRIED = Limits(connect=2, read=1, total=2, retries=0)
GOOD = a_wheel("frob", "1.0", files={"frob.py": "x = 1\n" * 50_000})
EVIL = a_wheel("frob", "9.9", files={"frob.pth": "import os\n"})

TWO_LENGTHS = (
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
)


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory, kept: Kept) -> Iterator[Mirrored]:
    with LoopbackIndex() as index:
        index.add(GOOD, uploaded=LONG_AGO)
        index.add(EVIL, uploaded=LONG_AGO)
        with mirrored(tmp_path_factory.mktemp("mirror"), index, kept=kept) as running:
            yield running


@pytest.fixture(scope="module")
def served(mirror: Mirrored) -> Iterator[Served]:
    with serving(mirror) as running:
        yield running


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing that a stranger sends makes the server stumble."""
    with caplog.at_level(logging.INFO):
        yield
    assert "Traceback" not in caplog.text
    assert "Exception in ASGI" not in caplog.text
    assert [record for record in caplog.records if record.exc_info] == []


def get(path: str, *headers: str, method: str = "GET") -> bytes:
    more = "".join(f"{header}\r\n" for header in headers)
    return f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{more}\r\n".encode(
        "latin-1"
    )


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "//",
        "/simple//",
        "//simple/frob/",
        "/simple//frob/",
        "/simple/./frob/",
        "/simple/../simple/frob/",
        "/simple/%2e%2e/frob/",
        "/simple/..%2f..%2fetc%2fpasswd/",
        "/simple/frob%00/",
        "/simple/frob%0a/",
        "/simple/frob%0d%0aX-Evil:%201/",
        "/simple/frob%20/",
        "/simple/fr%C5%BFob/",
        "/simple/%E2%84%AA/",
        "/simple/%ff%fe/",
        "/simple/-frob-/",
        "/simple/.frob/",
        "/simple/frob\\/",
        f"/simple/{'a' * 201}/",
        f"/simple/{'a' * 8000}/",
        "/simple/frob/frob-1.0-py3-none-any.whl",
        "/files/",
        "/files/00/",
        f"/files/00/{GOOD.sha256}/{GOOD.filename}",
        place_of(GOOD).upper(),
        f"{place_of(GOOD)}/",
        f"{place_of(GOOD)}%00",
        f"{place_of(GOOD)}.metadata.metadata",
        place_of(GOOD).replace("frob-1.0", "..%2ffrob-1.0"),
        place_of(GOOD).replace("frob-1.0", "%2e%2e%5cfrob-1.0"),
        place_of(GOOD).replace(GOOD.filename, ".."),
        place_of(GOOD).replace(GOOD.filename, ".metadata"),
        place_of(GOOD).replace(GOOD.filename, "%F0%9F%98%80-1.0-py3-none-any.whl"),
        place_of(GOOD).replace("py3", ".".join(["a"] * 100)),
        place_of(GOOD).replace("frob-", "other-"),
        place_of(GOOD).replace("1.0", "9.9"),
        place_of(GOOD).replace(GOOD.filename, "x" * 5000),
        "/integrity/frob/1.0//provenance",
        f"/integrity/frob/1.0/{GOOD.filename}/provenance",
        f"/integrity/frob/%00/{GOOD.filename}/provenance",
        f"/integrity/..%2f..%2f/1.0/{GOOD.filename}/provenance",
        "/healthz/../simple/",
        "/metrics%00",
    ],
)
def test_what_is_nowhere_is_not_found(path: str, served: Served) -> None:
    for method in ("GET", "HEAD"):
        answered = served.say(get(path, method=method))
        assert answered.startswith((b"HTTP/1.1 404 ", b"HTTP/1.1 400 ")), answered
        assert answered.count(b"HTTP/1.1") == 1
        assert b"X-Evil" not in answered.partition(b"\r\n\r\n")[0]
        assert GOOD.content[:100] not in answered


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"])
@pytest.mark.parametrize("path", ["/simple/", "/simple/frob/", place_of(GOOD), "/integrity/x"])
def test_reading_is_all_that_can_be_done(method: str, path: str, served: Served) -> None:
    answered = served.say(get(path, "Content-Length: 5", method=method) + b"hello")
    assert answered.startswith(b"HTTP/1.1 405 ")
    assert b"\r\nallow: GET, HEAD\r\n" in answered


@pytest.mark.parametrize(
    "said",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/3.7\r\n\r\n",
        b"get /simple/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /simple/ HTTP/1.1\r\nHost : x\r\n\r\n",
        b"GET /simple/ HTTP/1.1\r\nX: a\x00b\r\n\r\n",
        b"GET /simple/\xc3\xbc HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http:///\x01 HTTP/1.1\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"CONNECT files.example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        TWO_LENGTHS + b"0\r\n\r\nGET /simple/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n\r\n",
    ],
)
def test_what_is_no_request_is_refused(said: bytes, served: Served) -> None:
    """RFC-9112 §6.3: two readers must not see two requests where one sees one."""
    answered = served.say(said)
    assert answered.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 404 ", b"HTTP/1.1 405 ")), answered
    assert b"HTTP/1.1 2" not in answered


def test_a_body_that_nobody_wants_does_not_come_to_anything(served: Served) -> None:
    inner = get("/simple/")
    length = f"Content-Length: {len(inner)}"
    answered = served.say(get("/simple/", length) + inner)
    assert answered.startswith(b"HTTP/1.1 200 ")
    assert answered.count(b"HTTP/1.1 200 ") == 1


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"x" * HEAD + b" HTTP/1.1\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"x" * HEAD + b"\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * (HEAD // 6 + 1),
        b"GET / HTTP/1.1\r\nX: " + b"x" * (64 * HEAD),
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * HEAD + b"\r\n\r\n",
    ],
)
def test_a_head_has_an_end(head: bytes, served: Served) -> None:
    assert served.say(head).startswith(b"HTTP/1.1 431 ")


def test_a_body_is_not_taken_for_a_head(served: Served) -> None:
    """Many requests over one connection, with more in their bodies than a head may have."""
    body = b"x" * HEAD
    one = (b"POST /simple/ HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)) + body
    with served.connected() as connection:
        connection.sendall(one)
        first = connection.recv(1 << 16)
        assert first.startswith(b"HTTP/1.1 405 ")
        connection.sendall(b"GET /simple/ HTTP/1.1\r\n")
        connection.sendall(b"Host: x\r\nConnection: close\r\n\r\n")
        assert everything(connection).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "beginning", [b"", b"\r\n", b"GET /simple/ HTTP/1.1\r\nHost: x\r\n", get("/simple/")[:20]]
)
def test_whoever_dawdles_is_left(
    beginning: bytes, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Bounded, "patience", 0.1)
    with served.connected() as connection:
        connection.sendall(beginning)
        assert everything(connection) == b""


def test_an_endless_body_is_left_too(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    length = f"Content-Length: {1 << 40}"
    with served.connected() as connection:
        connection.sendall(get("/simple/frob/", length).replace(b"Connection: close\r\n", b""))
        answered = b""
        try:
            for _ in range(200):
                connection.sendall(b"x" * HEAD)
            answered = everything(connection)
        except ConnectionError:
            return
        assert b"HTTP/1.1 431 " in answered or answered.startswith(b"HTTP/1.1 200 ")


def test_many_parts_at_once(served: Served) -> None:
    place, size = place_of(GOOD), len(GOOD.content)

    def part(number: int) -> bytes:
        start = number * 997 % (size - 10)
        answered = served.say(get(place, f"Range: bytes={start}-{start + 9}"))
        head, _, body = answered.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 206 ")
        assert body == GOOD.content[start : start + 10]
        return body

    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        assert len(list(pool.map(part, range(200)))) == 200


def test_many_who_ask_for_the_same_file_cost_one_fetch(tmp_path: Path, kept: Kept) -> None:
    with LoopbackIndex() as index:
        index.add(GOOD, uploaded=LONG_AGO)
        with (
            mirrored(tmp_path, index, kept=kept) as mirror,
            serving(mirror) as served,
            concurrent.futures.ThreadPoolExecutor(24) as pool,
        ):
            answers = list(pool.map(served.say, [get(place_of(GOOD))] * 24))
        assert {answer.partition(b"\r\n\r\n")[2] for answer in answers} == {GOOD.content}
        asked = [seen for seen in index.requests if seen.path.startswith("/files/")]
        assert len(asked) == 1


def test_a_client_that_leaves_is_not_sent_the_rest(served: Served) -> None:
    for _ in range(20):
        with served.connected() as connection:
            connection.sendall(get(place_of(GOOD)))
            connection.recv(100)
    assert served.say(get(place_of(GOOD))).endswith(GOOD.content)


def test_a_browser_cannot_be_led_here_under_another_name(mirror: Mirrored) -> None:
    hosts = hosts_of("127.0.0.1", "https://mirror.example.com")
    with serving(mirror, hosts) as served:
        for name, code in [
            ("127.0.0.1:8765", b"200"),
            ("localhost", b"200"),
            ("[::1]:80", b"200"),
            ("MIRROR.example.com", b"200"),
            ("evil.example.com", b"421"),
            ("127.0.0.1.evil.example.com", b"421"),
            ("[::1", b"421"),
            ("", b"421"),
        ]:
            said = f"GET /simple/ HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n"
            assert served.say(said.encode()).startswith(b"HTTP/1.1 " + code), name
        assert served.say(b"GET /simple/ HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 421 ")


def test_the_server_says_nothing_of_itself(served: Served) -> None:
    head = served.say(get("/simple/frob/")).partition(b"\r\n\r\n")[0].decode()
    names = {line.partition(":")[0].lower() for line in head.splitlines()[1:]}
    assert not names & {"server", "x-powered-by", "via"}
    assert {"x-content-type-options", "content-security-policy"} <= names


def test_a_slow_upstream_keeps_nobody_from_what_is_here(tmp_path: Path, kept: Kept) -> None:
    """More clients ask for what hangs than there are threads; the others get their files."""
    with LoopbackIndex() as index, socket.create_server(("127.0.0.1", 0)) as deaf:
        index.add(GOOD, uploaded=LONG_AGO)
        slow = [a_wheel("slow", f"1.{number}") for number in range(40)]
        for wheel in slow:
            url = f"http://127.0.0.1:{deaf.getsockname()[1]}/{wheel.filename}"
            index.add(wheel, uploaded=LONG_AGO, url=url)
        with (
            mirrored(tmp_path, index, limits=HURRIED, kept=kept) as mirror,
            serving(mirror) as served,
        ):
            warm = get(place_of(GOOD))
            assert served.say(warm).endswith(GOOD.content)
            waiting = [served.connected() for _ in slow]
            for connection, wheel in zip(waiting, slow, strict=True):
                connection.sendall(get(place_of(wheel)))
            for _ in range(5):
                assert served.say(warm).endswith(GOOD.content)
            assert b'"frob"' in served.say(
                get("/simple/frob/", "Accept: application/vnd.pypi.simple.v1+json")
            )
            for connection in waiting:
                connection.close()


def test_a_store_that_has_lost_something_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with LoopbackIndex() as index:
        index.add(GOOD, uploaded=LONG_AGO)
        with mirrored(tmp_path, index) as mirror, serving(mirror) as served:
            whole = served.say(get(place_of(GOOD)))
            (blob,) = tmp_path.glob(f"store/sha256/*/{GOOD.sha256}")
            blob.write_bytes(GOOD.content[: len(GOOD.content) // 2])
            short = served.say(get(place_of(GOOD)))
            assert len(short) < len(whole)  # the client sees that it is not all
            blob.unlink()
            gone = served.say(get(place_of(GOOD)))
            assert gone.startswith(b"HTTP/1.1 503 ")
            assert b"\r\nretry-after: 5\r\n" in gone
            blob.write_bytes(GOOD.content)
            assert served.say(get(place_of(GOOD))) == whole
    assert str(tmp_path).encode() not in short + gone


def test_a_disk_that_is_full_is_nothing_worse(tmp_path: Path, kept: Kept) -> None:
    with LoopbackIndex() as index:
        index.add(GOOD, uploaded=LONG_AGO)
        with mirrored(tmp_path, index, kept=kept) as mirror, serving(mirror) as served:
            (tmp_path / "quarantine").write_bytes(b"")  # where a folder is to be
            for _ in range(2):
                refused = served.say(get(place_of(GOOD)))
                assert refused.startswith(b"HTTP/1.1 503 ")
                assert str(tmp_path).encode() not in refused
            (tmp_path / "quarantine").unlink()
            assert served.say(get(place_of(GOOD))).endswith(GOOD.content)
