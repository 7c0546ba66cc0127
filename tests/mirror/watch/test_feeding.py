"""One replica fetches advisories, and all judge by the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from guard.advisory.store import Snapshot
from guard.errors import MirrorError, SourceError
from guard.mirror.database.notices import Notices
from guard.mirror.records import State
from guard.mirror.watch.feeding import Feeding, Following, newest
from guard.mirror.watch.snapshots import Snapshots
from guard.model import Unknown
from guard.sources.advisories import STORE
from tests.advisory.records import Document, a_record, a_snapshot
from tests.builders import NOW
from tests.mirror.backends import embedded_only
from tests.mirror.watch.conftest import FROB
from tests.mirror.watch.sites import Replica, Site

MALICIOUS = a_record("MAL-2026-7", versions=("1.0",), project="frob")
HOUR = timedelta(hours=1)


class Feed:
    """A server of advisories, as it is asked through `fetch`."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.records: tuple[Document, ...] = ()
        self.fetched = 0
        self.broken = False
        self.moment: datetime | None = None

    def __call__(self, folder: Path) -> Snapshot:
        self.fetched += 1
        if self.broken:
            raise SourceError("no advisories were taken", reason="HTTP 500")
        snapshot = a_snapshot(folder, *self.records, now=self.moment or self.site.clock()).snapshot
        assert not isinstance(snapshot, Unknown)
        return snapshot


@pytest.fixture
def feed(site: Site) -> Feed:
    return Feed(site)


def fed(replica: Replica, feed: Feed, name: str = "one") -> Callable[[], None]:
    """Have a replica follow the mirror's advisories; return what its chore does."""
    folder = feed.site.folder / name / "advisories"
    following = Following(replica.mirror, folder, Snapshots(feed.site.folder / "advisories"))
    replica.own.judge._outside = replace(replica.own.judge._outside, advisories=following)
    feeding = Feeding(replica.mirror, feed.site.folder / name / "feed", feed, every=HOUR)
    return feeding.tick


def test_one_replica_fetches_and_all_judge_by_it(site: Site, feed: Feed) -> None:
    with site.replica("one") as one, site.replica("two") as two:
        chores = [fed(one, feed), fed(two, feed, "two")]
        assert one.file(FROB).status == 200
        feed.records = (MALICIOUS,)
        for chore in chores:
            chore()
        assert feed.fetched == 1
        site.clock.passes(seconds=6)
        one.second()
        two.second()
        assert one.own.judge.epoch == two.own.judge.epoch
        two.monitor.tick()
        assert one.state(FROB) is State.REVOKED


def test_what_is_not_new_changes_nothing(replica: Replica, feed: Feed) -> None:
    chore = fed(replica, feed)
    chore()
    first = newest(replica.mirror.database)
    replica.site.clock.passes(minutes=59)
    chore()
    assert feed.fetched == 1
    replica.site.clock.passes(minutes=2)
    feed.moment = NOW  # the export is still the one of then
    chore()
    assert feed.fetched == 2
    known = newest(replica.mirror.database)
    assert first is not None
    assert known == replace(first, tried_at=replica.site.clock())


def test_a_feed_that_fails_leaves_what_there_is_and_is_told_of_once(
    replica: Replica, feed: Feed
) -> None:
    chore = fed(replica, feed)
    chore()
    before = newest(replica.mirror.database)
    feed.broken = True
    for _ in range(3):
        replica.site.clock.passes(hours=2)
        chore()
    chore()  # not before some minutes are over
    assert feed.fetched == 4
    assert newest(replica.mirror.database) == before
    feed.broken = False
    replica.site.clock.passes(hours=2)
    chore()
    told = [notice.event for notice in Notices(replica.mirror.database).after(0, limit=9)]
    assert told == ["feed.failed", "feed.recovered"]


@embedded_only
def test_advisories_that_were_tampered_with_in_the_store_are_not_taken(
    replica: Replica, feed: Feed
) -> None:
    fed(replica, feed)()
    known = newest(replica.mirror.database)
    assert known is not None
    stored = replica.site.folder / "store/sha256" / known.sha256[:2] / known.sha256
    stored.chmod(0o600)
    stored.write_bytes(b"something else")
    replica.site.clock.passes(seconds=6)
    with pytest.raises(MirrorError, match="are others"):
        replica.second()
    assert not (replica.site.folder / "one/advisories" / STORE).exists()


@embedded_only
def test_while_the_store_is_away_the_ones_before_are_used(replica: Replica, feed: Feed) -> None:
    chore = fed(replica, feed)
    chore()
    replica.site.clock.passes(seconds=6)
    replica.second()
    epoch = replica.own.judge.epoch
    feed.records = (MALICIOUS,)
    replica.site.clock.passes(hours=2)
    chore()
    known = newest(replica.mirror.database)
    assert known is not None
    (replica.site.folder / "store/sha256" / known.sha256[:2] / known.sha256).unlink()
    replica.site.clock.passes(seconds=6)
    replica.second()
    assert replica.own.judge.epoch == epoch
