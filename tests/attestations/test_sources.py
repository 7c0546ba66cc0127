"""Where provenance comes from, what is kept of it, and what is not known when it does not come."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from guard.model import Absent, Fact, Index, Listing, Unknown
from guard.publisher import Provenance
from guard.sources.cache import PageCache
from guard.sources.http import Http, Limits
from guard.sources.index import IndexSource, listing_of
from guard.sources.pages import Pages
from guard.sources.provenance import LIMIT, ProvenanceSource
from guard.sources.trust_root import TrustRoot
from tests import faults
from tests.attestations.places import Place, tagged
from tests.builders import a_listing
from tests.fakes import LoopbackIndex
from tests.local_sigstore import LocalSigstore
from tests.wheels import Artifact


@pytest.fixture
def wheel(place: Place) -> Artifact:
    return place.add("1.0", tagged("1.0"))


def listed(place: Place, wheel: Artifact) -> Fact[Listing]:
    return place.located(wheel)[1].listing


def asked(place: Place, wheel: Artifact) -> Fact[Provenance]:
    """What the attestations of a listed file prove."""
    return place.provenance().of(
        listed(place, wheel), index=place.url, filename=wheel.filename, sha256=wheel.sha256
    )


def test_provenance_is_fetched_from_where_the_page_says(place: Place, wheel: Artifact) -> None:
    found = asked(place, wheel)
    assert isinstance(found, Provenance)
    assert [identity.repository for identity in found.identities] == ["acme/widget"]
    last = place.index.requests[-1]
    assert last.location == f"/provenance/{wheel.filename}"
    assert last.headers["accept"].startswith("application/vnd.pypi.integrity.v1+json")


def test_what_lists_no_attestations_is_not_asked(place: Place) -> None:
    wheel = place.add("1.0", None)
    assert asked(place, wheel) == Absent("its index lists no attestations")
    assert not [seen for seen in place.index.requests if "provenance" in seen.location]


@pytest.mark.parametrize("nothing", [Absent("gone"), Unknown("down")])
def test_what_is_not_listed_has_no_provenance(place: Place, nothing: Absent | Unknown) -> None:
    found = place.provenance().of(nothing, index=place.url, filename="f.whl", sha256="0" * 64)
    assert found == nothing


def test_nothing_can_be_said_of_a_file_without_a_digest(place: Place, wheel: Artifact) -> None:
    found = place.provenance().of(
        listed(place, wheel), index=place.url, filename=wheel.filename, sha256=None
    )
    assert found == Unknown("the digest of the file is not known")


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (faults.status(404), "its attestations are listed, but not there: HTTP 404"),
        (faults.status(410), "its attestations are listed, but not there: HTTP 410"),
        (faults.status(401), "its attestations could not be had: HTTP 401"),
        (faults.status(403), "its attestations could not be had: HTTP 403"),
        (faults.status(406), "its attestations could not be had: HTTP 406"),
        (faults.status(500), "its attestations could not be had: HTTP 500"),
        (faults.status(503), "its attestations could not be had: HTTP 503"),
        (faults.status(204), "its attestations could not be had: HTTP 204"),
        (faults.reset(100), "its attestations could not be had: "),
        (faults.truncated(100), "its attestations could not be had: "),
        (faults.endless(), f"its attestations could not be had: more than {LIMIT} bytes"),
        (faults.redirect("/provenance/widget-1.0-py3-none-any.whl"), "more than 5 redirects"),
        (faults.redirect("file:///etc/hostname"), "is not followed"),
    ],
)
def test_an_answer_that_does_not_come_is_not_no(
    place: Place, wheel: Artifact, fault: faults.Fault, reason: str
) -> None:
    place.index.fault("/provenance/*", fault)
    found = asked(place, wheel)
    assert isinstance(found, Unknown)
    assert reason in found.reason


@pytest.mark.parametrize("body", [b"", b"<html>", b"\x00" * 100, b"{}", b"[" * LIMIT])
def test_an_answer_that_is_something_else_is_invalid(
    place: Place, wheel: Artifact, body: bytes
) -> None:
    place.index.fault("/provenance/*", faults.replaced(body))
    found = asked(place, wheel)
    assert isinstance(found, Provenance)
    assert (len(found.attestations), len(found.invalid)) == (0, 1)


@pytest.fixture
def deaf() -> Iterator[str]:
    """A server that takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_an_answer_is_not_waited_for_without_end(place: Place, deaf: str) -> None:
    http = Http(limits=Limits(connect=5, read=0.1, retries=0))
    pages = Pages(http, PageCache(place.folder / "pages"))
    source = ProvenanceSource(pages, place.folder / "verified", lambda _: place.root)
    listing = a_listing(provenance_url=f"{deaf}/provenance")
    found = source.of(listing, index=place.url, filename="widget-1.0.tar.gz", sha256="0" * 64)
    assert found == Unknown("its attestations could not be had: no answer in time")
    http.close()


@contextmanager
def html_only() -> Iterator[LoopbackIndex]:
    with LoopbackIndex(json=False) as index:
        yield index


def test_a_page_in_html_names_them_by_an_attribute(
    sigstore: LocalSigstore, root: TrustRoot, http: Http, tmp_path: Path
) -> None:
    with html_only() as index:
        place = Place(index, sigstore, root, http, tmp_path)
        place.add("1.0", tagged("1.0"))
        published = place.published(place.add("1.1", tagged("1.1")))
    assert isinstance(published.provenance, Provenance)
    assert [found.ref for found in published.provenance.identities] == ["refs/tags/v1.1"]
    assert not isinstance(published.prior, Absent | Unknown)


@pytest.mark.parametrize("html", [False, True])
@pytest.mark.parametrize("url", ["../../provenance/{}", "/provenance/{}"])
def test_the_address_may_be_relative_to_the_page(
    place: Place, wheel: Artifact, html: bool, url: str
) -> None:
    relative = url.format(wheel.filename)
    if html:
        body = f'<a href="/files/{wheel.filename}" data-provenance="{relative}">x</a>'
        kind = "text/html"
    else:
        entry = {"filename": wheel.filename, "url": f"/files/{wheel.filename}", "hashes": {}}
        document = {"name": "widget", "files": [{**entry, "provenance": relative}]}
        body, kind = json.dumps(document), "application/vnd.pypi.simple.v1+json"
    place.index.fault("/simple/widget/", faults.garbage(body.encode(), kind))
    assert isinstance(asked(place, wheel), Provenance)


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://127.0.0.1/x", "http://["])
def test_no_address_but_one_of_the_web_is_followed(place: Place, wheel: Artifact, url: str) -> None:
    entry = {"filename": wheel.filename, "url": f"/files/{wheel.filename}", "hashes": {}}
    document = {"name": "widget", "files": [{**entry, "provenance": url}]}
    body = json.dumps(document).encode()
    page = faults.garbage(body, "application/vnd.pypi.simple.v1+json")
    place.index.fault("/simple/widget/", page)
    assert isinstance(asked(place, wheel), Unknown)


class Counted:
    """A root that says how often it was asked for, so how often nothing was kept."""

    def __init__(self, root: TrustRoot) -> None:
        self.root = root
        self.asked: list[str] = []

    def __call__(self, index: str) -> TrustRoot:
        self.asked.append(index)
        return self.root


def test_each_index_may_have_a_sigstore_of_its_own(
    place: Place, wheel: Artifact, root: TrustRoot
) -> None:
    other = TrustRoot(LocalSigstore.create().trusted_root_json(), "another")
    asked_of = Counted(other)
    source = ProvenanceSource(place.pages(), place.folder / "verified", asked_of)

    def found(index: str) -> Provenance:
        result = source.of(
            listed(place, wheel), index=index, filename=wheel.filename, sha256=wheel.sha256
        )
        assert isinstance(result, Provenance)
        return result

    assert found("https://packages.example.com/simple").attestations == ()
    asked_of.root = root
    assert len(found(place.url).attestations) == 1
    assert asked_of.asked == ["https://packages.example.com/simple", place.url]


def test_a_folder_of_files_is_an_index_too(place: Place, wheel: Artifact, tmp_path: Path) -> None:
    """A page on disk may name provenance on disk."""
    found = asked(place, wheel)
    folder = tmp_path / "folder" / "widget"
    folder.mkdir(parents=True)
    (folder / "p").write_bytes(place.sigstore.publish(wheel.filename, wheel.content, tagged("1.0")))
    (folder / "index.html").write_text(f'<a href="{wheel.filename}" data-provenance="p">x</a>')
    index = Index(url=folder.parent.as_uri())
    page = IndexSource(place.pages(), [index]).page(index, place.located(wheel)[0].project)
    assert not isinstance(page, Absent | Unknown)
    entry = page.file(wheel.filename)
    assert entry is not None
    local = place.provenance().of(
        listing_of(entry, index.url), index=index.url, filename=wheel.filename, sha256=wheel.sha256
    )
    assert isinstance(local, Provenance)
    assert isinstance(found, Provenance)
    assert local.identities == found.identities
