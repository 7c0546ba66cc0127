"""One contract for every store: whole, by digest, once, and never anything else."""

from __future__ import annotations

import hashlib
import os
import resource
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from guard.errors import MirrorError, UsageError
from guard.mirror.store import Store, open_store, path_of
from tests.mirror.backends import SERVICES, forget_aws
from tests.mirror.child import Child
from tests.mirror.services import BUCKET, ObjectStorage

LARGE = 20_000_000
"""More than is sent to S3 in one request."""


@pytest.fixture
def s3_store(s3: ObjectStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    forget_aws(monkeypatch)
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    return open_store(f"s3://{BUCKET}/{tmp_path.name}")


@pytest.fixture(params=["folder", "memory", pytest.param("s3", marks=SERVICES)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    match request.param:
        case "folder":
            return open_store(tmp_path / "store")
        case "memory":
            return open_store("memory://")
        case _:
            found: Store = request.getfixturevalue("s3_store")
            return found


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("size", [0, 1, 70_000])
def test_what_was_put_is_there(store: Store, size: int) -> None:
    content = os.urandom(size)
    assert not store.has(digest(content))
    store.put(digest(content), content)
    assert store.has(digest(content))
    assert store.size(digest(content)) == size
    assert store.get(digest(content)) == content


def test_a_large_file_is_put_and_read_in_parts(store: Store, tmp_path: Path) -> None:
    content = os.urandom(LARGE)
    source = tmp_path / "large"
    source.write_bytes(content)
    store.put(digest(content), source)
    assert b"".join(store.chunks(digest(content))) == content
    assert max(map(len, store.chunks(digest(content)))) < LARGE / 2


@pytest.mark.parametrize(
    ("start", "end"), [(0, 1), (5, 5), (10, 9_000_000), (8_388_608, None), (8_388_607, 8_388_610)]
)
def test_a_part_of_it_is_just_that_part(store: Store, start: int, end: int | None) -> None:
    content = os.urandom(9_000_000)
    store.put(digest(content), content)
    assert b"".join(store.chunks(digest(content), start, end)) == content[start:end]


def test_to_put_it_again_changes_nothing(store: Store) -> None:
    store.put(digest(b"once"), b"once")
    store.put(digest(b"once"), b"once")
    assert store.get(digest(b"once")) == b"once"


@pytest.mark.parametrize("size", [1_000, LARGE])
def test_other_bytes_are_refused_and_leave_nothing(store: Store, tmp_path: Path, size: int) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x" * size)
    wrong = digest(b"something else")
    with pytest.raises(MirrorError, match="are not those of"):
        store.put(wrong, source)
    assert not store.has(wrong)


def test_what_is_missing_is_an_error_when_it_is_read(store: Store) -> None:
    for use in (store.get, store.size):
        with pytest.raises(MirrorError):
            use(digest(b"never put"))


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n"])
def test_what_is_no_digest_is_no_path(store: Store, name: str) -> None:
    for use in (store.has, store.get, lambda name: store.put(name, b"")):
        with pytest.raises(MirrorError, match="is no sha256"):
            use(name)


def test_many_writers_of_one_digest_are_all_content(store: Store) -> None:
    content = os.urandom(300_000)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: store.put(digest(content), content), range(16)))
    assert store.get(digest(content)) == content


def test_a_store_is_checked_at_the_start(store: Store) -> None:
    store.check()
    store.check()


# The folder.


def test_files_are_private_and_where_others_find_them(tmp_path: Path) -> None:
    store = open_store(tmp_path / "store")
    store.put(digest(b"x"), b"x")
    assert store.folder is not None
    path = store.folder / path_of(digest(b"x"))
    assert path.read_bytes() == b"x"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for folder in (path.parent, path.parent.parent, store.folder):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_file_that_was_spoilt_is_not_taken_for_what_it_was(tmp_path: Path) -> None:
    store = open_store(tmp_path / "store")
    store.put(digest(b"METADATA"), b"METADATA")
    (tmp_path / "store" / path_of(digest(b"METADATA"))).write_bytes(b"METADATO")
    with pytest.raises(MirrorError, match="is something else"):
        store.get(digest(b"METADATA"))


@contextmanager
def full_at(size: int) -> Iterator[None]:
    """No file of this process may grow beyond `size`: as good as a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_is_full_is_an_error_and_leaves_no_half(tmp_path: Path) -> None:
    store = open_store(tmp_path / "store")
    content = os.urandom(3_000_000)
    with full_at(2_000_000), pytest.raises(MirrorError, match="store could not be used"):
        store.put(digest(content), content)
    assert not store.has(digest(content))
    assert not list((tmp_path / "store" / "incoming").iterdir())
    store.put(digest(content), content)
    assert store.get(digest(content)) == content


def test_a_writer_that_is_killed_leaves_nothing_that_anybody_sees(tmp_path: Path) -> None:
    content = os.urandom(3_000_000)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    argv = (str(tmp_path / "store"), digest(content), str(pipe))
    with Child(*argv, module="tests.mirror.putting") as child, pipe.open("wb") as stream:
        stream.write(content[:2_000_000])
        stream.flush()
        incoming = tmp_path / "store" / "incoming"
        assert list(incoming.iterdir())
        other = open_store(tmp_path / "store")  # another process sweeps; this one is at work
        assert list(incoming.iterdir())
        child.kill()
    assert not other.has(digest(content))
    store = open_store(tmp_path / "store")
    assert not list(incoming.iterdir())
    store.put(digest(content), content)
    assert store.get(digest(content)) == content


def test_a_folder_that_is_gone_is_an_error(tmp_path: Path) -> None:
    store = open_store(tmp_path / "store")
    (tmp_path / "store" / "incoming").rmdir()
    (tmp_path / "store").rmdir()
    for use in (lambda: store.put(digest(b"x"), b"x"), store.check, lambda: store.get(digest(b""))):
        with pytest.raises(MirrorError):
            use()


# S3.


@SERVICES
def test_an_address_that_needs_no_key_does_not_last(s3_store: Store) -> None:
    s3_store.put(digest(b"x"), b"x")
    address = s3_store.presigned(digest(b"x"), timedelta(hours=1))
    assert address is not None
    assert "X-Amz-Expires=60&" in address
    with urlopen(address) as answer:  # noqa: S310 - on loopback
        assert answer.read() == b"x"
    with pytest.raises(HTTPError):
        urlopen(address.split("?", maxsplit=1)[0])  # noqa: S310


def test_a_folder_has_no_such_address(tmp_path: Path) -> None:
    assert open_store(tmp_path).presigned(digest(b"x"), timedelta(seconds=9)) is None


@SERVICES
def test_a_wrong_key_is_an_error(s3_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "guessed")
    refused = open_store(f"s3://{BUCKET}/else")
    for use in (refused.check, lambda: refused.put(digest(b"x"), b"x")):
        with pytest.raises(MirrorError):
            use()


def test_nobody_there_is_an_error_and_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_aws(monkeypatch)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-secret")
    store = open_store("s3://bucket", endpoint="http://127.0.0.1:9")
    with pytest.raises(MirrorError):
        store.has(digest(b"x"))


def test_a_server_that_overwrites_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_aws(monkeypatch)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-secret")

    with ThreadingHTTPServer(("127.0.0.1", 0), _Overwriting) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        store = open_store("s3://bucket", endpoint=f"http://127.0.0.1:{server.server_port}")
        with pytest.raises(MirrorError, match="overwrites what is there"):
            store.check()
        server.shutdown()


class _Overwriting(BaseHTTPRequestHandler):
    """Some servers ignore what the client makes a condition."""

    def do_PUT(self) -> None:
        assert self.headers["If-None-Match"] == "*"
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("ETag", '"x"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's
        """Say nothing."""


@pytest.mark.parametrize(
    "endpoint",
    ["http://s3.example.com", "ftp://127.0.0.1", "s3.example.com", "https://", "http://["],
)
@pytest.mark.parametrize("told", ["option", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])
def test_keys_are_not_sent_in_the_clear(
    monkeypatch: pytest.MonkeyPatch, endpoint: str, told: str
) -> None:
    forget_aws(monkeypatch)
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    if told != "option":
        monkeypatch.setenv(told, endpoint)
    with pytest.raises(UsageError, match="without TLS"):
        open_store("s3://bucket", endpoint=endpoint if told == "option" else None)


@pytest.mark.parametrize("address", ["s3://", "gs://bucket", "https://example.com/x"])
def test_what_is_no_address_of_a_store_is_refused(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    forget_aws(monkeypatch)
    with pytest.raises(UsageError):
        open_store(address)
