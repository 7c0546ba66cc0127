"""The ways around the ordinary way: what they answer is what the ordinary way would have."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path

import pytest

from guard.mirror.database.engine import at
from guard.mirror.database.files import Files
from guard.mirror.records import Key, State
from guard.mirror.server.app import Gate
from guard.mirror.server.asgi import Problem, Request, Send
from guard.mirror.server.hosts import Hosts
from guard.mirror.server.lines import Line
from guard.mirror.server.observed import Observed
from guard.mirror.watch.health import Health
from tests.e2e.guarded import LONG_AGO, TIMEOUT, Guard
from tests.fakes import LoopbackIndex
from tests.index import JSON
from tests.mirror.mirrored import Mirrored, Served, everything, mirrored, place_of, serving
from tests.wheels import a_wheel

GOOD = a_wheel("frob", "1.0")
LARGE = a_wheel("large", "1.0", files={"large/noise.bin": bytes(range(256)) * 40_000})
DENY = '[[deny]]\nname = "frob"\nreason = "no"\n'
PAGE = "/simple/frob/"


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirrored]:
    with LoopbackIndex() as index:
        for wheel in (GOOD, LARGE):
            index.add(wheel, uploaded=LONG_AGO)
        with mirrored(tmp_path, index) as running:
            yield running


@pytest.fixture
def served(mirror: Mirrored) -> Iterator[Served]:
    with serving(mirror) as running:
        yield running


def asked(served: Served, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """The answer on a connection that is kept: the quick way, where there is one."""
    connection = HTTPConnection("127.0.0.1", served.port, timeout=30)
    with contextlib.closing(connection):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET", path, headers=named)
        response = connection.getresponse()
        received = {name.lower(): value for name, value in response.getheaders()}
        body = response.read()
        received.pop("date")
        received.pop("connection", None)
        return response.status, received, body


@pytest.mark.parametrize("accept", [JSON, "text/html", "*/*", "text/html;q=0.1, application/*", ""])
@pytest.mark.parametrize("coding", ["gzip", "zstd", "identity", "zstd;q=0, gzip", "br"])
@pytest.mark.parametrize("condition", [None, '"other"', "*", "same"])
def test_a_page_in_memory_is_answered_as_any_other(
    served: Served, accept: str, coding: str, condition: str | None
) -> None:
    headers = {"accept": accept, "accept_encoding": coding}
    etag = asked(served, PAGE, **headers)[1]["etag"]
    if condition is not None:
        headers["if_none_match"] = etag if condition == "same" else condition
    ordinary = asked(served, PAGE, **headers, connection="close")
    assert asked(served, PAGE, **headers) == ordinary
    assert ordinary[0] == (304 if condition in {"same", "*"} else 200)


def test_nothing_is_answered_from_memory_that_does_not_hold(served: Served) -> None:
    assert GOOD.filename.encode() in asked(served, PAGE, accept=JSON)[2]
    served.mirror.says(DENY)
    assert GOOD.filename.encode() not in asked(served, PAGE, accept=JSON)[2]


def test_another_name_gets_nothing_from_memory(mirror: Mirrored) -> None:
    with serving(mirror, Hosts(["127.0.0.1"])) as served:
        assert asked(served, PAGE)[0] == 200
        assert asked(served, PAGE, host="evil.example.com")[0] == 421


def test_answers_come_in_the_order_of_the_requests(served: Served) -> None:
    """The second could be answered before the first, and must not be."""
    asked(served, PAGE, accept=JSON)
    head = f"Host: x\r\nAccept: {JSON}\r\n"
    first = f"GET {place_of(LARGE)} HTTP/1.1\r\n{head}\r\n"
    second = f"GET {PAGE} HTTP/1.1\r\n{head}\r\n"
    last = f"GET {PAGE} HTTP/1.1\r\n{head}Connection: close\r\n\r\n"
    said = served.say((first + second + second + last).encode())
    answers = re.findall(rb"HTTP/1\.1 200 OK\r\n(?:[^\r\n]+\r\n)+", said)
    kinds = [b"octet-stream" in answer for answer in answers]
    assert kinds == [True, False, False, False]
    assert said.count(LARGE.content) == 1


def test_whoever_reads_nothing_is_not_written_to_without_end(served: Served) -> None:
    asked(served, PAGE, accept="text/html")
    request = f"GET {PAGE} HTTP/1.1\r\nHost: x\r\n\r\n".encode() * 200
    with served.connected() as connection:
        # It waits to be read, or ends the connection: a head in parts may seem to have no end.
        with contextlib.suppress(BlockingIOError, ConnectionError):
            connection.setblocking(False)
            for _ in range(1000):
                connection.send(request)
        assert asked(served, PAGE)[0] == 200  # others are answered


@pytest.mark.parametrize("span", [None, (0, 0), (1, 70_000), (5_000_000, 10_239_999)])
def test_a_file_by_the_system_is_the_file(served: Served, span: tuple[int, int] | None) -> None:
    headers = {} if span is None else {"range": f"bytes={span[0]}-{span[1]}"}
    status, _, body = asked(served, place_of(LARGE), **headers)
    wanted = LARGE.content if span is None else LARGE.content[span[0] : span[1] + 1]
    assert (status, body) == (200 if span is None else 206, wanted)


def test_a_slow_reader_gets_all_of_it(served: Served) -> None:
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(30)
        connection.connect(("127.0.0.1", served.port))
        request = f"GET {place_of(LARGE)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        connection.sendall(request.encode())
        assert asked(served, PAGE)[0] == 200  # while that one waits
        assert everything(connection).endswith(LARGE.content)


def test_whoever_leaves_in_the_middle_holds_nothing(served: Served) -> None:
    with served.connected() as connection:
        connection.sendall(f"GET {place_of(LARGE)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        connection.recv(1000)
    assert asked(served, place_of(LARGE))[2] == LARGE.content


def test_what_another_process_revokes_is_not_sent_once_more(served: Served) -> None:
    """The record was read a moment ago, and nobody has told this process of anything."""
    for _ in range(2):
        assert asked(served, place_of(GOOD))[0] == 200
    other = Files(database := at(served.mirror.folder / "mirror.sqlite"))
    key = Key(GOOD.sha256, GOOD.filename)
    record = other.find(key)
    assert record is not None
    assert record.decided is not None
    denied = replace(record.decided, state=State.DENIED)
    state = other.decided(key, denied, None, moment=served.mirror.clock())
    assert state is State.REVOKED
    assert asked(served, place_of(GOOD))[0] == 403
    assert asked(served, f"{place_of(GOOD)}.metadata")[0] == 403
    database.close()


def test_nginx_is_told_which_file_to_send(tmp_path: Path) -> None:
    with LoopbackIndex() as index:
        index.add(GOOD, uploaded=LONG_AGO)
        with mirrored(tmp_path, index, accel_redirect="/held") as mirror:
            answered = mirror.file(GOOD, range="bytes=1-2")
            assert (answered.status, answered.raw) == (200, b"")
            place = f"/held/sha256/{GOOD.sha256[:2]}/{GOOD.sha256}"
            assert answered.headers["x-accel-redirect"] == place
            assert answered.headers["content-length"] == "0"
            assert "content-range" not in answered.headers
            etag = answered.headers["etag"]
            assert mirror.file(GOOD, if_none_match=etag).status == 304
            mirror.says(DENY)
            denied = mirror.file(GOOD)
            assert (denied.status, "x-accel-redirect" in denied.headers) == (403, False)


class Several:
    """The command with two workers."""

    def __init__(self, guard: Guard, index: LoopbackIndex) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        words = ("--port", str(self.port), "--workers", "2", "--index-url", index.url)
        self.process = guard.start("mirror", "serve", *words)

    def workers(self) -> set[int]:
        """Their process ids."""
        place = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return {int(number) for number in place.read_text(encoding="ascii").split()}

    def until(self, fine: Callable[[], bool]) -> None:
        """Wait for what is about to be."""
        until = time.monotonic() + TIMEOUT
        while not fine():
            assert time.monotonic() < until

    def answers(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
        try:
            connection.request("GET", PAGE)
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks for processes in /proc")
def test_a_worker_that_is_killed_is_replaced_and_all_end_together(
    guard: Guard, index: LoopbackIndex
) -> None:
    index.add(GOOD, uploaded=LONG_AGO)
    several = Several(guard, index)
    try:
        several.until(several.answers)
        before = several.workers()
        assert len(before) == 2
        killed = before.pop()
        os.kill(killed, signal.SIGKILL)
        several.until(lambda: len(several.workers() - {killed}) == 2)
        assert before < several.workers()
        assert several.answers()
        after = several.workers()
        several.process.send_signal(signal.SIGTERM)
        _, said = several.process.communicate(timeout=TIMEOUT)
        assert several.process.returncode == 0
        assert f"worker {killed} ended (-9)" in said
        assert "Traceback" not in said
        assert not any(Path(f"/proc/{number}").exists() for number in after)
    finally:
        several.process.kill()
        several.process.communicate()


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks for processes in /proc")
def test_workers_end_with_whoever_has_started_them(guard: Guard, index: LoopbackIndex) -> None:
    index.add(GOOD, uploaded=LONG_AGO)
    several = Several(guard, index)
    several.until(several.answers)
    workers = several.workers()
    several.process.kill()
    several.process.communicate()
    several.until(lambda: not any(alive(number) for number in workers))


def alive(number: int) -> bool:
    """Whether a process runs: one that has ended and that nobody waits for does not."""
    try:
        stat = Path(f"/proc/{number}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


class Closed(Gate):
    """Lets in whoever shows any token."""

    def __init__(self, *, anonymous: bool) -> None:
        self.anonymous = anonymous
        self.asked = 0

    async def __call__(self, request: Request, send: Send) -> bool:
        self.asked += 1
        if self.anonymous or request.header(b"authorization"):
            return True
        await Problem(status=401, title="Unauthorized").send(request, send)
        return False


def test_memory_is_no_way_around_a_gate(mirror: Mirrored) -> None:
    with serving(mirror, gate=(gate := Closed(anonymous=False))) as served:
        assert asked(served, PAGE, authorization="Bearer t")[0] == 200
        assert asked(served, PAGE)[0] == 401
        assert gate.asked == 2


def test_whoever_shows_a_token_is_looked_at_where_nobody_has_to(mirror: Mirrored) -> None:
    with serving(mirror, gate=(gate := Closed(anonymous=True))) as served:
        assert asked(served, PAGE)[0] == 200
        before = gate.asked
        assert asked(served, PAGE, authorization="Bearer t")[0] == 200
        assert gate.asked == before + 1


def test_what_is_answered_from_memory_is_noted(mirror: Mirrored) -> None:
    lines: list[Line] = []
    health = Health(mirror.own.mirror, mirror.own.judge)
    observed = Observed(mirror.app, health, None, lines=lines.append)
    mirror.page("frob")
    assert observed.immediate is not None
    answer = observed.immediate.answer(
        PAGE.encode(), [(b"accept", JSON.encode())], ("192.0.2.7", 5)
    )
    assert answer is not None
    (line,) = lines
    assert (line.method, line.route, line.status) == ("GET", "simple", 200)
    assert (line.project, line.client) == ("frob", "192.0.2.7")
