"""What a release is compared with: the nearest like file before it that was attested."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from guard.simple import PageError, ProjectPage, parse
from guard.sources.history import earlier_attested
from tests.builders import a_file

_JSON: Final = "application/vnd.pypi.simple.v1+json"
_BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)


def an_entry(filename: str, *, attested: bool = True, day: int | None = None) -> dict[str, Any]:
    """A file on a page; without a day, the page does not say when it was uploaded."""
    entry: dict[str, Any] = {
        "filename": filename,
        "url": f"https://files.example.com/{filename}",
        "hashes": {"sha256": "0" * 64},
    }
    if attested:
        entry["provenance"] = f"https://packages.example.com/provenance/{filename}"
    if day is not None:
        entry["upload-time"] = (_BEGIN + timedelta(days=day)).isoformat()
    return entry


def a_page(*entries: Mapping[str, Any]) -> ProjectPage:
    document = {"meta": {"api-version": "1.3"}, "name": "widget", "files": list(entries)}
    body = json.dumps(document).encode()
    url = "https://packages.example.com/simple/widget/"
    return parse(body, content_type=_JSON, url=url, project=a_file("widget").project)


def wheel(version: str, tags: str = "py3-none-any") -> str:
    return f"widget-{version}-{tags}.whl"


def compared(page: ProjectPage, filename: str, version: str) -> list[str]:
    """The files that this one is compared with, nearest first."""
    file = a_file("widget", version, filename=filename)
    return [entry.filename for _, entry in earlier_attested(page, file)]


LINES: Final = a_page(
    *(an_entry(wheel(v)) for v in ("2.1", "1.9.3", "2.0", "1.9.4", "1.9.5", "1.8", "1.10"))
)


@pytest.mark.parametrize(
    ("version", "nearest"),
    [
        ("1.9.5", "1.9.4"),
        ("1.9.6", "1.9.5"),
        ("1.10", "1.9.5"),
        ("1.11", "1.10"),
        ("2.0", "1.10"),
        ("2.1", "2.0"),
        ("3.0", "2.1"),
        ("1.9.4.post1", "1.9.4"),
        ("2.1rc1", "2.0"),
        ("2.0.dev1", "1.10"),
        ("1!0.1", "2.1"),
    ],
)
def test_a_release_is_compared_with_its_own_line(version: str, nearest: str) -> None:
    """A backport comes after 2.0 and has nothing to do with it."""
    assert compared(LINES, wheel(version), version)[0] == wheel(nearest)


def test_the_first_release_has_nothing_before_it() -> None:
    assert compared(LINES, wheel("1.8"), "1.8") == []
    assert compared(LINES, wheel("0.1"), "0.1") == []


def test_the_ones_before_follow_nearest_first() -> None:
    assert compared(LINES, wheel("1.10"), "1.10") == [
        wheel(version) for version in ("1.9.5", "1.9.4", "1.9.3", "1.8")
    ]


def test_a_pre_release_counts_as_what_came_before() -> None:
    page = a_page(an_entry(wheel("2.0rc1")), an_entry(wheel("1.0")))
    assert compared(page, wheel("2.0"), "2.0") == [wheel("2.0rc1"), wheel("1.0")]


def test_a_release_that_nobody_attested_is_passed_by() -> None:
    page = a_page(an_entry(wheel("1.1"), attested=False), an_entry(wheel("1.0")))
    assert compared(page, wheel("1.2"), "1.2") == [wheel("1.0")]


def test_nothing_is_compared_where_nothing_was_attested() -> None:
    page = a_page(an_entry(wheel("1.0"), attested=False))
    assert compared(page, wheel("1.1"), "1.1") == []
    assert compared(a_page(), wheel("1.1"), "1.1") == []


def test_a_file_without_a_version_has_no_past() -> None:
    file = a_file("widget", None)
    assert list(earlier_attested(LINES, file)) == []


MIXED: Final = a_page(
    an_entry("widget-1.0.tar.gz"),
    an_entry(wheel("1.0", "cp311-cp311-manylinux_2_28_x86_64")),
    an_entry(wheel("1.0", "cp311-cp311-macosx_11_0_arm64")),
    an_entry(wheel("1.0", "cp311-cp311-win_amd64"), attested=False),
)


@pytest.mark.parametrize(
    ("filename", "like"),
    [
        ("widget-1.1.tar.gz", "widget-1.0.tar.gz"),
        (
            wheel("1.1", "cp311-cp311-macosx_11_0_arm64"),
            wheel("1.0", "cp311-cp311-macosx_11_0_arm64"),
        ),
        (
            wheel("1.1-2", "cp311-cp311-macosx_11_0_arm64"),
            wheel("1.0", "cp311-cp311-macosx_11_0_arm64"),
        ),
        # New tags: any wheel will do, and before an archive of the sources.
        (
            wheel("1.1", "cp312-cp312-macosx_11_0_arm64"),
            wheel("1.0", "cp311-cp311-manylinux_2_28_x86_64"),
        ),
    ],
)
def test_a_file_is_compared_with_the_one_most_like_it(filename: str, like: str) -> None:
    assert compared(MIXED, filename, "1.1") == [like]


def test_a_wheel_that_was_never_attested_beside_others_that_were_is_left_alone() -> None:
    assert compared(MIXED, wheel("1.1", "cp311-cp311-win_amd64"), "1.1") == []


def test_of_a_mixed_past_the_attested_releases_count() -> None:
    tags = "cp311-cp311-win_amd64"
    page = a_page(
        an_entry(wheel("0.9", tags)),
        an_entry("widget-1.0.tar.gz"),
        an_entry(wheel("1.0", tags), attested=False),
    )
    assert compared(page, wheel("1.1", tags), "1.1") == [wheel("0.9", tags)]


def test_files_that_were_added_to_old_releases_later_hide_nothing() -> None:
    """Whoever stole a token can upload to old releases too, so that their own looks usual."""
    decoy, usual = "py311-none-any", "py3-none-any"
    releases = ["1.0", "1.1", "1.2"]
    page = a_page(
        *(an_entry(wheel(v, usual), day=day) for day, v in enumerate(releases)),
        *(an_entry(wheel(v, decoy), attested=False, day=90) for v in releases),
    )
    assert compared(page, wheel("1.3", decoy), "1.3") == [
        wheel(version, usual) for version in reversed(releases)
    ]


def test_attested_files_that_were_added_later_are_not_what_a_release_is_known_by() -> None:
    decoy = "py311-none-any"
    page = a_page(an_entry(wheel("1.0"), day=0), an_entry(wheel("1.0", decoy), day=90))
    assert compared(page, wheel("1.1", decoy), "1.1") == [wheel("1.0")]


def test_where_a_page_has_no_times_all_files_came_together() -> None:
    tags = "cp311-cp311-win_amd64"
    page = a_page(an_entry(wheel("1.0")), an_entry(wheel("1.0", tags), attested=False))
    assert compared(page, wheel("1.1", tags), "1.1") == []
    page = a_page(an_entry(wheel("1.0"), day=0), an_entry(wheel("1.0", tags), attested=False))
    assert compared(page, wheel("1.1", tags), "1.1") == []


@pytest.mark.parametrize(("day", "hides"), [(0, True), (7, True), (8, False)])
def test_a_file_that_came_with_its_release_was_simply_not_attested(day: int, hides: bool) -> None:
    """Wheels of other machines are often uploaded by hand, in the days after."""
    tags = "cp311-cp311-win_amd64"
    page = a_page(
        an_entry(wheel("1.0"), day=0), an_entry(wheel("1.0", tags), attested=False, day=day)
    )
    assert compared(page, wheel("1.1", tags), "1.1") == ([] if hides else [wheel("1.0")])


def test_the_end_of_time_is_a_time() -> None:
    last = {**an_entry(wheel("1.0")), "upload-time": "9999-12-31T23:59:59Z"}
    assert compared(a_page(last), wheel("1.1"), "1.1") == [wheel("1.0")]


def dated(*days: int) -> ProjectPage:
    """A page of releases 1.0, 1.1, … uploaded on these days."""
    return a_page(*(an_entry(wheel(f"1.{minor}"), day=day) for minor, day in enumerate(days)))


@pytest.mark.parametrize(
    ("days", "order"),
    [
        # The last one is judged; a takeover is seldom noticed later than in a month.
        ((0, 10, 50, 51), ["1.1", "1.2", "1.0"]),
        ((0, 10, 40, 41), ["1.1", "1.2", "1.0"]),
        ((0, 11, 40), ["1.0", "1.1"]),
        ((0, 30), ["1.0"]),
        # A project younger than that: who came first is known best.
        ((0, 10, 11), ["1.0", "1.1"]),
        ((0, 1, 2, 3), ["1.0", "1.1", "1.2"]),
        # One that slept: what was settled long ago must not hide what was not.
        ((0, 400, 401), ["1.1", "1.0"]),
        ((0, 365, 366, 367), ["1.1", "1.2", "1.0"]),
        ((2, 365, 367), ["1.0", "1.1"]),
        # Uploaded after it, though of an earlier version.
        ((0, 100, 50), ["1.0", "1.1"]),
        ((100, 50), ["1.0"]),
    ],
)
def test_what_was_settled_when_a_release_came_is_what_it_is_held_to(
    days: tuple[int, ...], order: list[str]
) -> None:
    """Or the second release of a takeover would be compared with the first."""
    version = f"1.{len(days) - 1}"
    assert compared(dated(*days), wheel(version), version) == [wheel(each) for each in order]


def test_a_flood_of_new_releases_does_not_hide_what_was_settled() -> None:
    flood = [an_entry(wheel(f"1.{minor}"), day=100) for minor in range(1, 60)]
    page = a_page(an_entry(wheel("1.0"), day=0), *flood)
    assert compared(page, wheel("1.59"), "1.59")[0] == wheel("1.0")


def test_who_came_first_does_not_depend_on_the_numbers() -> None:
    """Whoever stole a token can also upload a version before the first."""
    page = a_page(
        an_entry(wheel("1.0"), day=0),
        an_entry(wheel("0.1"), day=10),
        an_entry(wheel("1.1"), day=11),
    )
    assert compared(page, wheel("1.1"), "1.1") == [wheel("1.0"), wheel("0.1")]


def test_names_that_are_of_no_file_of_the_project_are_left_out() -> None:
    page = a_page(
        *(an_entry(name) for name in ("gadget-0.9.tar.gz", "widget.txt", "widget-x.tar.gz", "w")),
        an_entry(wheel("1.0")),
    )
    assert compared(page, wheel("1.1"), "1.1") == [wheel("1.0")]


def test_a_long_past_is_not_read_to_its_end() -> None:
    page = a_page(*(an_entry(wheel(f"1.{minor}")) for minor in range(100)))
    assert len(compared(page, wheel("2.0"), "2.0")) == 20


def test_an_entry_that_cannot_be_read_is_not_passed_by() -> None:
    broken = {**an_entry(wheel("1.1")), "size": "large"}
    page = a_page(an_entry(wheel("1.0")), broken)
    with pytest.raises(PageError):
        compared(page, wheel("1.2"), "1.2")


def test_a_release_that_is_listed_twice_is_not_read_either_way() -> None:
    twice = {**an_entry(wheel("1.1")), "provenance": "https://packages.example.com/other"}
    page = a_page(an_entry(wheel("1.1")), twice)
    with pytest.raises(PageError, match="listed more than once"):
        compared(page, wheel("1.2"), "1.2")
