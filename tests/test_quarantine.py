"""The quarantine: a whole file or none, whatever happens, and never bytes under a wrong name."""

from __future__ import annotations

import concurrent.futures
import errno
import hashlib
import os
import stat
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.errors import QuarantineError
from guard.quarantine import Quarantine, TooLargeError

NAME: Final = "frob-1.0-py3-none-any.whl"
BODY: Final = b"the bytes of a wheel"
SHA256: Final = hashlib.sha256(BODY).hexdigest()

posix_only = pytest.mark.skipif(os.name != "posix", reason="folders have no modes here")


@pytest.fixture
def store(tmp_path: Path) -> Quarantine:
    return Quarantine(tmp_path / "cache/quarantine")


def files(store: Quarantine) -> list[str]:
    """Every file below the store, temporary ones too."""
    paths = store.root.rglob("*") if store.root.exists() else ()
    return sorted(str(p.relative_to(store.root)) for p in paths if p.is_file())


def failing(error: BaseException) -> Iterator[bytes]:
    yield BODY
    raise error


def test_a_file_arrives_under_its_digest(store: Quarantine) -> None:
    arrival = store.receive(NAME, [BODY[:5], b"", BODY[5:]], limit=len(BODY))
    assert arrival.path.read_bytes() == BODY
    assert arrival.digests == {"sha256": SHA256}
    assert arrival.size == len(BODY)
    assert files(store) == [f"files/{SHA256[:2]}/{SHA256}/{NAME}"]


def test_other_digests_are_computed_where_they_are_asked_for(store: Quarantine) -> None:
    sha512 = hashlib.sha512(BODY).hexdigest()
    arrival = store.receive(NAME, [BODY], limit=99, algorithms=["sha512"])
    assert arrival.digests == {"sha256": SHA256, "sha512": sha512}
    found = store.find(SHA256, NAME, ["sha512"])
    assert found is not None
    assert found.digests == arrival.digests


def test_an_empty_file_is_a_file(store: Quarantine) -> None:
    arrival = store.receive(NAME, [], limit=0)
    assert (arrival.size, arrival.path.read_bytes()) == (0, b"")


@pytest.mark.parametrize(("limit", "fits"), [(len(BODY), True), (len(BODY) - 1, False), (0, False)])
def test_not_a_byte_more_than_the_limit(limit: int, *, fits: bool, store: Quarantine) -> None:
    if fits:
        store.receive(NAME, [BODY], limit=limit)
        return
    with pytest.raises(TooLargeError):
        store.receive(NAME, [BODY], limit=limit)
    assert files(store) == []


def test_no_more_is_taken_once_the_limit_is_passed(store: Quarantine) -> None:
    taken = []

    def endless() -> Iterator[bytes]:
        while True:
            taken.append(1)
            yield b"x" * 10

    with pytest.raises(TooLargeError):
        store.receive(NAME, endless(), limit=25)
    assert len(taken) == 3


@pytest.mark.parametrize(
    "error",
    [
        KeyboardInterrupt(),
        SystemExit(),
        ValueError(),
        MemoryError(),
        GeneratorExit(),
        RuntimeError(),
    ],
)
def test_whatever_interrupts_it_nothing_is_left(error: BaseException, store: Quarantine) -> None:
    with pytest.raises(type(error)):
        store.receive(NAME, failing(error), limit=99)
    assert files(store) == []
    assert store.find(SHA256, NAME) is None


def test_a_full_disk_is_said_and_nothing_is_left(store: Quarantine) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(QuarantineError, match="could not be used") as caught:
        store.receive(NAME, failing(full), limit=99)
    assert caught.value.reason == "No space left on device"
    assert caught.value.hint == "free some space, or name another folder in GUARD_CACHE_DIR"
    assert files(store) == []


@pytest.mark.parametrize("place", ["", "tmp", "files"])
def test_a_place_that_is_no_folder_is_said_and_nothing_is_left(
    place: str, store: Quarantine
) -> None:
    """As a folder that may not be written: but root may write everywhere."""
    path = store.root / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("in the way")
    with pytest.raises(QuarantineError, match="could not be used"):
        store.receive(NAME, [BODY], limit=99)
    assert path.read_text() == "in the way"
    assert not list(store.root.rglob("*.part"))


def test_a_folder_in_the_place_of_the_file_is_said(store: Quarantine) -> None:
    (store.root / "files" / SHA256[:2] / SHA256 / NAME / "x").mkdir(parents=True)
    with pytest.raises(QuarantineError, match="could not be used"):
        store.receive(NAME, [BODY], limit=99)
    assert files(store) == []


@posix_only
def test_only_its_user_may_look(store: Quarantine) -> None:
    old = os.umask(0)
    try:
        store.root.mkdir(parents=True, mode=0o777)
        arrival = store.receive(NAME, [BODY], limit=99)
    finally:
        os.umask(old)
    modes = [stat.S_IMODE(p.stat().st_mode) for p in (store.root, store.root / "tmp", arrival.path)]
    assert modes == [0o700, 0o700, 0o600]


@posix_only
@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root gives away")
def test_the_folder_of_another_user_is_refused(store: Quarantine) -> None:
    store.root.mkdir(parents=True)
    os.chown(store.root, 12345, 12345)
    with pytest.raises(QuarantineError, match="could not be used") as caught:
        store.receive(NAME, [BODY], limit=99)
    assert "belongs to another user" in str(caught.value.reason)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "/",
        "a/b",
        "../frob.whl",
        "/etc/passwd",
        "a\\b",
        "..\\frob.whl",
        "a\x00b",
        "a/",
    ],
)
def test_a_name_that_is_none_is_refused_before_anything_comes(name: str, store: Quarantine) -> None:
    with pytest.raises(QuarantineError, match="is not a file name"):
        store.receive(name, failing(AssertionError("a byte was taken")), limit=99)
    with pytest.raises(QuarantineError, match="is not a file name"):
        store.find(SHA256, name)
    assert files(store) == []


@pytest.mark.parametrize("digest", ["../..", "", "ab/cd", "..", "\x00"])
def test_a_digest_that_is_a_path_is_refused(digest: str, store: Quarantine) -> None:
    with pytest.raises(QuarantineError, match="is no digest"):
        store.find(digest, NAME)


@given(name=st.text(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_name_is_one_file_in_the_store_or_refused(
    name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.getbasetemp() / "any/quarantine"
    store = Quarantine(root)
    before = len(files(store))
    try:
        arrival = store.receive(name, [name.encode("utf-8", "surrogatepass")], limit=9999)
    except QuarantineError:
        assert len(files(store)) == before
        return
    assert arrival.path.parent.parent.parent == root / "files"
    assert arrival.path.name == name


def test_a_file_is_found_by_its_digest_and_its_name(store: Quarantine) -> None:
    arrival = store.receive(NAME, [BODY], limit=99)
    assert store.find(SHA256, NAME) == arrival
    assert store.find(SHA256, "other.whl") is None
    assert store.find("0" * 64, NAME) is None
    assert Quarantine(store.root / "elsewhere").find(SHA256, NAME) is None


@pytest.mark.parametrize("body", [b"other bytes", b"", BODY + b"\0", BODY[:-1]])
def test_a_file_that_was_tampered_with_is_not_found_again(body: bytes, store: Quarantine) -> None:
    arrival = store.receive(NAME, [BODY], limit=99)
    arrival.path.write_bytes(body)
    assert store.find(SHA256, NAME) is None
    assert not arrival.path.exists()


def test_a_file_in_the_place_of_another_is_not_taken_for_it(store: Quarantine) -> None:
    other = store.receive(NAME, [b"evil bytes"], limit=99)
    good = store.root / "files" / SHA256[:2] / SHA256
    good.mkdir(parents=True)
    (good / NAME).symlink_to(other.path)
    assert store.find(SHA256, NAME) is None


def test_a_store_that_cannot_be_read_is_said(store: Quarantine) -> None:
    (store.root / "files" / SHA256[:2] / SHA256 / NAME).mkdir(parents=True)
    with pytest.raises(QuarantineError, match="could not be used"):
        store.find(SHA256, NAME)


def test_two_writers_of_one_file_leave_one_whole_file(store: Quarantine) -> None:
    together = threading.Barrier(4)

    def slowly() -> Iterator[bytes]:
        for byte in BODY:
            together.wait()
            yield bytes([byte])

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        arrivals = list(pool.map(lambda _: store.receive(NAME, slowly(), limit=99), range(4)))
    assert len(set(map(str, arrivals))) == 1
    assert files(store) == [f"files/{SHA256[:2]}/{SHA256}/{NAME}"]
    assert arrivals[0].path.read_bytes() == BODY


def test_a_reader_never_sees_half_a_file(store: Quarantine) -> None:
    def watched() -> Iterator[bytes]:
        for byte in BODY:
            yield bytes([byte])
            assert store.find(SHA256, NAME) is None
            assert list(store.entries()) == []

    store.receive(NAME, watched(), limit=99)
    assert store.find(SHA256, NAME) is not None


def test_purging_removes_what_was_named(store: Quarantine) -> None:
    bodies = [b"1", b"2", b"3"]
    digests = [store.receive(NAME, [body], limit=9).digests["sha256"] for body in bodies]
    assert [path.parent.name for path in store.entries()] == sorted(digests)
    assert store.purge(digests[0]) == 1
    assert store.find(digests[0], NAME) is None
    assert store.purge("no such digest") == 0
    assert store.purge() == 2
    assert files(store) == []
    assert store.purge() == 0


def test_purging_stays_within_the_store(store: Quarantine, tmp_path: Path) -> None:
    store.receive(NAME, [BODY], limit=99)
    (tmp_path / "mine").write_text("kept")
    for prefix in ("..", "../..", "/", str(tmp_path), "*"):
        assert store.purge(prefix) == 0
    assert (tmp_path / "mine").read_text() == "kept"
    assert store.find(SHA256, NAME) is not None
