"""What a mirror serves: pages, files, and what belongs to them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from guard.sources.trust_root import TrustRoot
from tests.e2e.guarded import LONG_AGO, ago
from tests.fakes import LoopbackIndex
from tests.index import HTML, JSON, PLAIN_HTML
from tests.local_sigstore import Identity, LocalSigstore
from tests.mirror.backends import Kept
from tests.mirror.mirrored import Mirrored, mirrored, place_of
from tests.wheels import a_wheel, an_sdist

GOOD = a_wheel("frob", "1.0", requires_python=">=3.8", requires=["other"])
MARKED = a_wheel("frob", "1.1", files={"frob.pth": "import os\n"})
FRESH = a_wheel("frob", "2.0")
YANKED = a_wheel("frob", "0.9")


@pytest.fixture
def mirror(index: LoopbackIndex, tmp_path: Path, kept: Kept) -> Iterator[Mirrored]:
    index.add(GOOD, uploaded=LONG_AGO)
    index.add(MARKED, uploaded=LONG_AGO)
    index.add(FRESH, uploaded=ago(days=1))
    index.add(YANKED, uploaded=LONG_AGO, yanked="broken")
    with mirrored(tmp_path, index, kept=kept) as running:
        yield running


def test_a_page_has_what_the_upstream_says_at_our_own_places(mirror: Mirrored) -> None:
    entry = mirror.listed("frob")[GOOD.filename]
    assert entry == {
        "filename": GOOD.filename,
        "url": f"../..{place_of(GOOD)}",
        "hashes": {"sha256": GOOD.sha256},
        "requires-python": ">=3.8",
        "size": len(GOOD.content),
        "upload-time": "2024-05-06T00:00:00.000000Z",
    }


def test_a_denied_file_is_not_listed_and_says_why(mirror: Mirrored) -> None:
    assert FRESH.filename not in mirror.listed("frob")
    answered = mirror.file(MARKED)
    assert answered.status == 403
    assert answered.document["findings"][0]["rule"] == "startup-hook"
    assert answered.document["request"] == "guard request frob==1.1 --reason WHY"
    assert "startup-hook" in answered.headers["x-guard"]
    assert MARKED.content not in answered.raw
    assert set(mirror.listed("frob")) == {GOOD.filename, YANKED.filename}
    assert mirror.page("frob").document["versions"] == ["0.9", "1.0"]


def test_a_fresh_file_is_denied_by_its_url_too(mirror: Mirrored) -> None:
    answered = mirror.file(FRESH)
    assert (answered.status, answered.document["title"]) == (403, "Denied")
    assert answered.document["findings"][0]["rule"] == "fresh-upload"


def test_only_what_is_held_has_metadata(mirror: Mirrored, index: LoopbackIndex) -> None:
    """PEP-658: what is announced is there."""
    assert mirror.file(GOOD, ending=".metadata").status == 404
    assert mirror.file(GOOD).raw == GOOD.content
    entry = mirror.listed("frob")[GOOD.filename]
    digest = hashlib.sha256(GOOD.metadata).hexdigest()
    assert entry["core-metadata"] == entry["dist-info-metadata"] == {"sha256": digest}
    assert mirror.file(GOOD, ending=".metadata").raw == GOOD.metadata
    assert "core-metadata" not in mirror.listed("frob")[YANKED.filename]


def test_a_source_distribution_is_judged_like_everything_else(
    mirror: Mirrored, index: LoopbackIndex
) -> None:
    sdist = an_sdist("frob", "1.0")
    index.add(sdist, uploaded=LONG_AGO)
    assert mirror.file(sdist).status == 403
    assert sdist.filename not in mirror.listed("frob")
    mirror.says('[rules.source-distribution]\nlevel = "off"\n')
    assert mirror.file(sdist).raw == sdist.content
    assert "core-metadata" not in mirror.listed("frob")[sdist.filename]


def test_the_places_of_files_are_clean_whatever_their_names(
    index: LoopbackIndex, tmp_path: Path, kept: Kept
) -> None:
    """A `%` is the beginning of something; a `+` in a path is one (RFC 3986)."""
    wheel = a_wheel("frob", "1.0+cpu.1", build="1%41")
    index.add(wheel, uploaded=LONG_AGO)
    with mirrored(tmp_path, index, kept=kept) as mirror:
        url = mirror.listed("frob")[wheel.filename]["url"]
        assert url.endswith("frob-1.0+cpu.1-1%2541-py3-none-any.whl")
        assert mirror.get(url.removeprefix("../..")).raw == wheel.content


@pytest.mark.parametrize(
    ("accept", "given"),
    [
        ("", PLAIN_HTML),
        ("*/*", PLAIN_HTML),
        (JSON, JSON),
        (HTML, HTML),
        ("application/vnd.pypi.simple.latest+json", JSON),
        (f"{JSON}, {HTML};q=0.1, text/html;q=0.01", JSON),
        (f"{HTML}, {JSON}", JSON),
        (f"{JSON};q=0.1, text/html", PLAIN_HTML),
        ("text/html, application/xhtml+xml, */*;q=0.8", PLAIN_HTML),
        ("text/html;q=0, */*", JSON),
        (f"{JSON};q=0, application/*", HTML),
        ("APPLICATION/VND.PYPI.SIMPLE.V1+JSON", JSON),
        (f"{JSON};q=2", None),
        (f"{JSON};q=nan", None),
        ("application/json", None),
        ("image/png", None),
    ],
)
def test_the_format_is_the_one_that_is_wanted_most(
    accept: str, given: str | None, mirror: Mirrored
) -> None:
    """PEP-691, RFC-9110 §12.5.1."""
    answered = mirror.page("frob", accept)
    assert answered.status == (200 if given else 406)
    if given:
        assert answered.headers["content-type"].partition(";")[0] == given
        assert answered.headers["vary"] == "Accept, Accept-Encoding"
        assert answered.body.startswith(b"{" if given == JSON else b"<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        ("", None),
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("zstd;q=0.5, gzip", "gzip"),
        ("*", "zstd"),
        ("gzip;q=0, *", "zstd"),
        ("identity", None),
        ("identity, gzip;q=0.5", None),
        ("gzip;q=0", None),
        ("br", None),
    ],
)
def test_a_page_is_the_same_however_it_is_packed(
    wanted: str, given: str | None, mirror: Mirrored
) -> None:
    plain = mirror.get("/simple/frob/", accept=JSON)
    packed = mirror.get("/simple/frob/", accept=JSON, accept_encoding=wanted)
    assert packed.headers.get("content-encoding") == given
    assert packed.body == plain.body
    same = packed.headers["etag"] == plain.headers["etag"]
    assert same == (given is None)  # RFC-9110 §8.8.3: one for each coding


def test_what_a_client_has_is_not_sent_again(mirror: Mirrored) -> None:
    mirror.file(GOOD)
    for path, headers in [
        ("/simple/frob/", {"accept": JSON, "accept_encoding": "gzip"}),
        ("/simple/frob/", {"accept": PLAIN_HTML}),
        ("/simple/", {"accept": JSON}),
        (place_of(GOOD), {}),
        (f"{place_of(GOOD)}.metadata", {}),
    ]:
        first = mirror.get(path, **headers)
        tag = first.headers["etag"]
        for known in (tag, f'"other", {tag}', f"W/{tag}", "*"):
            again = mirror.get(path, **headers, if_none_match=known)
            assert (again.status, again.raw) == (304, b"")
            assert again.headers["etag"] == tag
            assert again.headers["cache-control"] == first.headers["cache-control"]
            assert again.headers.get("vary") == first.headers.get("vary")
        assert mirror.get(path, **headers, if_none_match='"other"').status == 200


def test_a_page_that_changes_has_another_tag(mirror: Mirrored) -> None:
    before = mirror.page("frob").headers["etag"]
    assert mirror.file(MARKED).status == 403
    assert mirror.get("/simple/frob/", accept=JSON, if_none_match=before).status == 200


@pytest.mark.parametrize(
    "path", ["/simple/", "/simple/frob/", "/simple/Frob", "/simple/nothing/", "FILE", "SIDECAR"]
)
def test_a_head_is_the_whole_without_its_body(path: str, mirror: Mirrored) -> None:
    mirror.file(GOOD)
    place = {"FILE": place_of(GOOD), "SIDECAR": f"{place_of(GOOD)}.metadata"}.get(path, path)
    whole = mirror.get(place, accept=JSON)
    head = mirror.get(place, method="HEAD", accept=JSON)
    assert (head.status, head.headers, head.raw) == (whole.status, whole.headers, b"")


def test_parts_of_a_file(mirror: Mirrored) -> None:
    """RFC-9110 §14."""
    content, size = GOOD.content, len(GOOD.content)

    def part(value: str, **more: str) -> tuple[int, str | None, bytes]:
        answered = mirror.file(GOOD, range=value, **more)
        return answered.status, answered.headers.get("content-range"), answered.raw

    assert part("bytes=0-99") == (206, f"bytes 0-99/{size}", content[:100])
    assert part("bytes=100-") == (206, f"bytes 100-{size - 1}/{size}", content[100:])
    assert part("bytes=-50") == (206, f"bytes {size - 50}-{size - 1}/{size}", content[-50:])
    assert part("bytes=5-9999999") == (206, f"bytes 5-{size - 1}/{size}", content[5:])
    assert part("bytes=-9999999") == (206, f"bytes 0-{size - 1}/{size}", content)
    assert part(f"bytes={size}-") == (416, f"bytes */{size}", b"")
    assert part("bytes=-0") == (416, f"bytes */{size}", b"")
    for whole in (
        "bytes=0-1,3-4",
        "bytes=9-3",
        "bytes=a-b",
        "bytes=",
        "bytes=-",
        "lines=0-1",
        "bytes=0x0-0x5",
        "bytes=\u0661-\xb2".encode().decode("latin-1"),
        f"bytes=0-{'9' * 4000}",
    ):
        assert part(whole) == (200, None, content)


def test_a_part_is_only_of_what_the_client_has(mirror: Mirrored) -> None:
    tag = mirror.file(GOOD).headers["etag"]
    assert mirror.file(GOOD, range="bytes=0-9", if_range=tag).status == 206
    for other in ('"other"', f"W/{tag}", "Wed, 21 Oct 2015 07:28:00 GMT"):
        assert mirror.file(GOOD, range="bytes=0-9", if_range=other).raw == GOOD.content
    head = mirror.get(place_of(GOOD), method="HEAD", range="bytes=0-9")
    assert (head.status, head.headers["content-length"]) == (200, str(len(GOOD.content)))


def test_names_have_one_place(mirror: Mirrored) -> None:
    """PEP-503; where it is, is said relative to where it was looked for: proxies have prefixes."""
    for path, to in [
        ("/simple/Frob/", "../frob/"),
        ("/simple/frob", "frob/"),
        ("/simple/F.R_O-B", "f-r-o-b/"),
        ("/simple", "simple/"),
    ]:
        answered = mirror.get(path)
        assert (answered.status, answered.headers["location"]) == (308, to)


def test_the_list_of_projects(mirror: Mirrored, index: LoopbackIndex) -> None:
    assert mirror.get("/simple/", accept=JSON).document["projects"] == []
    index.add(a_wheel("other", "1.0"), uploaded=LONG_AGO)
    for project in ("other", "frob", "nothing"):
        mirror.page(project)
    answered = mirror.get("/simple/", accept=JSON)
    assert answered.document["projects"] == [{"name": "frob"}, {"name": "other"}]
    html = mirror.get("/simple/", accept=PLAIN_HTML).body
    assert html.index(b'<a href="frob/">frob</a>') < html.index(b'<a href="other/">other</a>')


def test_a_status_is_passed_on(mirror: Mirrored, index: LoopbackIndex) -> None:
    """PEP-792."""
    index.status("frob", "deprecated", "use brof & <i>co</i>")
    assert mirror.page("frob").document["project-status"] == {
        "status": "deprecated",
        "reason": "use brof & <i>co</i>",
    }
    html = mirror.page("frob", PLAIN_HTML).body.decode()
    assert '<meta name="pypi:project-status" content="deprecated">' in html
    assert 'content="use brof &amp; &lt;i&gt;co&lt;/i&gt;"' in html


def test_a_quarantined_project_has_no_files(mirror: Mirrored, index: LoopbackIndex) -> None:
    assert mirror.file(GOOD).status == 200
    index.status("frob", "quarantined", offers_files=True)
    mirror.says("# another one\n[rules.new-dependency]\nlevel = 'off'\n")
    assert mirror.listed("frob") == {}
    assert mirror.page("frob").document["project-status"] == {"status": "quarantined"}
    assert mirror.file(GOOD).document["title"] == "Revoked"


def test_a_yanked_file_says_so(mirror: Mirrored) -> None:
    """PEP-592."""
    assert mirror.listed("frob")[YANKED.filename]["yanked"] == "broken"
    assert b'data-yanked="broken"' in mirror.page("frob", PLAIN_HTML).body
    assert mirror.file(YANKED).status == 200


def test_what_is_revoked_is_gone_at_once(mirror: Mirrored) -> None:
    assert mirror.file(GOOD).status == 200
    mirror.says('[[deny]]\nname = "frob"\nversions = "==1.0"\nreason = "MAL-1"\n')
    answered = mirror.file(GOOD)
    assert (answered.status, answered.document["title"]) == (403, "Revoked")
    assert mirror.file(GOOD, ending=".metadata").status == 403
    assert GOOD.filename not in mirror.listed("frob")
    mirror.says("")
    assert mirror.file(GOOD).status == 200  # whoever changes their mind need not start anew
    assert GOOD.filename in mirror.listed("frob")


def test_a_policy_that_cannot_be_read_changes_nothing(mirror: Mirrored) -> None:
    mirror.policy[:] = ["broken"]
    assert not mirror.own.judge.refresh()
    assert mirror.own.judge.trouble
    assert mirror.file(MARKED).status == 403
    assert mirror.file(GOOD).status == 200


def test_a_published_mirror_says_where_it_is(
    index: LoopbackIndex, tmp_path: Path, kept: Kept
) -> None:
    """PEP-740: a fully qualified URL; files stay relative, as every proxy likes them."""
    sigstore = LocalSigstore.create()
    document = sigstore.publish(GOOD.filename, GOOD.content, Identity.github())
    index.add(GOOD, uploaded=LONG_AGO, provenance=document)
    root = TrustRoot(sigstore.trusted_root_json(), "test")
    place = f"/integrity/frob/1.0/{GOOD.filename}/provenance"
    with mirrored(
        tmp_path, index, root=root, public_url="https://m.example.com/py", kept=kept
    ) as mirror:
        assert "provenance" not in mirror.listed("frob")[GOOD.filename]
        assert mirror.get(place).status == 404
        assert mirror.file(GOOD).status == 200
        entry = mirror.listed("frob")[GOOD.filename]
        assert entry["provenance"] == f"https://m.example.com/py{place}"
        assert entry["url"] == f"../..{place_of(GOOD)}"
        html = mirror.page("frob", PLAIN_HTML).body.decode()
        assert f'data-provenance="https://m.example.com/py{place}"' in html


def test_provenance_is_passed_on_byte_for_byte(
    index: LoopbackIndex, tmp_path: Path, kept: Kept
) -> None:
    """PEP-740: what the mirror has verified, others can verify."""
    sigstore = LocalSigstore.create()
    document = sigstore.publish(GOOD.filename, GOOD.content, Identity.github())
    index.add(GOOD, uploaded=LONG_AGO, provenance=document)
    root = TrustRoot(sigstore.trusted_root_json(), "test")
    with mirrored(tmp_path, index, root=root, kept=kept) as mirror:
        assert mirror.file(GOOD).status == 200
        url = mirror.listed("frob")[GOOD.filename]["provenance"]
        answered = mirror.get(url.removeprefix("../.."))
        assert answered.raw == document
        assert answered.headers["content-type"] == "application/vnd.pypi.integrity.v1+json"
        mirror.says("[rules.new-dependency]\nlevel = 'off'\n")
        assert mirror.get(url.removeprefix("../..")).raw == document  # judged again on the way
        mirror.says('[[deny]]\nname = "frob"\nreason = "no"\n')
        assert mirror.get(url.removeprefix("../..")).status == 403


def test_a_forged_provenance_is_not_passed_on(
    index: LoopbackIndex, tmp_path: Path, kept: Kept
) -> None:
    document = LocalSigstore.create().publish(GOOD.filename, GOOD.content, Identity.github())
    index.add(GOOD, uploaded=LONG_AGO, provenance=document)
    root = TrustRoot(LocalSigstore.create().trusted_root_json(), "test")
    with mirrored(tmp_path, index, root=root, kept=kept) as mirror:
        assert mirror.file(GOOD).status == 403
        assert mirror.listed("frob") == {}
        assert mirror.get(f"/integrity/frob/1.0/{GOOD.filename}/provenance").status == 404
