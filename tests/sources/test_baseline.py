"""The release that a young file is compared with: which one is chosen, and what is read of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from guard.artifact.content import Content
from guard.model import Absent, Baseline, Fact, File, FileKind, Unknown
from guard.quarantine import Quarantine
from guard.sources.baseline import Baselines
from guard.sources.index import Located
from tests import faults
from tests.builders import a_file, ago
from tests.fakes import LoopbackIndex
from tests.faults import Fault
from tests.sources.clients import a_client, a_source, some_contents, the_index
from tests.wheels import Artifact, a_wheel, an_sdist

WEEK: Final = timedelta(days=7)
TODAY: Final = ago(hours=1)
OLD: Final = a_wheel("frob", "1.0", files={"frob.py": "old = True"}, requires=["dep>=1"])
NEW: Final = a_wheel("frob", "1.1", files={"frob.py": "new = True"}, requires=["dep>=1", "more"])
EVIL: Final = a_wheel("frob", "1.0", files={"frob.py": "evil = True"})
LINUX: Final = "cp312-cp312-manylinux_2_28_x86_64"


@dataclass
class Past:
    """An index with a past, and a folder in which runs of the guard keep what they have seen."""

    index: LoopbackIndex
    folder: Path

    def up(self, version: str, uploaded: datetime | None, **more: str) -> Artifact:
        """Another wheel on the index."""
        wheel = a_wheel("frob", version, **more)  # type: ignore[arg-type]
        self.index.add(wheel, uploaded=uploaded)
        return wheel

    def baselines(self, *, refresh: bool = False) -> Baselines:
        contents = some_contents(self.folder / "contents", use_results=not refresh)
        quarantine = Quarantine(self.folder / "quarantine")
        source = a_source(self.folder / "pages", the_index(self.index), refresh=True)
        return Baselines(source, a_client(), quarantine, contents)

    def file(self, artifact: Artifact) -> File:
        return a_file(
            artifact.name,
            artifact.version,
            filename=artifact.filename,
            url=self.index.file_url(artifact.filename),
            hashes={"sha256": artifact.sha256},
        )

    def of(self, artifact: Artifact, settled: timedelta = WEEK) -> Fact[Baseline]:
        """The baseline of `artifact` in a new run."""
        baselines, file = self.baselines(), self.file(artifact)
        return baselines.of(file, baselines.index.locate(file), settled)

    def version(self, artifact: Artifact) -> str | None:
        """The version of it, `None` where there is none."""
        found = self.of(artifact)
        assert not isinstance(found, Unknown), found
        return None if isinstance(found, Absent) else str(found.file.version)

    def baseline(self) -> Baseline:
        """The baseline of `NEW`, which nobody has opened."""
        found = self.of(NEW)
        assert isinstance(found, Baseline), found
        return found

    def downloads(self) -> list[str]:
        seen = (request.location for request in self.index.requests)
        return [path.rpartition("/")[2] for path in seen if path.startswith("/files/")]


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Past]:
    with LoopbackIndex() as index:
        yield Past(index, tmp_path)


@pytest.fixture
def past(empty: Past) -> Past:
    """1.0 a month ago, 1.1 today."""
    empty.index.add(OLD, uploaded=ago(days=30))
    empty.index.add(NEW, uploaded=TODAY)
    return empty


def contents(baseline: Baseline) -> Content:
    assert isinstance(baseline.content, Content), baseline.content
    return baseline.content


def test_it_is_the_release_before(past: Past) -> None:
    baseline = past.baseline()
    assert baseline.file == replace(past.file(OLD), size=len(OLD.content))
    assert baseline.listing.upload_time == ago(days=30)
    assert past.downloads() == []


def test_the_second_release_of_a_takeover_is_not_compared_with_the_first(past: Past) -> None:
    past.up("1.0.1", ago(hours=2))
    past.up("1.0.2", ago(days=6.9))
    assert past.version(NEW) == "1.0"


@pytest.mark.parametrize(("days", "expected"), [(7, "1.0.1"), (6.99, "1.0")])
def test_it_had_been_up_for_the_cooldown_when_the_file_came(
    past: Past, days: float, expected: str
) -> None:
    past.up("1.0.1", TODAY - timedelta(days=days))
    assert past.version(NEW) == expected


def test_what_came_first_is_settled_by_now_but_was_not_then(past: Past) -> None:
    past.index.add(OLD, uploaded=ago(days=90))
    past.up("1.0.1", ago(days=60))
    second = past.up("1.0.2", ago(days=59))
    assert past.version(second) == "1.0"


def test_a_backport_is_compared_with_its_own_line(past: Past) -> None:
    past.up("2.0", ago(days=20))
    assert past.version(NEW) == "1.0"


def test_a_release_below_all_others_is_compared_all_the_same(past: Past) -> None:
    lowest = past.up("0.0.1", TODAY)
    assert past.version(lowest) == "1.0"


def test_a_yanked_release_nobody_saw_does_not_count(past: Past) -> None:
    past.index.add(a_wheel("frob", "1.0.1"), uploaded=ago(days=20), yanked="never mind")
    assert past.version(NEW) == "1.0"


def test_a_pre_release_nobody_saw_does_not_count(past: Past) -> None:
    early = past.up("1.1rc1", ago(days=20))
    assert past.version(NEW) == "1.0"
    later = past.up("1.1rc2", ago(days=3))
    assert past.version(later) == early.version


def test_where_there_are_only_pre_releases_they_count(empty: Past) -> None:
    empty.up("1.0b1", ago(days=20))
    assert empty.version(empty.up("1.0", TODAY)) == "1.0b1"


def test_a_file_added_to_an_old_release_does_not_count(empty: Past) -> None:
    empty.up("0.9", ago(days=100))
    empty.index.add(an_sdist("frob", "1.0"), uploaded=ago(days=90))
    empty.up("1.0", ago(days=20))
    assert empty.version(empty.up("1.1", TODAY)) == "0.9"


def test_a_file_added_to_its_own_old_release_is_compared_with_the_others(past: Past) -> None:
    added = past.up("1.0", TODAY, tag=LINUX)
    assert past.version(added) == "1.0"


def test_the_other_files_of_its_own_release_are_as_new_as_itself(past: Past) -> None:
    past.up("1.1", ago(hours=2), tag=LINUX)
    assert past.version(NEW) == "1.0"


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("cp312-cp312-manylinux_2_28_x86_64", "cp312-cp312-manylinux_2_17_x86_64"),
        ("cp312-cp312-musllinux_1_2_x86_64", "cp312-cp312-manylinux_2_17_x86_64"),
        ("cp313-cp313-win_amd64", "cp312-cp312-win_amd64"),
        ("py3-none-any", "py2.py3-none-any"),
    ],
)
def test_of_several_wheels_it_is_the_one_most_alike(empty: Past, tag: str, expected: str) -> None:
    tags = ("cp312-cp312-manylinux_2_17_x86_64", "cp312-cp312-win_amd64", "py2.py3-none-any")
    for each in (*tags, "cp311-cp311-macosx_11_0_arm64"):
        empty.up("1.0", ago(days=30), tag=each)
    found = empty.of(empty.up("1.1", TODAY, tag=tag))
    assert isinstance(found, Baseline)
    assert found.file.filename == f"frob-1.0-{expected}.whl"


def test_a_first_release_has_none(empty: Past) -> None:
    empty.index.add(NEW, uploaded=TODAY)
    assert empty.of(NEW) == Absent("there is no earlier release with a wheel")
    empty.index.add(an_sdist("frob", "1.0"), uploaded=ago(days=30))
    assert isinstance(empty.of(NEW), Absent)
    empty.up("1.0.1", ago(days=1))
    assert isinstance(empty.of(NEW), Absent)


def test_names_that_are_of_no_release_are_passed_over(past: Past) -> None:
    for name in ("frob-1.0.9.whl", "other-1.0.5-py3-none-any.whl", f"frob-{'9' * 200}x.whl", "a"):
        past.index.add(replace(OLD, filename=name), uploaded=ago(days=30))
    assert past.version(NEW) == "1.0"


@pytest.mark.parametrize(
    "plain", [partial(LoopbackIndex, json=False), partial(LoopbackIndex, upload_times=False)]
)
def test_without_upload_times_it_is_the_release_before(
    plain: partial[LoopbackIndex], tmp_path: Path
) -> None:
    with plain() as index:
        past = Past(index, tmp_path)
        for wheel in (OLD, NEW):
            index.add(wheel)
        past.up("1.1", None, tag=LINUX)
        assert past.version(NEW) == "1.0"


def test_what_has_no_version_or_is_no_wheel_has_none(past: Past) -> None:
    sdist = an_sdist("frob", "1.1")
    past.index.add(sdist, uploaded=TODAY)
    baselines = past.baselines()
    file = replace(past.file(sdist), kind=FileKind.SDIST)
    assert isinstance(baselines.of(file, baselines.index.locate(file), WEEK), Absent)
    file = replace(past.file(NEW), version=None)
    assert isinstance(baselines.of(file, baselines.index.locate(file), WEEK), Absent)


@pytest.mark.parametrize("reason", [Absent("a local file"), Unknown("the index is down")])
def test_where_nothing_is_known_of_the_file_nothing_is_known_of_its_past(
    past: Past, reason: Absent | Unknown
) -> None:
    place = Located(origin=reason, listing=reason, status=reason)
    assert past.baselines().of(past.file(NEW), place, WEEK) == reason


def test_an_entry_that_cannot_be_read_is_not_passed_over(past: Past) -> None:
    other = replace(OLD, filename="frob-1.0.1-py3-none-any.whl")
    past.index.add(other, uploaded=ago(days=30), url="ftp://files.example.com/frob")
    found = past.of(NEW)
    assert isinstance(found, Unknown)
    assert "ftp://files.example.com/frob" in found.reason


def test_its_requirements_come_from_the_metadata_file(past: Past) -> None:
    found = past.baselines().requiring(past.baseline())
    assert found.requires_dist == ("dep>=1",)
    assert isinstance(found.content, Unknown)
    assert past.downloads() == [f"{OLD.filename}.metadata"]
    assert past.baselines().requiring(past.baseline()).requires_dist == ("dep>=1",)
    assert past.downloads() == [f"{OLD.filename}.metadata"]


@pytest.mark.parametrize(
    "fault",
    [
        faults.status(404),
        faults.status(503),
        faults.truncated(10),
        faults.endless(),
        faults.replaced(b"Requires-Dist: more\n"),
    ],
)
def test_a_metadata_file_that_is_not_the_promised_one_says_nothing(
    past: Past, fault: Fault
) -> None:
    past.index.fault("*.metadata", fault)
    found = past.baselines().requiring(past.baseline())
    assert isinstance(found.requires_dist, Unknown)


def test_without_a_metadata_file_a_small_wheel_is_read(past: Past) -> None:
    past.index.add(OLD, uploaded=ago(days=30), metadata=False)
    assert past.baselines().requiring(past.baseline()).requires_dist == ("dep>=1",)
    assert past.downloads() == [OLD.filename]


@pytest.mark.parametrize("known", [True, False])
def test_without_a_metadata_file_a_large_wheel_is_left(past: Past, known: bool) -> None:
    large = a_wheel("frob", "1.0", files={"frob/data": bytes(1 << 20)})
    past.index.add(large, uploaded=ago(days=30), metadata=False, size=known)
    found = past.baselines().requiring(past.baseline())
    assert isinstance(found.requires_dist, Absent)
    assert past.downloads() == []


def test_what_was_opened_before_is_not_asked_for_again(past: Past) -> None:
    opened = past.baselines().opened(past.baseline())
    assert past.downloads() == [OLD.filename]
    Quarantine(past.folder / "quarantine").purge()
    assert past.baselines().opened(past.baseline()) == opened
    assert past.baselines().requiring(past.baseline()) == opened
    assert past.downloads() == [OLD.filename]


def test_it_is_opened_from_its_own_bytes(past: Past) -> None:
    opened = past.baselines().opened(past.baseline())
    assert contents(opened).top_levels == ("frob",)
    assert contents(opened).filename == OLD.filename
    assert opened.requires_dist == ("dep>=1",)


@pytest.mark.parametrize(
    "fault",
    [
        faults.status(404),
        faults.status(503),
        faults.reset(10),
        faults.truncated(10),
        faults.endless(),
        faults.replaced(EVIL.content),
        faults.replaced(b""),
    ],
)
def test_bytes_that_are_not_the_promised_ones_leave_it_unknown(past: Past, fault: Fault) -> None:
    """I4: an attacker who can change the baseline could make everything seem old."""
    past.index.fault(f"/files/{OLD.filename}", fault)
    opened = past.baselines().opened(past.baseline())
    assert isinstance(opened.content, Unknown)
    assert opened.content == opened.requires_dist
    past.index.heal()
    assert isinstance(past.baselines().opened(past.baseline()).content, Content)


def test_what_was_tampered_with_in_quarantine_is_fetched_again(past: Past) -> None:
    past.baselines().opened(past.baseline())
    (path,) = past.folder.glob("quarantine/files/*/*/*.whl")
    path.write_bytes(EVIL.content)
    again = past.baselines(refresh=True).opened(past.baseline())
    assert contents(again).defects == ()
    assert past.downloads() == [OLD.filename] * 2


def test_a_promise_without_a_sha256_is_none(past: Past) -> None:
    past.index.add(OLD, uploaded=ago(days=30), hashes=False)
    opened = past.baselines().opened(past.baseline())
    assert opened.content == Unknown("its index promises no sha256 of it")
    assert past.downloads() == []


def test_what_would_be_too_much_to_fetch_is_left(past: Past) -> None:
    baseline = past.baseline()
    huge = replace(baseline, file=replace(baseline.file, size=3 << 30))
    opened = past.baselines().opened(huge)
    assert isinstance(opened.content, Unknown)
    assert "3221225472 bytes" in opened.content.reason
    assert past.downloads() == []


def test_an_archive_that_has_no_single_reading_is_nothing_to_compare_with(past: Past) -> None:
    """It would have no traces, and everything in the next release would seem to be new."""
    broken = replace(OLD, content=OLD.content + b"and more")
    past.index.add(broken, uploaded=ago(days=30))
    opened = past.baselines().opened(past.baseline())
    assert isinstance(opened.content, Unknown)
    assert opened.content.reason.startswith("it could not be read: ")


def test_a_baseline_with_other_defects_is_compared_with(past: Past) -> None:
    sloppy = a_wheel("frob", "1.0", record=lambda text: text.replace("sha256=", "sha256=A"))
    past.index.add(sloppy, uploaded=ago(days=30))
    assert contents(past.baselines().opened(past.baseline())).defects != ()


def test_where_everything_else_is_yanked_it_is_not_known_what_came_before(past: Past) -> None:
    past.index.add(OLD, uploaded=ago(days=30), yanked="hides the baseline")
    assert isinstance(past.of(NEW), Unknown)
