"""The mirror behind a real nginx, which has the configuration that the guide shows."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

import pytest

from tests.documents import ROOT
from tests.e2e.guarded import LONG_AGO
from tests.fakes import LoopbackIndex
from tests.mirror.mirrored import Mirrored, mirrored, place_of, serving
from tests.wheels import a_wheel

NGINX: Final = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
GOOD: Final = a_wheel("frob", "1.0", files={"frob/data.bin": bytes(300_000)})
DENY: Final = '[[deny]]\nname = "frob"\nreason = "no"\n'
SHOWN: Final = ROOT / "docs" / "examples" / "mirror" / "nginx.conf"

pytestmark = pytest.mark.skipif(NGINX is None, reason="no nginx is here")


@dataclass(frozen=True)
class Front:
    """An nginx that answers."""

    port: int

    def asked(
        self, path: str, method: str = "GET", **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        with contextlib.closing(HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, headers=named)
            answer = connection.getresponse()
            received = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, received, answer.read()


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirrored]:
    with LoopbackIndex() as index:
        index.add(GOOD, uploaded=LONG_AGO)
        with mirrored(tmp_path / "mirror", index, accel_redirect="/held") as running:
            yield running


@pytest.fixture
def front(mirror: Mirrored, tmp_path: Path) -> Iterator[Front]:
    store = mirror.own.mirror.store.folder
    assert store is not None
    with serving(mirror) as served, fronted(tmp_path, served.port, store) as running:
        yield running


@contextlib.contextmanager
def fronted(folder: Path, behind: int, store: Path) -> Iterator[Front]:
    """Yield an nginx before the mirror at the port `behind`, configured as the guide shows."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    places = {
        "127.0.0.1:8765": f"127.0.0.1:{behind}",
        "127.0.0.1:8080": f"127.0.0.1:{port}",
        "/var/lib/guard/mirror/store/": f"{store}/",
    }
    text = SHOWN.read_text("utf-8")
    for shown, here in places.items():
        assert text.count(shown) == 1
        text = text.replace(shown, here)
    kept = ("client_body", "proxy", "fastcgi", "scgi", "uwsgi")
    temporary = "".join(f"{name}_temp_path {folder}/{name};" for name in kept)
    text = text.replace("http {", f"http {{ access_log off; {temporary}", 1)
    user = "user root;" if os.geteuid() == 0 else ""  # what it sends is only its own user's to read
    main = f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log; {user}"
    (folder / "nginx.conf").write_text(f"{main}\n{text}", encoding="utf-8")
    command = [str(NGINX), "-p", str(folder), "-c", str(folder / "nginx.conf")]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            _answers(process, port)
            yield Front(port)
        finally:
            process.terminate()


def _answers(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
    raise AssertionError("nginx does not answer")


def test_it_sends_what_the_mirror_has_judged(front: Front) -> None:
    status, headers, body = front.asked(place_of(GOOD))
    assert (status, body) == (200, GOOD.content)
    assert headers["etag"] == f'"{GOOD.sha256}"'
    assert headers["content-type"] == "application/octet-stream"
    assert headers["x-content-type-options"] == "nosniff"
    assert not [name for name in headers if name.startswith("x-accel")]
    status, headers, body = front.asked(place_of(GOOD), "HEAD")
    assert (status, headers["content-length"], body) == (200, str(len(GOOD.content)), b"")


def test_it_cuts_ranges_out(front: Front) -> None:
    status, headers, body = front.asked(place_of(GOOD), range="bytes=5-10")
    assert (status, body) == (206, GOOD.content[5:11])
    assert headers["content-range"] == f"bytes 5-10/{len(GOOD.content)}"
    etag = f'"{GOOD.sha256}"'
    status, _, body = front.asked(place_of(GOOD), range="bytes=5-10", if_range=etag)
    assert (status, body) == (206, GOOD.content[5:11])
    assert front.asked(place_of(GOOD), if_none_match=etag)[0] == 304


def test_pages_and_metadata_come_through(front: Front) -> None:
    assert front.asked("/simple/frob/", accept="text/html")[0] == 200
    status, _, body = front.asked(f"{place_of(GOOD)}.metadata")
    assert status in {200, 404}  # it is announced once the file was asked for
    assert front.asked(place_of(GOOD))[0] == 200
    status, _, body = front.asked(f"{place_of(GOOD)}.metadata")
    assert (status, body) == (200, GOOD.metadata)


def test_nothing_leads_around_the_mirror(front: Front, mirror: Mirrored) -> None:
    held = f"/held/sha256/{GOOD.sha256[:2]}/{GOOD.sha256}"
    assert front.asked(place_of(GOOD))[0] == 200
    for path in (
        held,
        f"/x/..{held}",
        held.replace("/held", "//held"),
        held.replace("h", "%68", 1),
    ):
        status, _, body = front.asked(path)
        assert (status, GOOD.content in body) == (404, False), path
    mirror.says(DENY)
    status, headers, body = front.asked(place_of(GOOD))
    assert (status, GOOD.content in body) == (403, False)
    assert "x-accel-redirect" not in headers
