"""Bringing a snapshot of advisories: whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from guard.advisory.store import Snapshot
from guard.errors import SourceError
from guard.sources.advisories import AdvisorySource, snapshot_in
from guard.sources.feed import Expected, import_file, shown, update
from tests import faults
from tests.advisory.records import a_record, an_export, ids
from tests.builders import NOW, a_digest, ago
from tests.fakes import LoopbackIndex
from tests.sources.clients import a_client
from tests.wheels import Artifact

FROB = canonicalize_name("frob")
FIXED = a_record("PYSEC-2026-1", ("introduced", "0"), ("fixed", "1.2"))
LISTED = a_record("MAL-2026-1", versions=("1.5",))


class Feed:
    """The export on a server."""

    def __init__(self, index: LoopbackIndex, folder: Path) -> None:
        self.index = index
        self.folder = folder

    @property
    def url(self) -> str:
        return self.index.file_url("all.zip")

    def serves(self, content: bytes) -> None:
        export = Artifact(
            name="all", version="0", filename="all.zip", content=content, metadata=b""
        )
        self.index.add(export)

    def update(self, **changes: Any) -> Snapshot:
        url = changes.pop("url", self.url)
        return update(self.folder, url, a_client(), Expected(**changes), now=NOW)

    def known(self) -> list[str]:
        return ids(AdvisorySource(self.folder).of(FROB, Version("1")))


@pytest.fixture
def feed(tmp_path: Path) -> Iterator[Feed]:
    with LoopbackIndex() as index:
        feed = Feed(index, tmp_path / "advisories")
        feed.serves(an_export(FIXED))
        yield feed


def test_an_update_replaces_what_was_here(feed: Feed) -> None:
    snapshot = feed.update()
    assert snapshot == snapshot_in(feed.folder)
    assert (snapshot.source, snapshot.records, snapshot.as_of) == (feed.url, 1, ago(hours=1))
    assert snapshot.sha256 == a_digest(an_export(FIXED))
    assert feed.known() == ["PYSEC-2026-1"]
    feed.serves(an_export(a_record("PYSEC-2026-2", ("introduced", "0"))))
    feed.update()
    assert feed.known() == ["PYSEC-2026-2"]
    assert [path.name for path in feed.folder.iterdir()] == ["osv.sqlite"]


@pytest.mark.parametrize(
    "fault",
    [
        faults.status(404),
        faults.status(403),
        faults.status(503),
        faults.reset(10),
        faults.truncated(10),
    ],
)
def test_an_update_that_fails_leaves_what_was_here(feed: Feed, fault: faults.Fault) -> None:
    feed.update()
    feed.index.fault("*", fault)
    with pytest.raises(SourceError) as caught:
        feed.update()
    assert "could not be fetched" in str(caught.value.reason)
    assert feed.known() == ["PYSEC-2026-1"]
    assert [path.name for path in feed.folder.iterdir()] == ["osv.sqlite"]


def test_a_body_that_broke_off_is_fetched_anew(feed: Feed) -> None:
    feed.index.fault("*", faults.truncated(10), times=1)
    assert feed.update().sha256 == a_digest(an_export(FIXED))


@pytest.mark.parametrize("content", [b"", b"<html>", an_export(), an_export(b"{}")])
def test_what_is_no_export_leaves_what_was_here(feed: Feed, content: bytes) -> None:
    feed.update()
    feed.serves(content)
    with pytest.raises(SourceError):
        feed.update()
    assert feed.known() == ["PYSEC-2026-1"]


def test_another_digest_than_the_expected_one_is_refused(feed: Feed) -> None:
    feed.update(sha256=a_digest(an_export(FIXED)))
    feed.serves(an_export(LISTED))
    with pytest.raises(SourceError) as caught:
        feed.update(sha256=a_digest(an_export(FIXED)))
    assert a_digest(an_export(LISTED)) in str(caught.value.reason)
    assert feed.known() == ["PYSEC-2026-1"]


def test_an_export_without_an_end_is_left(feed: Feed) -> None:
    feed.index.fault("*", faults.endless())
    with pytest.raises(SourceError) as caught:
        feed.update(limit=1000)
    assert "more than 1000 bytes" in str(caught.value.reason)


def test_a_password_is_not_remembered(feed: Feed) -> None:
    url = feed.url.replace("//", "//user:p4ss@") + "?token=t0ken#x"
    assert "p4ss" not in shown(url) + shown("https://[p4ss")
    feed.update(url=url)
    content = (feed.folder / "osv.sqlite").read_bytes()
    assert b"p4ss" not in content
    assert b"t0ken" not in content
    feed.index.fault("*", faults.status(404))
    with pytest.raises(SourceError) as caught:
        feed.update(url=url)
    assert "p4ss" not in f"{caught.value.message} {caught.value.reason} {caught.value.hint}"


def test_a_file_is_taken_as_it_was_when_it_was_compared(tmp_path: Path) -> None:
    path = tmp_path / "all.zip"
    path.write_bytes(an_export(FIXED))
    snapshot = import_file(
        tmp_path / "there", path, Expected(sha256=a_digest(an_export(FIXED))), now=NOW
    )
    assert snapshot.source == str(path)
    with pytest.raises(SourceError):
        import_file(tmp_path / "there", path, Expected(sha256=a_digest(b"other")), now=NOW)
    with pytest.raises(SourceError, match=r"all\.zip"):
        import_file(tmp_path / "there", tmp_path / "no" / "all.zip", now=NOW)


def test_an_old_export_is_old_whenever_it_was_fetched(feed: Feed) -> None:
    feed.serves(an_export(a_record("X-1", ("introduced", "0"), modified=ago(days=400))))
    assert NOW - feed.update().as_of == timedelta(days=400)
