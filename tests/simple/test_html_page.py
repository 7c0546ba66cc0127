"""Project pages in HTML: PEP 503, and what 592, 740 and 792 put into its attributes."""

from __future__ import annotations

from typing import Final

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from guard.model import ProjectState, ProjectStatus
from guard.simple import PageError, PageFile, ProjectPage, parse

URL: Final = "https://packages.example.com/simple/frob/"
WHEEL: Final = "frob-1.0-py3-none-any.whl"
SHA256: Final = "ab" * 32


def a_page(markup: str, *, url: str = URL, content_type: str = "text/html") -> ProjectPage:
    return parse(
        markup.encode(), content_type=content_type, url=url, project=canonicalize_name("frob")
    )


def the_file(markup: str) -> PageFile:
    file = a_page(markup).file(WHEEL)
    assert file is not None
    return file


def test_an_anchor_says_where_the_file_is_and_what_is_known_of_it() -> None:
    markup = (
        f'<a href="../../files/{WHEEL}#sha256={SHA256.upper()}" data-requires-python="&gt;=3.8"'
        f' data-yanked="broken" data-provenance="/provenance/frob">{WHEEL}</a>'
    )
    assert the_file(markup) == PageFile(
        filename=WHEEL,
        url=f"https://packages.example.com/files/{WHEEL}",
        hashes={"sha256": SHA256},
        yanked="broken",
        requires_python=">=3.8",
        provenance="https://packages.example.com/provenance/frob",
    )


@pytest.mark.parametrize(
    ("attribute", "reason"),
    [("", None), ("data-yanked", ""), ('data-yanked=""', ""), ('data-yanked="no"', "no")],
)
def test_the_mere_presence_of_the_attribute_means_yanked(
    attribute: str, reason: str | None
) -> None:
    assert the_file(f'<a href="{WHEEL}" {attribute}>').yanked == reason


def test_there_are_no_upload_times_and_no_sizes() -> None:
    file = the_file(f'<a href="{WHEEL}">{WHEEL}</a>')
    assert file.upload_time is None
    assert file.size is None


def test_the_name_is_the_one_in_the_address() -> None:
    page = a_page(f'<a href="{WHEEL}">frob-9.0-py3-none-any.whl</a>')
    assert page.filenames == (WHEEL,)


def test_an_address_may_be_encoded() -> None:
    page = a_page('<a href="frob-1.0%2Blocal-py3-none-any.whl">')
    assert page.releases() == {Version("1.0+local"): ("frob-1.0+local-py3-none-any.whl",)}


@pytest.mark.parametrize(
    "href",
    ["../", "/", "", "#", "?", "index.html", "other-1.0.tar.gz", "https://[bad/", "frob", "..%2F"],
)
def test_what_is_no_file_of_the_project_is_left_out(href: str) -> None:
    assert a_page(f'<a href="{href}">x</a><a href="{WHEEL}">').filenames == (WHEEL,)


def test_a_base_moves_every_relative_address() -> None:
    markup = f'<base href="https://files.example.com/f/"><base href="/no/"><a href="{WHEEL}">'
    assert the_file(markup).url == f"https://files.example.com/f/{WHEEL}"


@pytest.mark.parametrize("base", ["file:///etc/", "ftp://files.example.com/", "javascript:x//"])
def test_a_base_does_not_reach_what_a_page_may_not(base: str) -> None:
    page = a_page(f'<base href="{base}"><a href="{WHEEL}">')
    with pytest.raises(PageError, match="is not a web address"):
        page.file(WHEEL)


def test_a_base_that_is_no_url_is_an_error() -> None:
    with pytest.raises(PageError, match="its base is not a URL"):
        a_page('<base href="https://[bad/">')


def test_only_a_page_on_this_disk_may_name_files_on_this_disk() -> None:
    markup = f'<a href="file:///srv/{WHEEL}">'
    with pytest.raises(PageError, match="is not a web address"):
        a_page(markup).file(WHEEL)
    local = a_page(markup, url="file:///srv/simple/frob/index.html").file(WHEEL)
    assert local is not None
    assert local.url == f"file:///srv/{WHEEL}"


def test_the_provenance_is_an_address_of_the_web_too() -> None:
    page = a_page(f'<a href="{WHEEL}" data-provenance="file:///etc/passwd">')
    assert page.attested == (WHEEL,)
    with pytest.raises(PageError, match="is not a web address"):
        page.file(WHEEL)


def test_the_status_of_the_project() -> None:
    markup = (
        '<meta name="pypi:project-status" content="quarantined">'
        '<meta name="PyPI:project-status-reason" content="takeover">'
    )
    expected = ProjectStatus(state=ProjectState.QUARANTINED, reason="takeover")
    assert a_page(markup).status == expected
    assert a_page("<p>").status == ProjectStatus()


def test_the_first_status_is_not_taken_back_by_a_second() -> None:
    markup = "".join(
        f'<meta name="pypi:project-status" content="{state}">' for state in ("archived", "active")
    )
    assert a_page(markup).status.state is ProjectState.ARCHIVED


@pytest.mark.parametrize(
    "markup",
    [
        '<meta name="pypi:repository-version" content="2.0">',
        '<meta name="pypi:project-status" content="frozen">',
        f'<a href="&#{"9" * 5000};">',
    ],
)
def test_a_page_that_cannot_be_read_is_an_error(markup: str) -> None:
    with pytest.raises(PageError):
        a_page(markup)


def test_a_page_that_is_not_utf_8_is_an_error() -> None:
    with pytest.raises(PageError, match="not an HTML page"):
        parse(b"\xff", content_type="text/html", url=URL, project=canonicalize_name("frob"))


@pytest.mark.parametrize("fragment", ["sha256=ab", f"sha256={SHA256}&x=1", "sha512=" + SHA256])
def test_a_digest_that_is_none_is_an_error(fragment: str) -> None:
    with pytest.raises(PageError, match="is not a sha"):
        the_file(f'<a href="{WHEEL}#{fragment}">')


@pytest.mark.parametrize("fragment", ["", "md5=" + "0" * 32, "egg=frob", "sha256=", "sha256"])
def test_a_fragment_that_is_no_strong_digest_is_none(fragment: str) -> None:
    assert the_file(f'<a href="{WHEEL}#{fragment}">').hashes == {}


def test_anchors_that_disagree_about_a_file_are_an_error() -> None:
    good, bad = f'<a href="{WHEEL}">', f'<a href="{WHEEL}" data-yanked>'
    for markup in (good + bad, bad + good):
        with pytest.raises(PageError, match="more than once, differently"):
            a_page(markup).file(WHEEL)
    assert the_file(good + good) == the_file(good)


@pytest.mark.parametrize(
    "content_type",
    [
        "text/html",
        "TEXT/HTML; charset=utf-8",
        "application/vnd.pypi.simple.v1+html",
        'text/html; q="x',
    ],
)
def test_what_it_is_called(content_type: str) -> None:
    page = a_page(f'<a href="{WHEEL}">', content_type=content_type)
    assert page.filenames == (WHEEL,)


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/json", "application/vnd.pypi.simple.v2+json", "/", "text/htm"],
)
def test_anything_else_is_no_page(content_type: str) -> None:
    with pytest.raises(PageError, match="is no project page"):
        a_page("", content_type=content_type)


@pytest.mark.parametrize(
    ("attribute", "read"),
    [
        ("", None),
        ('data-core-metadata="false"', None),
        ('data-core-metadata="true"', ""),
        ("data-core-metadata", ""),
        (f'data-core-metadata="sha256={"ab" * 32}"', "ab" * 32),
        (f'data-dist-info-metadata="sha256={"ab" * 32}"', "ab" * 32),
        (f'data-core-metadata="true" data-dist-info-metadata="sha256={"ab" * 32}"', ""),
    ],
)
def test_the_metadata_beside_a_file_is_offered_with_its_digest(
    attribute: str, read: str | None
) -> None:
    assert the_file(f'<a href="{WHEEL}" {attribute}>{WHEEL}</a>').core_metadata == read
