"""The proxy, spoken to by a child that means no good, and by strangers."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.guarded import LONG_AGO, ago
from tests.fakes import LoopbackIndex
from tests.faults import redirect, replaced
from tests.gateway.behind import HOST, Behind, answer, behind
from tests.index import JSON
from tests.wheels import a_wheel

FROB = a_wheel("frob", "1.0")
MARKED = a_wheel("frob", "1.1", files={"frob.pth": "import os\n"})


@pytest.fixture
def child(index: LoopbackIndex, tmp_path: Path) -> Iterator[Behind]:
    index.add(FROB, uploaded=LONG_AGO)
    index.add(MARKED, uploaded=LONG_AGO)
    index.add(a_wheel("frob", "2.0"), uploaded=ago(days=1))
    with behind(tmp_path, index) as child:
        yield child


def body(answered: bytes) -> bytes:
    return answered.partition(b"\r\n\r\n")[2]


def test_the_page_is_the_indexes_own_without_what_is_denied(
    child: Behind, index: LoopbackIndex
) -> None:
    answered = child.get(f"{index.url}frob/", f"Accept: {JSON}")
    assert answered.startswith(b"HTTP/1.1 200 OK\r\n")
    page = json.loads(body(answered))
    assert page["versions"] == ["1.0", "1.1"]
    assert [f["url"] for f in page["files"]] == [
        index.file_url(FROB.filename),
        index.file_url(MARKED.filename),
    ]
    assert all(f["hashes"]["sha256"] for f in page["files"])


def test_a_page_that_is_known_is_not_sent_again(child: Behind, index: LoopbackIndex) -> None:
    first = child.get(f"{index.url}frob/")
    (tag,) = (line for line in first.split(b"\r\n") if line.startswith(b"ETag: "))
    again = child.get(f"{index.url}frob/", f"If-None-Match: {tag[6:].decode()}")
    assert again.startswith(b"HTTP/1.1 304 ")
    assert body(again) == b""


def test_only_what_was_admitted_is_sent(child: Behind, index: LoopbackIndex) -> None:
    """I3."""
    assert body(child.get(index.file_url(FROB.filename))) == FROB.content
    denied = child.get(index.file_url(MARKED.filename))
    assert denied.startswith(b"HTTP/1.1 451 guard denied[startup-hook]: ")
    assert MARKED.content[:200] not in denied
    hidden = child.get(index.file_url("frob-2.0-py3-none-any.whl"))
    assert hidden.startswith(b"HTTP/1.1 451 guard denied[fresh-upload]: ")
    assert {v.candidate.file.title for v in child.record.held} == {"frob 1.1", "frob 2.0"}


def test_other_bytes_than_the_page_says_are_not_sent(child: Behind, index: LoopbackIndex) -> None:
    index.fault(f"/files/{FROB.filename}", replaced(MARKED.content))
    answered = child.get(index.file_url(FROB.filename))
    assert answered.startswith(b"HTTP/1.1 451 guard denied[hash-mismatch]: ")


@pytest.mark.parametrize(
    "path",
    [
        "/simple/",
        "/simple/frob/../frob/",
        "/simple//frob/",
        "/simple/Frob/",
        "/simple/frob%2f",
        "/simple/frob/?x=1",
        "/files/",
        "/files/../simple/frob/",
        "/files/other-1.0-py3-none-any.whl",
        "/files/frob-1.0-py3-none-any.whl/x",
        "/files/frob-1.0-py3-none-any.whl?x=1",
        "/provenance/frob-1.0-py3-none-any.whl",
        "/elsewhere/frob-1.0-py3-none-any.whl",
        "/",
    ],
)
def test_what_is_no_page_and_no_listed_file_is_refused(
    path: str, child: Behind, index: LoopbackIndex
) -> None:
    answered = child.get(index.origin + path)
    assert answered.startswith((b"HTTP/1.1 403 guard refused: ", b"HTTP/1.1 404 ")), answered
    asked = {seen.path for seen in index.requests}
    assert asked <= {"/simple/frob/", "/simple/other/"}


def test_another_host_is_not_reached(child: Behind, tmp_path: Path) -> None:
    with LoopbackIndex() as other:
        other.add(FROB, uploaded=LONG_AGO)
        for url in (f"{other.url}frob/", other.file_url(FROB.filename), "http://127.0.0.2/"):
            assert child.get(url).startswith(b"HTTP/1.1 403 guard refused: ")
        assert other.requests == []


def test_a_stranger_gets_nothing(child: Behind, index: LoopbackIndex) -> None:
    url = f"{index.url}frob/"
    for header in (
        "",
        "Proxy-Authorization: Basic Z3VhcmQ6eA==\r\n",
        "Authorization: Basic eA==\r\n",
    ):
        answered = child.say(f"GET {url} HTTP/1.1\r\nHost: x\r\n{header}\r\n", token=False)
        assert answered.startswith(b"HTTP/1.1 407 ")
        assert b"frob" not in answered
    tunnel = child.say(f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\n", token=False)
    assert tunnel.startswith(b"HTTP/1.1 407 ")
    assert index.requests == []


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ("GET http://127.0.0.1/ HTTP/1.1\r\nContent-Length: 5\r\n\r\nabcde", b"400"),
        ("GET http://127.0.0.1/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
        ("GET http://127.0.0.1/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"400"),
        ("GET http://127.0.0.1/ HTTP/1.1\r\nX: a\r\n b\r\n\r\n", b"400"),
        ("GET http://127.0.0.1/ HTTP/1.1\r\nX : a\r\n\r\n", b"400"),
        ("GET http://127.0.0.1/ HTTP/1.1\nX: a\n\n", b"400"),
        ("GET http://u:p@127.0.0.1/ HTTP/1.1\r\n\r\n", b"400"),
        ("GET http://[::1/ HTTP/1.1\r\n\r\n", b"400"),
        ("GET ftp://127.0.0.1/ HTTP/1.1\r\n\r\n", b"400"),
        ("GET /simple/frob/ HTTP/1.1\r\n\r\n", b"400"),
        ("GET http://127.0.0.1/ HTTP/1.0\r\n\r\n", b"400"),
        ("CONNECT 127.0.0.1:1 HTTP/2.0\r\n\r\n", b"400"),
        ("POST http://127.0.0.1/ HTTP/1.1\r\n\r\n", b"405"),
        (f"GET http://127.0.0.1/{'x' * 9000} HTTP/1.1\r\n\r\n", b"400"),
        (f"GET http://127.0.0.1/ HTTP/1.1\r\nX: {'x' * 9000}\r\n\r\n", b"431"),
        ("GET http://127.0.0.1/ HTTP/1.1\r\n" + "X: a\r\n" * 100 + "\r\n", b"431"),
        ("CONNECT 127.0.0.1 HTTP/1.1\r\n\r\n", b"403"),
        ("CONNECT 127.0.0.1:x HTTP/1.1\r\n\r\n", b"403"),
        ("CONNECT evil.example.com:443 HTTP/1.1\r\n\r\n", b"403"),
        (b"\x16\x03\x01\x02\x00\x01", b"400"),
    ],
)
def test_what_is_no_request_is_refused_and_the_connection_ends(
    request_: str | bytes, status: bytes, child: Behind
) -> None:
    answered = child.say(request_)
    assert answered.startswith(b"HTTP/1.1 " + status), answered
    assert answered.count(b"\r\nContent-Length: ") == 1
    assert b"\r\nConnection: close\r\n" in answered


def test_a_tunnel_leads_no_further_than_here(child: Behind, index: LoopbackIndex) -> None:
    port = int(index.origin.rpartition(":")[2])
    with child.tunnel("127.0.0.1", port) as inner:
        assert inner.version() in {"TLSv1.2", "TLSv1.3"}
        for _ in range(2):  # the connection stays for the next one
            inner.sendall(b"GET /simple/frob/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert answer(inner).startswith(b"HTTP/1.1 403 guard refused: ")
        inner.sendall(b"GET http://127.0.0.1/ HTTP/1.1\r\n\r\n")
        assert answer(inner).startswith(b"HTTP/1.1 400 ")
    assert index.requests == []


def test_the_authority_is_good_for_nobody_else(child: Behind) -> None:
    with child.tunnel(HOST, 443) as inner:
        assert inner.selected_alpn_protocol() in {None, "http/1.1"}
    context = ssl.create_default_context(cadata=child.identity.authority.decode())
    with child.connected() as connection:
        connection.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\n{child.authorization}\r\n".encode())
        assert answer(connection).startswith(b"HTTP/1.1 200 ")
        with pytest.raises(ssl.SSLCertVerificationError):
            context.wrap_socket(connection, server_hostname="other.example.com")


def test_a_reason_cannot_add_a_header(index: LoopbackIndex, tmp_path: Path) -> None:
    reason = "gone\r\nX-Evil: 1\r\n\r\n<html>\x1b[31m"
    index.add(a_wheel("evil", "1.0"), uploaded=LONG_AGO, yanked=reason)
    with behind(tmp_path, index, toml='[rules.yanked-file]\npinned-level = "deny"\n') as child:
        answered = child.get(index.file_url("evil-1.0-py3-none-any.whl"))
    head = answered.partition(b"\r\n\r\n")[0]
    assert head.startswith(b"HTTP/1.1 451 guard denied[yanked-file]: ")
    assert b"\r\nX-Evil" not in head
    assert b"\x1b" not in head


def test_a_page_may_name_files_of_another_host_but_they_are_judged(
    index: LoopbackIndex, tmp_path: Path
) -> None:
    with LoopbackIndex() as other:
        other.add(FROB, uploaded=LONG_AGO)
        other.add(MARKED, uploaded=LONG_AGO)
        for wheel in (FROB, MARKED):
            index.add(wheel, uploaded=LONG_AGO, url=other.file_url(wheel.filename))
        with behind(tmp_path, index) as child:
            child.get(f"{index.url}frob/")
            assert child.record.hosts == {index.url.rstrip("/"): {"127.0.0.1"}}
            assert body(child.get(other.file_url(FROB.filename))) == FROB.content
            assert b" 451 " in child.get(other.file_url(MARKED.filename))[:20]
            # Where the file would be on the index itself, no page says that it is.
            assert b" 403 " in child.get(index.file_url(FROB.filename))[:20]


def test_a_redirect_to_elsewhere_brings_nothing_unjudged(
    index: LoopbackIndex, tmp_path: Path
) -> None:
    with LoopbackIndex() as other:
        other.add(MARKED, uploaded=LONG_AGO)
        index.add(FROB, uploaded=LONG_AGO)
        index.fault(f"/files/{FROB.filename}", redirect(other.file_url(MARKED.filename)))
        with behind(tmp_path, index) as child:
            answered = child.get(index.file_url(FROB.filename))
        assert answered.startswith(b"HTTP/1.1 451 guard denied[hash-mismatch]: ")


def test_a_metadata_file_that_is_not_the_one_announced_is_not_served(
    index: LoopbackIndex, tmp_path: Path
) -> None:
    index.add(FROB, uploaded=LONG_AGO)
    index.fault(f"/files/{FROB.filename}.metadata", replaced(b"Name: other\n"))
    with behind(tmp_path, index) as child:
        answered = child.get(f"{index.file_url(FROB.filename)}.metadata")
    assert answered.startswith(b"HTTP/1.1 451 guard undecided: ")


def test_metadata_is_read_out_of_a_wheel_that_has_none_beside_it(
    index: LoopbackIndex, tmp_path: Path
) -> None:
    large = a_wheel("large", "1.0", files={"large.py": "x = 1\n" * 100_000})
    index.add(large, uploaded=LONG_AGO, metadata=False)
    index.add(FROB, uploaded=LONG_AGO, metadata=False)
    with behind(tmp_path, index) as child:
        for wheel in (large, FROB):
            page = json.loads(body(child.get(f"{index.url}{wheel.name}/", f"Accept: {JSON}")))
            assert page["files"][0]["core-metadata"] is True
            answered = child.get(f"{index.file_url(wheel.filename)}.metadata")
            assert body(answered) == wheel.metadata
    assert all("range" in seen.headers for seen in index.requests if seen.path.endswith(".whl"))


def test_what_is_asked_for_when_the_run_is_over_ends_quietly(
    index: LoopbackIndex, tmp_path: Path
) -> None:
    """Uncaught errors of threads are errors of the suite."""
    index.add(FROB, uploaded=LONG_AGO)
    with behind(tmp_path, index) as child:
        connection = child.connected()
        url = index.file_url(FROB.filename)
        connection.sendall(f"GET {url} HTTP/1.1\r\n{child.authorization}\r\n".encode())
        child.server.close()
        child.admission.pool.shutdown(wait=False, cancel_futures=True)
    connection.close()
