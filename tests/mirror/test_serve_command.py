"""`guard mirror serve`, the command itself."""

from __future__ import annotations

import contextlib
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import uv

from tests.e2e.guarded import LONG_AGO, TIMEOUT, Environment, Guard, ago, assert_paragraph, scrubbed
from tests.fakes import LoopbackIndex
from tests.mirror.backends import Kept, embedded_only
from tests.mirror.mirrored import everything, place_of
from tests.wheels import a_wheel

FROB = a_wheel("frob", "1.0")
YOUNG = a_wheel("frob", "2.0")


@pytest.fixture
def guard(guard: Guard, kept: Kept) -> Guard:
    """The command, told by its environment where the mirror keeps things."""
    return replace(guard, settings=kept.variables(guard.folder))


@dataclass
class Running:
    """A mirror in a process of its own."""

    process: subprocess.Popen[str]
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/simple/"

    def say(self, path: str, host: str = "localhost") -> bytes:
        request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            connection.sendall(request.encode())
            return everything(connection)

    def stop(self, number: int = signal.SIGTERM) -> str:
        """What it has said, after it has ended well."""
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=TIMEOUT)
        assert "Traceback" not in said
        return said


@contextlib.contextmanager
def running(guard: Guard, *words: str) -> Iterator[Running]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = guard.start("mirror", "serve", "--port", str(port), *words)
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if "running on" in line:
                break
        yield Running(process, port)
    finally:
        process.kill()
        process.communicate()


def test_one_command_serves_what_is_admitted(
    guard: Guard, index: LoopbackIndex, target: Environment, tmp_path: Path
) -> None:
    index.add(FROB, uploaded=LONG_AGO)
    index.add(YOUNG, uploaded=ago(days=1))
    with running(guard, "--index-url", index.url) as mirror:
        words = (uv.find_uv_bin(), "pip", "install", "--python", target.python, "--no-config")
        own = scrubbed(UV_CACHE_DIR=str(tmp_path / "uv"), HOME=str(tmp_path))
        wanted = ("--default-index", mirror.url, "frob")
        subprocess.run([*words, *wanted], check=True, timeout=TIMEOUT, env=own)
        assert target.installed() == {"frob": "1.0"}
        assert mirror.say(place_of(YOUNG)).startswith(b"HTTP/1.1 403 ")
        assert mirror.say("/simple/frob/", "evil.example.com").startswith(b"HTTP/1.1 421 ")
        mirror.stop()
    assert mirror.process.returncode == -signal.SIGTERM  # after it had finished


def test_what_it_has_outlives_it(guard: Guard) -> None:
    """Killed, and begun again while its upstream is away."""
    with LoopbackIndex() as index:
        index.add(FROB, uploaded=LONG_AGO)
        with running(guard, "--index-url", index.url) as mirror:
            assert mirror.say(place_of(FROB)).endswith(FROB.content)
            mirror.process.kill()
    with running(guard, "--index-url", index.url) as mirror:
        assert mirror.say(place_of(FROB)).endswith(FROB.content)
        assert mirror.say("/simple/frob/").startswith(b"HTTP/1.1 200 ")
        mirror.stop(signal.SIGINT)


def test_passwords_are_not_said(guard: Guard) -> None:
    with LoopbackIndex(credentials=("user", "s3cr3t")) as index:
        index.add(FROB, uploaded=LONG_AGO)
        with running(guard, "--index-url", index.url_with_credentials) as mirror:
            assert mirror.say(place_of(FROB)).endswith(FROB.content)
            index.fault("*", lambda answer: answer)
            said = mirror.stop()
    assert "s3cr3t" not in said
    kept = [path for path in guard.folder.rglob("*") if path.is_file()]
    assert [path for path in kept if b"s3cr3t" in path.read_bytes()] == []


@embedded_only
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])  # noqa: S104 - refused
def test_it_is_not_opened_to_the_world_by_mistake(guard: Guard, host: str) -> None:
    ran = guard("mirror", "serve", "--host", host, "--index-url", "https://packages.example.com/")
    assert_paragraph(ran, 2, "would open the mirror to others")


def test_those_may_upload_whose_role_it_is(
    guard: Guard, index: LoopbackIndex, tmp_path: Path
) -> None:
    secrets = {}
    for name, role in (("builds", "uploader"), ("somebody", "requester")):
        assert guard("mirror", "person", "add", name, "--role", role).code == 0
        made = guard("mirror", "token", "create", name, "--label", "test")
        (secrets[name],) = re.findall(r"wgm_[A-Za-z0-9_-]{43}", made.out)
    own = a_wheel("acme-tool", "1.0")
    wheel = str(own.write_to(tmp_path))
    with running(guard, "--uploads", "--index-url", index.url) as mirror:

        def publish(token: str) -> subprocess.CompletedProcess[str]:
            place = mirror.url.replace("/simple/", "/legacy/")
            words = (uv.find_uv_bin(), "publish", "--publish-url", place, "--token", token, wheel)
            environment = scrubbed(HOME=str(tmp_path))
            return subprocess.run(
                words, env=environment, capture_output=True, text=True, timeout=TIMEOUT, check=False
            )

        assert "403" in publish(secrets["somebody"]).stderr
        assert "401" in publish("wgm_" + "x" * 43).stderr
        assert mirror.say("/simple/acme-tool/").startswith(b"HTTP/1.1 404 ")
        assert publish(secrets["builds"]).returncode == 0
        assert mirror.say(place_of(own)).endswith(own.content)
        assert secrets["builds"] not in mirror.stop()
    log = guard("mirror", "log").out
    assert "upload" in log
    assert own.filename in log
