"""Project pages in JSON: PEP 691, 700, 592, 740, 792, read strictly."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from guard.model import ProjectState, ProjectStatus
from guard.simple import PageError, PageFile, ProjectPage, parse

JSON: Final = "application/vnd.pypi.simple.v1+json"
URL: Final = "https://packages.example.com/simple/frob/"
FROB: Final = canonicalize_name("frob")
WHEEL: Final = "frob-1.0-py3-none-any.whl"


def an_entry(**changes: Any) -> dict[str, Any]:
    entry = {"filename": WHEEL, "url": f"../../files/{WHEEL}"}
    return entry | {key.replace("_", "-"): value for key, value in changes.items()}


def a_page(*entries: dict[str, Any], **changes: Any) -> ProjectPage:
    document = {"meta": {"api-version": "1.4"}, "name": "frob", "files": list(entries)}
    document |= {key.replace("_", "-"): value for key, value in changes.items()}
    return parse(json.dumps(document).encode(), content_type=JSON, url=URL, project=FROB)


def the_file(**changes: Any) -> PageFile:
    file = a_page(an_entry(**changes)).file(WHEEL)
    assert file is not None
    return file


def test_an_entry_says_where_the_file_is_and_what_is_known_of_it() -> None:
    assert the_file(
        hashes={"sha256": "AB" * 32, "md5": "0" * 32},
        size=7,
        upload_time="2026-01-02T03:04:05.678901Z",
        yanked="broken",
        requires_python=">=3.8",
        provenance="/provenance/frob",
    ) == PageFile(
        filename=WHEEL,
        url=f"https://packages.example.com/files/{WHEEL}",
        hashes={"sha256": "ab" * 32},
        size=7,
        upload_time=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
        yanked="broken",
        requires_python=">=3.8",
        provenance="https://packages.example.com/provenance/frob",
    )


def test_an_entry_that_says_nothing_else_leaves_it_open() -> None:
    assert the_file() == PageFile(filename=WHEEL, url=f"https://packages.example.com/files/{WHEEL}")


@pytest.mark.parametrize(
    ("given", "reason"),
    [(True, ""), ("broken", "broken"), (False, None), ("", None), (None, None)],
)
def test_yanked_as_pep_691_spells_it(given: bool | str | None, reason: str | None) -> None:
    assert the_file(yanked=given).yanked == reason


@pytest.mark.parametrize(
    ("given", "moment"),
    [
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T05:04:05+02:00", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02", datetime(2026, 1, 2, tzinfo=UTC)),
    ],
)
def test_upload_times_are_moments_in_utc(given: str, moment: datetime) -> None:
    assert the_file(upload_time=given).upload_time == moment


@pytest.mark.parametrize(
    ("marker", "status"),
    [
        (None, ProjectStatus()),
        ({}, ProjectStatus()),
        ({"status": "active"}, ProjectStatus()),
        (
            {"status": "archived", "reason": "done"},
            ProjectStatus(state=ProjectState.ARCHIVED, reason="done"),
        ),
        ({"status": "quarantined"}, ProjectStatus(state=ProjectState.QUARANTINED)),
    ],
)
def test_the_status_of_the_project(marker: dict[str, str] | None, status: ProjectStatus) -> None:
    assert a_page(project_status=marker).status == status


def test_releases_are_the_files_of_each_version() -> None:
    names = [WHEEL, "frob-1.0.tar.gz", "frob-2.0rc1-py3-none-any.whl", "Frob-2.0rc1.zip"]
    page = a_page(*(an_entry(filename=name) for name in [*names, WHEEL, "other-1.0.tar.gz", "x"]))
    assert page.releases() == {
        Version("1.0"): (WHEEL, "frob-1.0.tar.gz"),
        Version("2.0rc1"): ("frob-2.0rc1-py3-none-any.whl", "Frob-2.0rc1.zip"),
    }


def test_a_file_that_is_not_listed_is_none() -> None:
    assert a_page(an_entry()).file("frob-2.0-py3-none-any.whl") is None
    assert a_page(an_entry()).file(WHEEL.upper()) is None


def test_the_files_with_attestations_are_named() -> None:
    page = a_page(
        an_entry(provenance=None),
        an_entry(filename="frob-1.1.tar.gz", provenance="https://x.example/p"),
        an_entry(filename="frob-1.2.tar.gz", provenance=""),
    )
    assert page.attested == ("frob-1.1.tar.gz",)


def test_a_name_may_be_spelled_in_any_way_but_must_be_the_projects() -> None:
    assert a_page(name="FROB").name == "frob"
    with pytest.raises(PageError, match="the page is about 'frobber', not about frob"):
        a_page(name="frobber")


@pytest.mark.parametrize("version", ["1.0", "1.4", "1.99", "1"])
def test_any_minor_version_is_read(version: str) -> None:
    assert a_page(meta={"api-version": version}).name == "frob"


@pytest.mark.parametrize("version", ["2.0", "0.9", "10.0", "", "one", " 1.0"])
def test_another_major_version_is_not(version: str) -> None:
    with pytest.raises(PageError, match="api-version"):
        a_page(meta={"api-version": version})


def test_entries_that_agree_are_one() -> None:
    assert a_page(an_entry(size=7), an_entry(size=7)).file(WHEEL) == the_file(size=7)


@pytest.mark.parametrize(
    "change",
    [
        {"url": "https://elsewhere.example/w.whl"},
        {"hashes": {"sha256": "b" * 64}},
        {"size": 8},
        {"yanked": True},
        {"upload_time": "2020-01-01T00:00:00Z"},
        {"provenance": "/p"},
    ],
)
def test_entries_that_disagree_are_none(change: dict[str, Any]) -> None:
    for entries in ((an_entry(), an_entry(**change)), (an_entry(**change), an_entry())):
        with pytest.raises(PageError, match="more than once, differently"):
            a_page(*entries).file(WHEEL)


@pytest.mark.parametrize(
    "change",
    [
        {"url": "ftp://packages.example.com/w.whl"},
        {"url": "file:///etc/passwd"},
        {"url": "javascript:alert(1)"},
        {"url": "data:text/plain,x"},
        {"url": "https://[bad/w.whl"},
        {"url": "http:///w.whl"},
        {"url": "https://h\u2100x.example/w.whl"},
        {"url": None},
        {"provenance": "file:///etc/passwd"},
        {"provenance": "https://[bad"},
        {"hashes": {"sha256": "ab"}},
        {"hashes": {"sha256": "g" * 64}},
        {"hashes": {"SHA512": "a" * 64}},
        {"hashes": {"sha256": "a" * 64, "SHA256": "b" * 64}},
        {"hashes": {"sha256": None}},
        {"hashes": ["sha256"]},
        {"size": -1},
        {"size": "7"},
        {"size": 1.5},
        {"upload_time": "yesterday"},
        {"upload_time": "0001-01-01T00:00:00+14:00"},
        {"upload_time": 1_700_000_000},
        {"yanked": 1},
        {"yanked": ["broken"]},
        {"requires_python": 3},
    ],
)
def test_an_entry_that_cannot_be_read_is_an_error_and_hides_no_other(
    change: dict[str, Any],
) -> None:
    other = an_entry(filename="frob-2.0.tar.gz")
    for entries in ((an_entry(**change), other), (other, an_entry(**change))):
        page = a_page(*entries)
        with pytest.raises(PageError):
            page.file(WHEEL)
        assert page.file("frob-2.0.tar.gz") is not None
        with pytest.raises(PageError):
            list(page.files())


@pytest.mark.parametrize(
    "filename", ["", ".", "..", "../frob", "a/b", "a\\b", "frob\x00", "frob\n", "f" * 256]
)
def test_a_file_name_is_one_name(filename: str) -> None:
    with pytest.raises(PageError, match="is not a file name"):
        a_page(an_entry(filename=filename)).file(filename)


def test_credentials_in_an_address_are_left_out() -> None:
    file = the_file(url=f"https://user:secret@files.example.com/{WHEEL}", provenance="//u:p@h/x")
    assert file.url == f"https://files.example.com/{WHEEL}"
    assert file.provenance == "https://h/x"


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"name": "frob"}',
        b'{"name": "frob", "files": {}}',
        b'{"name": "frob", "files": [7]}',
        b'{"name": "frob", "files": [{}]}',
        b'{"name": "frob", "files": [{"filename": 7}]}',
        b'{"name": null, "files": []}',
        b'{"name": "frob", "files": [], "meta": 7}',
        b'{"name": "frob", "files": [], "meta": {"api-version": 1.0}}',
        b'{"name": "frob", "files": [], "project-status": "quarantined"}',
        b'{"name": "frob", "files": [], "project-status": {"status": "frozen"}}',
        b'{"name": "frob", "files": [], "project-status": {"status": "QUARANTINED"}}',
        b'{"name": "frob", "files": []',
        b'\xef\xbb\xbf{"name": "frob", "files": []}',
        b'{"name": "frob", "files": []}\x00',
        b'{"name": "fr\xffob", "files": []}',
        b'{"name": "\\ud800", "files": []}',
        b"[" * 100_000,
        b'{"files": ' + b"[" * 100_000,
        b'{"name": "frob", "files": [{"filename": ' + b"[" * 100_000,
    ],
)
def test_what_is_no_page_is_an_error(document: bytes) -> None:
    with pytest.raises(PageError):
        parse(document, content_type=JSON, url=URL, project=FROB)


DIGEST: Final = "ab" * 32


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ({}, None),
        ({"core_metadata": False}, None),
        ({"core_metadata": True}, ""),
        ({"core_metadata": {"md5": "0" * 32}}, ""),
        ({"core_metadata": {"sha256": DIGEST.upper()}}, DIGEST),
        ({"data_dist_info_metadata": {"sha256": DIGEST}}, DIGEST),
        ({"core_metadata": False, "data_dist_info_metadata": {"sha256": DIGEST}}, None),
    ],
)
def test_the_metadata_beside_a_file_is_offered_with_its_digest(
    said: dict[str, Any], read: str | None
) -> None:
    assert the_file(**said).core_metadata == read


def test_a_digest_of_metadata_that_is_none_is_an_error() -> None:
    with pytest.raises(PageError):
        the_file(core_metadata={"sha256": "short"})


def test_the_first_upload_is_that_of_the_oldest_file() -> None:
    times = ["2026-01-02T03:04:05.678901Z", "2025-12-31T00:00:00.000000Z"]
    entries = [an_entry(filename=f"frob-{n}.tar.gz", upload_time=t) for n, t in enumerate(times)]
    assert a_page(*entries).first_upload == datetime(2025, 12, 31, tzinfo=UTC)
    assert a_page().first_upload is None
    assert a_page(*entries, an_entry()).first_upload is None, "one of them could be older"


@pytest.mark.parametrize("time", [7, "never"])
def test_a_first_upload_that_cannot_be_read_is_an_error(time: object) -> None:
    with pytest.raises(PageError):
        _ = a_page(an_entry(upload_time=time)).first_upload


def test_releases_are_counted_as_the_index_counts_them() -> None:
    entries = [an_entry(), an_entry(filename="frob-2.0.tar.gz")]
    assert a_page(*entries).release_count == 2
    assert a_page(*entries, versions=["1.0", "2.0", "3.0"]).release_count == 3
    assert a_page(*entries, versions="many").release_count == 2


def test_wheels_are_found_by_version_without_a_look_at_their_names() -> None:
    names = ["frob-1.0-py3-none-any.whl", "frob-1.0-cp311-cp311-win32.whl", "frob-2.0.tar.gz"]
    names += ["frob-2.0rc1-py3-none-any.whl", "frob-x-py3-none-any.whl", "frob.whl"]
    assert a_page(*(an_entry(filename=name) for name in names)).wheels() == {
        Version("1.0"): names[:2],
        Version("2.0rc1"): [names[3]],
    }


def test_one_entry_that_is_no_text_leaves_the_others_readable() -> None:
    url = "https://files.example/frob-1.0.tar.gz"
    good = json.dumps({"filename": "frob-1.0.tar.gz", "url": url})
    bad = b'{"filename": "frob-2.0.tar.gz", "url": "https://files.example/\xff"}'
    body = b'{"name": "frob", "files": [%s, %s]}' % (good.encode(), bad)
    url, name = "https://example.com/simple/frob/", canonicalize_name("frob")
    page = parse(body, content_type="application/vnd.pypi.simple.v1+json", url=url, project=name)
    assert [entry.filename for entry in page.readable()] == ["frob-1.0.tar.gz"]


def test_two_digests_of_the_metadata_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(PageError, match="two sha256"):
        the_file(core_metadata={"sha256": "1" * 64, "SHA256": "2" * 64})
