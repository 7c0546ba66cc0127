"""What the configured indexes say of a file: where it is, what is listed, who else has the name."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from guard.model import (
    Absent,
    File,
    History,
    Index,
    Listing,
    Origin,
    ProjectState,
    ProjectStatus,
    Unknown,
)
from guard.sources.index import Located
from tests import faults
from tests.builders import a_file, ago
from tests.fakes import LoopbackIndex
from tests.faults import Fault
from tests.index import JSON, PLAIN_HTML
from tests.sources.clients import a_source, the_index
from tests.wheels import Artifact, a_wheel

FROB: Final = a_wheel("frob", "1.0")
OTHER: Final = a_wheel("frob", "1.0", files={"frob.py": "evil = True"})
LATER: Final = a_wheel("frob", "99.0")
MONTH: Final = ago(days=30)


@pytest.fixture
def several() -> Iterator[list[LoopbackIndex]]:
    with ExitStack() as stack:
        yield [stack.enter_context(LoopbackIndex()) for _ in range(3)]


@pytest.fixture
def index(several: list[LoopbackIndex]) -> LoopbackIndex:
    several[0].add(FROB, uploaded=MONTH)
    return several[0]


def planned(artifact: Artifact, index: LoopbackIndex, *, hashed: bool = True) -> File:
    """The file as a resolver plans it."""
    return a_file(
        artifact.name,
        artifact.version,
        url=index.file_url(artifact.filename),
        hashes={"sha256": artifact.sha256} if hashed else {},
    )


def located(file: File, folder: Path, *indexes: LoopbackIndex) -> Located:
    """What a new run says of `file`."""
    return a_source(folder, *map(the_index, indexes)).locate(file)


def rivals(place: Located) -> object:
    assert isinstance(place.origin, Origin)
    return place.origin.rivals


def a_listing_of(place: Located) -> Listing:
    assert isinstance(place.listing, Listing), place.listing
    return place.listing


def test_a_listed_file_is_where_it_is_listed(index: LoopbackIndex, tmp_path: Path) -> None:
    assert located(planned(FROB, index), tmp_path, index) == Located(
        origin=Origin(url=f"{index.origin}/simple"),
        listing=Listing(
            upload_time=MONTH,
            hashes={"sha256": FROB.sha256},
            size=len(FROB.content),
            core_metadata=hashlib.sha256(FROB.metadata).hexdigest(),
        ),
        status=ProjectStatus(),
        history=History(first_upload=MONTH, releases=1),
    )


def test_what_the_page_says_of_it(index: LoopbackIndex, tmp_path: Path) -> None:
    index.add(FROB, yanked="broken", provenance=b"{}", size=False)
    index.status("frob", "archived", "done")
    place = located(planned(FROB, index), tmp_path, index)
    listing = a_listing_of(place)
    assert (listing.yanked, listing.size) == ("broken", None)
    assert listing.provenance_url == index.provenance_url(FROB.filename)
    assert place.status == ProjectStatus(state=ProjectState.ARCHIVED, reason="done")


@pytest.mark.parametrize(
    "plain", [partial(LoopbackIndex, json=False), partial(LoopbackIndex, upload_times=False)]
)
def test_an_index_without_upload_times_leaves_them_unknown(
    plain: Callable[[], LoopbackIndex], tmp_path: Path
) -> None:
    with plain() as index:
        index.add(FROB, uploaded=MONTH)
        listing = a_listing_of(located(planned(FROB, index), tmp_path, index))
    assert isinstance(listing.upload_time, Unknown)
    assert listing.hashes == {"sha256": FROB.sha256}


def test_an_upload_time_of_the_same_bytes_elsewhere_will_do(
    several: list[LoopbackIndex], tmp_path: Path
) -> None:
    mirror, upstream, evil = several
    mirror.add(FROB)
    upstream.add(FROB, uploaded=MONTH)
    evil.add(OTHER, uploaded=ago(days=900))
    place = located(planned(FROB, mirror), tmp_path, mirror, evil, upstream)
    assert a_listing_of(place).upload_time == MONTH
    assert place.origin == Origin(url=f"{mirror.origin}/simple", rivals=(f"{evil.origin}/simple",))


def test_an_upload_time_of_its_own_is_not_made_older_by_another(
    index: LoopbackIndex, several: list[LoopbackIndex], tmp_path: Path
) -> None:
    index.add(FROB, uploaded=ago(hours=1))
    several[1].add(FROB, uploaded=MONTH)
    listing = a_listing_of(located(planned(FROB, index), tmp_path, index, several[1]))
    assert isinstance(listing.upload_time, datetime)
    assert listing.upload_time == ago(hours=1)


@pytest.mark.parametrize("hashed", [True, False])
def test_a_page_without_hashes_lists_the_file_at_its_address(
    hashed: bool, index: LoopbackIndex, tmp_path: Path
) -> None:
    index.add(FROB, hashes=False)
    place = located(planned(FROB, index, hashed=hashed), tmp_path, index)
    assert a_listing_of(place).hashes == {}


def test_the_same_bytes_at_another_address_are_the_same_file(
    index: LoopbackIndex, tmp_path: Path
) -> None:
    file = planned(FROB, index)
    index.add(FROB, url="https://elsewhere.example.com/frob-1.0-py3-none-any.whl")
    assert a_listing_of(located(file, tmp_path, index)).hashes == {"sha256": FROB.sha256}


def test_other_bytes_of_the_name_are_another_file(index: LoopbackIndex, tmp_path: Path) -> None:
    file = planned(FROB, index)
    index.add(OTHER, url="https://elsewhere.example.com/frob-1.0-py3-none-any.whl")
    assert isinstance(located(file, tmp_path, index).listing, Absent)


def test_a_file_that_is_gone_is_said_to_be(index: LoopbackIndex, tmp_path: Path) -> None:
    index.add(LATER)
    index.remove(FROB.filename)
    place = located(planned(FROB, index), tmp_path, index)
    assert place.origin == Origin(url=f"{index.origin}/simple")
    assert place.listing == Absent(f"the page of frob on {index.origin}/simple does not list it")


def test_a_project_that_is_gone_is_said_to_be(index: LoopbackIndex, tmp_path: Path) -> None:
    index.remove(FROB.filename)
    place = located(planned(FROB, index), tmp_path, index)
    assert place.listing == Absent("no configured index has a project frob")
    assert isinstance(place.origin, Origin)


def test_a_quarantined_project_offers_nothing_and_says_so(
    index: LoopbackIndex, tmp_path: Path
) -> None:
    index.status("frob", "quarantined", "suspected takeover")
    place = located(planned(FROB, index), tmp_path, index)
    assert isinstance(place.listing, Absent)
    assert place.status == ProjectStatus(
        state=ProjectState.QUARANTINED, reason="suspected takeover"
    )


@pytest.mark.parametrize(
    "fault",
    [
        *(faults.status(500), faults.status(403), faults.reset(), faults.truncated(5)),
        *(faults.garbage(b"{"), faults.garbage(b"{", JSON), faults.garbage(b"\xff", PLAIN_HTML)),
        *(faults.mislabelled("text/plain"), faults.redirect("/simple/frob/"), faults.status(304)),
        faults.garbage(b'{"name": "other", "files": []}', JSON),
        faults.garbage(b'{"meta": {"api-version": "2.0"}, "name": "frob", "files": []}', JSON),
    ],
    ids=lambda fault: fault.__qualname__,
)
def test_a_page_that_cannot_be_had_or_read_is_unknown(
    fault: Fault, index: LoopbackIndex, tmp_path: Path
) -> None:
    """I4: a page that does not come is not a page that lists nothing."""
    index.fault("/simple/*", fault)
    place = located(planned(FROB, index), tmp_path, index)
    for fact in (place.origin, place.listing, place.status):
        assert isinstance(fact, Unknown)
        assert f"its page on {index.origin}/simple could not be" in fact.reason


def test_a_page_that_does_not_come_hides_no_other_and_is_not_forgotten(
    index: LoopbackIndex, several: list[LoopbackIndex], tmp_path: Path
) -> None:
    lost = several[1]
    lost.fault("*", faults.status(503))
    for order in ((index, lost), (lost, index)):
        place = located(planned(FROB, index), tmp_path / order[0].origin[-5:], *order)
        assert isinstance(rivals(place), Unknown)
        assert a_listing_of(place).upload_time == MONTH
    elsewhere = a_file("frob", "3.0", url="https://elsewhere.example.com/frob-3.0-py3-none-any.whl")
    assert isinstance(located(elsewhere, tmp_path / "3", index, lost).listing, Unknown)


def test_an_entry_that_cannot_be_read_is_unknown(index: LoopbackIndex, tmp_path: Path) -> None:
    index.add(FROB, hashes={"sha256": "not a digest"})
    place = located(planned(FROB, index), tmp_path, index)
    assert isinstance(place.listing, Unknown)
    assert isinstance(place.origin, Origin)


@pytest.mark.parametrize("theirs", [[OTHER], [LATER], [FROB, LATER], [OTHER, LATER]])
def test_an_index_with_other_files_of_the_name_is_a_rival(
    theirs: list[Artifact], index: LoopbackIndex, several: list[LoopbackIndex], tmp_path: Path
) -> None:
    public = several[1]
    for artifact in theirs:
        public.add(artifact)
    place = located(planned(FROB, index), tmp_path, index, public)
    expected = () if theirs[0] is FROB else (f"{public.origin}/simple",)
    assert rivals(place) == expected


def test_the_higher_version_elsewhere_has_the_first_index_for_a_rival(
    index: LoopbackIndex, several: list[LoopbackIndex], tmp_path: Path
) -> None:
    """Dependency confusion: the resolver has chosen the stranger's 99.0."""
    public = several[1]
    public.add(LATER)
    place = located(planned(LATER, public), tmp_path, index, public)
    assert place.origin == Origin(url=f"{public.origin}/simple", rivals=(f"{index.origin}/simple",))


def test_an_index_that_only_repeats_is_a_mirror(
    index: LoopbackIndex, several: list[LoopbackIndex], tmp_path: Path
) -> None:
    index.add(LATER)
    several[1].add(LATER)
    place = located(planned(FROB, index), tmp_path, index, several[1])
    assert rivals(place) == ()


@pytest.mark.parametrize("hashes", [False, {"sha256": "b" * 64}, {"sha256": "junk"}])
def test_an_index_that_repeats_names_without_their_digests_is_a_rival(
    hashes: bool | dict[str, str],
    index: LoopbackIndex,
    several: list[LoopbackIndex],
    tmp_path: Path,
) -> None:
    index.add(LATER)
    several[1].add(LATER, hashes=hashes)
    place = located(planned(FROB, index), tmp_path, index, several[1])
    assert rivals(place) == (f"{several[1].origin}/simple",)


def test_every_rival_is_named(
    index: LoopbackIndex, several: list[LoopbackIndex], tmp_path: Path
) -> None:
    for other in several[1:]:
        other.add(LATER)
    place = located(planned(FROB, index), tmp_path, *several)
    assert rivals(place) == tuple(f"{other.origin}/simple" for other in several[1:])


def test_without_an_index_nothing_is_known(tmp_path: Path, index: LoopbackIndex) -> None:
    place = located(planned(FROB, index), tmp_path)
    assert place.listing == Unknown("no index is configured")


def test_each_page_is_asked_for_once(index: LoopbackIndex, tmp_path: Path) -> None:
    source = a_source(tmp_path, the_index(index))
    for _ in range(3):
        source.locate(planned(FROB, index))
    assert len(index.requests) == 1


def test_offline_only_what_was_seen_is_known(index: LoopbackIndex, tmp_path: Path) -> None:
    file = planned(FROB, index)
    offline = a_source(tmp_path, the_index(index), offline=True)
    assert isinstance(offline.locate(file).listing, Unknown)
    online = located(file, tmp_path, index)
    offline = a_source(tmp_path, the_index(index), offline=True)
    assert offline.locate(file) == online
    assert len(index.requests) == 1


def test_refreshing_sees_what_is_new(index: LoopbackIndex, tmp_path: Path) -> None:
    file = planned(FROB, index)
    located(file, tmp_path, index)
    index.add(FROB, yanked="broken")
    assert a_listing_of(located(file, tmp_path, index)).yanked is None
    fresh = a_source(tmp_path, the_index(index), refresh=True)
    assert a_listing_of(fresh.locate(file)).yanked == "broken"


def a_folder_index(folder: Path) -> Index:
    """A PEP 503 index of files, as `pip` and `uv` take it by its `file:` URL."""
    page = folder / "simple/frob"
    page.mkdir(parents=True)
    FROB.write_to(page)
    (page / "index.html").write_text(f'<a href="{FROB.filename}#sha256={FROB.sha256}">x</a>')
    return Index(url=(folder / "simple").as_uri())


def test_an_index_of_files_has_no_upload_times_and_is_not_unknown(tmp_path: Path) -> None:
    local = a_folder_index(tmp_path)
    file = a_file("frob", "1.0", url=f"{local.url}/frob/{FROB.filename}", hashes={})
    place = a_source(tmp_path / "cache", local).locate(file)
    assert place.origin == Origin(url=local.url)
    assert isinstance(a_listing_of(place).upload_time, Absent)
    assert a_listing_of(place).hashes == {"sha256": FROB.sha256}
    shutil.rmtree(tmp_path / "simple/frob")
    assert isinstance(a_source(tmp_path / "cache", local).locate(file).listing, Absent)


def test_a_folder_of_links_has_no_pages(tmp_path: Path) -> None:
    wheels = Index(url=tmp_path.as_uri(), flat=True)
    file = a_file("frob", "1.0", url=FROB.write_to(tmp_path).as_uri())
    place = a_source(tmp_path / "cache", wheels).locate(file)
    assert place.origin == Origin(url=wheels.url)
    assert isinstance(a_listing_of(place).upload_time, Absent)


@pytest.mark.parametrize("elsewhere", ["../elsewhere", "../wheels-evil"])
def test_a_file_beside_the_folder_of_links_is_not_in_it(elsewhere: str, tmp_path: Path) -> None:
    """A lock from a checkout may name any path."""
    folder = tmp_path / "wheels"
    (folder / elsewhere).mkdir(parents=True)
    wheels = Index(url=folder.as_uri(), flat=True)
    file = a_file("frob", "1.0", url=FROB.write_to((folder / elsewhere).resolve()).as_uri())
    assert a_source(tmp_path / "cache", wheels).locate(file).origin != Origin(url=wheels.url)


@pytest.mark.parametrize(("days", "came"), [(30, True), (25, True), (1, False)])
def test_what_was_added_to_a_release_later_did_not_come_with_it(
    days: int, came: bool, index: LoopbackIndex, tmp_path: Path
) -> None:
    late = a_wheel("frob", "1.0", tag="py3-none-linux_x86_64")
    index.add(late, uploaded=ago(days=days))
    source = a_source(tmp_path, the_index(index))
    file = replace(planned(late, index), filename=late.filename)
    assert source.came_with_release(file, the_index(index).url) is came
    assert not source.came_with_release(file, "https://elsewhere.example")
