"""Pages as they were last seen: used while they hold, asked about when they may not, never half."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import pytest
import zstandard

from guard.mirror.kept import KeptPages
from guard.sources.cache import PageCache, Stored, stored_page
from guard.sources.http import FetchError, Response
from tests import faults
from tests.fakes import LoopbackIndex
from tests.sources.clients import some_pages
from tests.wheels import a_wheel

ANY: Final = "*/*"
DAY: Final = 86_400
KEY: Final = " https://packages.example.com/simple/frob/"
BODY: Final = b"a page"


def a_page(**headers: str) -> Stored | None:
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return stored_page(named, url="https://packages.example.com/", fetched_at=1000.0)


@pytest.fixture
def index() -> Iterator[LoopbackIndex]:
    with LoopbackIndex(cache_control="max-age=0") as running:
        running.add(a_wheel("frob", "1.0"))
        yield running


def got(
    index: LoopbackIndex,
    folder: Path,
    *,
    offline: bool = False,
    refresh: bool = False,
    user: str = "",
) -> Response:
    """The page of frob, as a new run of the guard gets it."""
    pages = some_pages(folder, offline=offline, refresh=refresh)
    return pages.get(f"{index.url}frob/", accept=ANY, limit=10_000, username=user)


@pytest.mark.parametrize(
    ("control", "seconds"),
    [
        ("max-age=60", 60),
        ("public, max-age=60, must-revalidate", 60),
        ("MAX-AGE=60", 60),
        ("max-age=0", 0),
        ("max-age=99999999", 600),
        ("no-cache", 0),
        ("no-cache, max-age=60", 0),
        ("", 600),
        ("max-age=soon", 600),
    ],
)
def test_how_long_a_page_holds(control: str, seconds: int) -> None:
    page = a_page(cache_control=control)
    assert page is not None
    assert page.max_age == seconds
    assert page.fresh(1000.0) is (seconds > 0)
    assert page.fresh(999.0 + seconds) is (seconds > 0)
    assert page.fresh(1000.0 + seconds) is False
    assert page.fresh(999.0) is False, "the clock has jumped"


def test_a_page_that_may_not_be_kept_is_not() -> None:
    assert a_page(cache_control="no-store") is None
    assert a_page(cache_control="private, No-Store") is None


def test_what_asks_whether_it_still_holds() -> None:
    page = a_page(etag='"1"', last_modified="Thu, 01 Jan 2026 00:00:00 GMT")
    assert page is not None
    assert page.validators() == {
        "If-None-Match": '"1"',
        "If-Modified-Since": "Thu, 01 Jan 2026 00:00:00 GMT",
    }
    bare = a_page()
    assert bare is not None
    assert bare.validators() == {}
    assert bare.confirmed(2000.0).fetched_at == 2000.0


@pytest.fixture(params=[PageCache, KeptPages])
def cache(request: pytest.FixtureRequest, tmp_path: Path) -> PageCache:
    kind: type[PageCache] = request.param
    return kind(tmp_path)


@pytest.mark.parametrize("content", [b"", b"no zstandard", zstandard.compress(b"a page")[:-1]])
def test_what_cannot_be_unpacked_is_not_there(content: bytes, tmp_path: Path) -> None:
    page = a_page()
    assert page is not None
    PageCache(tmp_path).save(KEY, page, content)  # with a hash that is right
    assert KeptPages(tmp_path).load(KEY) is None


def test_what_would_be_larger_than_any_page_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = a_page()
    assert page is not None
    kept = KeptPages(tmp_path)
    kept.save(KEY, page, b"0" * 1001)
    assert kept.load(KEY) is not None
    monkeypatch.setattr("guard.mirror.kept.PAGE_LIMIT", 1000)
    assert kept.load(KEY) is None


def test_a_page_is_kept_whole(cache: PageCache) -> None:
    page = a_page()
    assert cache.load(KEY) is None
    assert page is not None
    cache.save(KEY, page, BODY)
    found = cache.load(KEY)
    assert found is not None
    page = msgspec.structs.replace(page, body_sha256=found[0].body_sha256)
    assert found == (page, BODY)
    assert cache.load(f"user{KEY}") is None
    cache.save(KEY, page.confirmed(2000.0))
    assert cache.load(KEY) == (page.confirmed(2000.0), BODY)


@pytest.mark.parametrize("suffix", [".body", ".json"])
@pytest.mark.parametrize("damage", [b"", b"a pagf", b"{}", b"\xff", b'{"url": 1}', None])
def test_a_page_that_was_damaged_is_not_there(
    cache: PageCache, damage: bytes | None, suffix: str, tmp_path: Path
) -> None:
    page = a_page()
    assert page is not None
    cache.save(KEY, page, BODY)
    (path,) = tmp_path.glob(f"*{suffix}")
    path.unlink()
    if damage is not None:
        path.write_bytes(damage)
    assert cache.load(KEY) is None


def test_the_body_of_another_page_is_not_taken_for_its_own(cache: PageCache) -> None:
    page = a_page()
    other = stored_page({}, url="https://other.example/", fetched_at=1.0)
    assert page is not None
    assert other is not None
    cache.save(KEY, page, BODY)
    cache.save(KEY, other)
    assert cache.load(KEY) is None


@pytest.mark.skipif(os.name != "posix", reason="files have no modes here")
def test_only_its_user_may_read_what_was_seen(tmp_path: Path) -> None:
    page = a_page()
    assert page is not None
    PageCache(tmp_path / "pages").save(KEY, page, BODY)
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "pages").iterdir()}
    assert (modes, (tmp_path / "pages").stat().st_mode & 0o777) == ({0o600}, 0o700)


def test_a_folder_that_cannot_be_used_is_no_error(index: LoopbackIndex, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file/below"):
        assert b"frob" in got(index, folder).body
        assert b"frob" in got(index, folder).body
    assert len(index.requests) == 4


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root gives away")
def test_what_another_user_has_put_there_is_not_read(tmp_path: Path) -> None:
    page = a_page()
    assert page is not None
    PageCache(tmp_path / "pages").save(KEY, page, BODY)
    os.chown(tmp_path / "pages", 12345, 12345)
    assert PageCache(tmp_path / "pages").load(KEY) is None


def test_a_page_that_has_not_changed_does_not_come_again(
    index: LoopbackIndex, tmp_path: Path
) -> None:
    first = got(index, tmp_path)
    assert got(index, tmp_path) == Response(
        200, first.url, {"content-type": first.headers["content-type"]}, first.body
    )
    assert [seen.headers.get("if-none-match") for seen in index.requests] == [
        None,
        first.headers["etag"],
    ]


def test_a_page_that_has_changed_comes_anew(index: LoopbackIndex, tmp_path: Path) -> None:
    got(index, tmp_path)
    index.add(a_wheel("frob", "2.0"))
    for _ in range(2):
        assert b"frob-2.0" in got(index, tmp_path).body


def test_a_damaged_page_is_fetched_anew(index: LoopbackIndex, tmp_path: Path) -> None:
    body = got(index, tmp_path).body
    (path,) = tmp_path.glob("*.body")
    path.write_bytes(b"evil")
    assert got(index, tmp_path).body == body
    assert index.requests[1].headers.get("if-none-match") is None


@pytest.mark.parametrize(
    ("control", "requests"), [("max-age=600", 1), (None, 1), ("no-store", 2), ("no-cache", 2)]
)
def test_how_often_a_page_is_asked_for(control: str | None, requests: int, tmp_path: Path) -> None:
    with LoopbackIndex(cache_control=control) as index:
        index.add(a_wheel("frob", "1.0"))
        for _ in range(2):
            assert b"frob" in got(index, tmp_path).body
        assert len(index.requests) == requests
        assert len(list(tmp_path.iterdir())) == (0 if control == "no-store" else 2)


def test_refreshing_asks_whatever_is_cached(tmp_path: Path) -> None:
    with LoopbackIndex() as index:
        index.add(a_wheel("frob", "1.0"))
        got(index, tmp_path)
        got(index, tmp_path, refresh=True)
        assert len(index.requests) == 2


def test_two_users_may_be_shown_different_pages(index: LoopbackIndex, tmp_path: Path) -> None:
    got(index, tmp_path, user="one")
    got(index, tmp_path, user="two")
    assert [seen.headers.get("if-none-match") for seen in index.requests] == [None, None]


def test_offline_what_was_seen_lately_is_enough(index: LoopbackIndex, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="offline"):
        got(index, tmp_path, offline=True)
    body = got(index, tmp_path).body
    assert got(index, tmp_path, offline=True).body == body
    assert len(index.requests) == 1


@pytest.mark.parametrize(("days", "known"), [(6, True), (8, False), (-1, False)])
def test_offline_what_was_seen_long_ago_is_not(
    days: int, known: bool, index: LoopbackIndex, tmp_path: Path
) -> None:
    body = got(index, tmp_path).body
    (path,) = tmp_path.glob("*.json")
    stored = json.loads(path.read_text())
    stored["fetched_at"] = time.time() - days * DAY
    path.write_text(json.dumps(stored))
    if known:
        assert got(index, tmp_path, offline=True).body == body
    else:
        with pytest.raises(FetchError, match="not seen within the last 7 days"):
            got(index, tmp_path, offline=True)


def test_a_server_that_says_nothing_has_changed_to_whoever_knows_nothing(
    index: LoopbackIndex, tmp_path: Path
) -> None:
    index.fault("*", faults.status(304))
    with pytest.raises(FetchError, match="nothing was cached"):
        got(index, tmp_path)


def test_a_page_is_relative_to_where_it_was_found(index: LoopbackIndex, tmp_path: Path) -> None:
    pages = some_pages(tmp_path)
    for _ in range(2):
        response = pages.get(f"{index.url}Frob", accept=ANY, limit=10_000)
        assert response.url == f"{index.url}frob/"


def test_documents_of_this_disk_are_read_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("a page")
    pages = some_pages(tmp_path / "cache")
    page = pages.get(f"{tmp_path.as_uri()}/", accept=ANY, limit=10)
    assert (page.body, page.headers["content-type"]) == (b"a page", "text/html")
    assert pages.get((tmp_path / "index.html").as_uri(), accept=ANY, limit=10).body == b"a page"
    assert not (tmp_path / "cache").exists()
