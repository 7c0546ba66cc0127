"""Upstreams that say little, say nothing, lie, break off or never end; and that are two."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from guard.mirror.upstream import Upstream
from guard.model import Credentials, Index
from guard.sources.http import FetchError, Limits, NotFoundError
from tests.e2e.guarded import LONG_AGO, ago
from tests.fakes import LoopbackIndex
from tests.faults import Fault, endless, garbage, redirect, replaced, reset, status, truncated
from tests.index import JSON, PLAIN_HTML
from tests.mirror.backends import Kept
from tests.mirror.mirrored import Answered, Mirrored, mirrored, place_of
from tests.wheels import a_wheel

GOOD = a_wheel("frob", "1.0")
NEXT = a_wheel("frob", "1.1")
EVIL = a_wheel("frob", "9.9", files={"frob.pth": "import os\n"})
LENIENT = """\
[rules.fresh-upload]
level = "off"
[rules.lookalike-name]
level = "off"
"""
HURRIED = Limits(connect=2, read=0.2, total=1, retries=0, backoff=0)


@pytest.fixture
def mirror(index: LoopbackIndex, tmp_path: Path, kept: Kept) -> Iterator[Mirrored]:
    index.add(GOOD, uploaded=LONG_AGO)
    index.add(NEXT, uploaded=LONG_AGO)
    with mirrored(tmp_path, index, kept=kept) as running:
        yield running


def assert_undecided(answered: Answered) -> None:
    assert answered.status == 503
    assert answered.headers["retry-after"] == "5"
    assert answered.headers["cache-control"] == "no-store"
    assert answered.document["title"] == "Undecided"
    assert b"127.0.0.1" not in answered.everything


def test_an_upstream_that_says_only_the_least(tmp_path: Path, kept: Kept) -> None:
    """HTML alone: no sizes, no upload times, no metadata, no provenance, no status."""
    with LoopbackIndex(json=False, sidecars=False, upload_times=False, etags=False) as plain:
        plain.add(GOOD, size=False)
        with mirrored(tmp_path / "strict", plain, kept=kept) as strict:
            assert_undecided(strict.file(GOOD))  # how old it is, nobody knows
            assert GOOD.filename in strict.listed("frob")
        with mirrored(tmp_path / "lenient", plain, toml=LENIENT, kept=kept) as lenient:
            page = lenient.page("frob").document
            assert page["meta"] == {"api-version": "1.0"}  # PEP-700 demands sizes of 1.1
            assert page["files"][0].keys() == {"filename", "url", "hashes"}
            assert lenient.file(GOOD).raw == GOOD.content
            page = lenient.page("frob").document
            assert page["meta"] == {"api-version": "1.4"}
            (entry,) = page["files"]
            assert entry["size"] == len(GOOD.content)
            assert "core-metadata" in entry
            assert "upload-time" not in entry  # never one of ours


def test_a_policy_that_demands_provenance_gets_none_from_such_an_upstream(
    index: LoopbackIndex, tmp_path: Path, kept: Kept
) -> None:
    index.add(GOOD, uploaded=LONG_AGO)
    pinned = """\
    [[publisher]]
    name = "frob"
    identities = [{ kind = "GitHub", repository = "acme/frob", workflow = "publish.yml" }]
    attestation = "required"
    """
    with mirrored(tmp_path, index, toml=pinned, kept=kept) as mirror:
        answered = mirror.file(GOOD)
        assert answered.status == 403
        assert answered.document["findings"][0]["rule"] == "missing-attestation"
        assert mirror.listed("frob") == {}


def test_a_file_without_a_sha256_is_not_offered(mirror: Mirrored, index: LoopbackIndex) -> None:
    index.add(a_wheel("frob", "3.0"), uploaded=LONG_AGO, hashes=False)
    assert set(mirror.listed("frob")) == {GOOD.filename, NEXT.filename}


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        pytest.param(replaced(EVIL.content), 403, id="other bytes"),
        pytest.param(replaced(GOOD.content + b"\0"), 503, id="more than announced"),
        pytest.param(replaced(GOOD.content[:-1]), 403, id="less than announced"),
        pytest.param(truncated(100), 503, id="broken off in good order"),
        pytest.param(reset(100), 503, id="broken off"),
        pytest.param(endless(20_000_000), 503, id="endless"),
        pytest.param(status(404), 503, id="gone"),
        pytest.param(status(500), 503, id="in trouble"),
        pytest.param(status(429, retry_after=3600), 503, id="busy"),
        pytest.param(redirect("file:///etc/passwd"), 503, id="a redirect to our own files"),
        pytest.param(redirect(f"/files/{GOOD.filename}"), 503, id="a redirect to itself"),
    ],
)
def test_a_file_that_does_not_come_is_not_sent(
    fault: Fault, answer: int, mirror: Mirrored, index: LoopbackIndex
) -> None:
    index.fault(f"/files/{GOOD.filename}", fault)
    for _ in range(2):
        answered = mirror.file(GOOD)
        assert answered.status == answer
        assert b"127.0.0.1" not in answered.everything
        assert EVIL.content not in answered.raw
    assert (GOOD.filename in mirror.listed("frob")) == (answer == 503)
    assert list(mirror.own.mirror.settings.data.glob("store/sha256/*/*")) == []
    index.heal()
    mirror.clock.forward(timedelta(hours=2))
    assert mirror.file(GOOD).raw == GOOD.content  # nobody had to help


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(status(500), id="in trouble"),
        pytest.param(status(401), id="closed to us"),
        pytest.param(reset(10), id="broken off"),
        pytest.param(truncated(10), id="broken off in good order"),
        pytest.param(endless(200_000_000), id="endless"),
        pytest.param(garbage(b"{", JSON), id="half a page"),
        pytest.param(garbage(b'{"name": "other", "files": []}', JSON), id="the page of another"),
        pytest.param(garbage(b'{"meta": {"api-version": "2.0"}}', JSON), id="another version"),
        pytest.param(garbage(b"\x89PNG"), id="no page at all"),
        pytest.param(redirect("/simple/frob/"), id="a redirect to itself"),
    ],
)
def test_a_page_that_cannot_be_had_is_undecided(
    fault: Fault, mirror: Mirrored, index: LoopbackIndex
) -> None:
    index.fault("/simple/frob/", fault)
    assert_undecided(mirror.page("frob"))
    assert_undecided(mirror.page("frob", PLAIN_HTML))
    assert_undecided(mirror.file(GOOD))
    index.heal()
    assert GOOD.filename in mirror.listed("frob")


def test_entries_that_contradict_each_other_are_not_offered(
    mirror: Mirrored, index: LoopbackIndex
) -> None:
    entry = '{"filename": "%s", "url": "%s", "hashes": {"sha256": "%s"}}'
    entries = ", ".join(
        entry % (GOOD.filename, index.file_url(GOOD.filename), digest)
        for digest in (GOOD.sha256, EVIL.sha256)
    )
    page = f'{{"meta": {{}}, "name": "frob", "files": [{entries}]}}'
    index.fault("/simple/frob/", garbage(page.encode(), JSON))
    assert mirror.listed("frob") == {}
    assert_undecided(mirror.file(GOOD))


def test_a_page_cannot_lead_elsewhere_or_out_of_the_store(
    mirror: Mirrored, index: LoopbackIndex
) -> None:
    files = ", ".join(
        f'{{"filename": "{name}", "url": "{url}", "hashes": {{"sha256": "{GOOD.sha256}"}}}}'
        for name, url in [
            ("../../frob-1.0-py3-none-any.whl", index.file_url(GOOD.filename)),
            ("frob-1.2-py3-none-any.whl", "file:///etc/passwd"),
            ("frob-1.3-py3-none-any.whl", "javascript:alert(1)"),
            ("other-1.4-py3-none-any.whl", index.file_url(GOOD.filename)),
            ("frob-1.5-py3-none-any.whl", "https://user:secret@files.example.com/x.whl"),
        ]
    )
    page = f'{{"meta": {{}}, "name": "frob", "files": [{files}]}}'
    index.fault("/simple/frob/", garbage(page.encode(), JSON))
    answered = mirror.page("frob")
    for word in (b"passwd", b"javascript", b"other-1.4", b"secret", b"files.example.com"):
        assert word not in answered.everything


class TestWhileTheUpstreamIsAway:
    """What was admitted is served on, for a time, and nothing else is."""

    @pytest.fixture(params=["refuses", "hangs", "fails"])
    def away(
        self, request: pytest.FixtureRequest, tmp_path: Path, kept: Kept
    ) -> Iterator[Mirrored]:
        with contextlib.ExitStack() as here:
            index = here.enter_context(LoopbackIndex())
            index.add(GOOD, uploaded=LONG_AGO)
            index.add(NEXT, uploaded=LONG_AGO)
            deaf = here.enter_context(socket.create_server(("127.0.0.1", 0)))
            with mirrored(tmp_path, index, limits=HURRIED, kept=kept) as mirror:
                assert mirror.file(GOOD).status == 200
                mirror.page("frob")
                match request.param:
                    case "refuses":
                        here.close()
                    case "hangs":
                        index.fault("*", redirect(f"http://127.0.0.1:{deaf.getsockname()[1]}/"))
                    case _:
                        index.fault("*", status(502))
                yield mirror

    def test_what_was_admitted_is_served_on(self, away: Mirrored) -> None:
        for days in (1, 5):
            away.clock.forward(timedelta(days=days))
            assert away.file(GOOD).raw == GOOD.content
            assert GOOD.filename in away.listed("frob")
            assert away.file(GOOD, ending=".metadata").raw == GOOD.metadata

    def test_what_was_not_is_not(self, away: Mirrored) -> None:
        assert_undecided(away.file(NEXT))
        assert_undecided(away.page("other"))


def test_it_is_not_served_on_for_ever(index: LoopbackIndex, tmp_path: Path, kept: Kept) -> None:
    """However often it was asked for in between: the time counts from when the page was had."""
    index.add(GOOD, uploaded=LONG_AGO)
    with mirrored(tmp_path, index, kept=kept) as mirror:
        assert mirror.file(GOOD).status == 200
        index.fault("*", status(503))
        for _ in range(6):
            mirror.age(timedelta(days=1))
            assert mirror.file(GOOD).status == 200
        mirror.age(timedelta(days=2))
        assert_undecided(mirror.file(GOOD))


def test_a_page_is_not_shown_for_ever(index: LoopbackIndex, tmp_path: Path, kept: Kept) -> None:
    index.add(GOOD, uploaded=LONG_AGO)
    with mirrored(tmp_path, index, stale=timedelta(0), kept=kept) as mirror:
        assert mirror.file(GOOD).status == 200
        assert mirror.page("frob").status == 200
        index.fault("*", status(503))
        mirror.clock.forward(timedelta(days=1))
        assert_undecided(mirror.page("frob"))
        assert_undecided(mirror.file(GOOD))


def test_what_is_revoked_meanwhile_is_not_served_on(mirror: Mirrored, index: LoopbackIndex) -> None:
    assert mirror.file(GOOD).status == 200
    index.fault("*", status(503))
    mirror.says('[[deny]]\nname = "frob"\nreason = "no"\n')
    assert mirror.file(GOOD).status == 403


def test_a_file_that_its_upstream_has_replaced(mirror: Mirrored, index: LoopbackIndex) -> None:
    """The same name with other bytes is another file, and judged as one."""
    assert mirror.file(GOOD).status == 200
    other = a_wheel("frob", "1.0", files={"frob.py": "other = 1\n"})
    index.add(other, uploaded=ago(days=1))
    mirror.clock.forward(timedelta(days=1))
    assert mirror.file(other).status == 403
    assert mirror.file(GOOD).status == 404
    assert GOOD.filename not in mirror.listed("frob")


def test_whoever_invents_names_is_not_passed_on(mirror: Mirrored, index: LoopbackIndex) -> None:
    for _ in range(5):
        assert mirror.page("nothing").status == 404
    assert [seen.path for seen in index.requests] == ["/simple/nothing/"]
    index.add(a_wheel("nothing", "1.0"), uploaded=LONG_AGO)
    mirror.clock.forward(timedelta(minutes=1))
    assert mirror.page("nothing").status == 200


class TestTwoUpstreams:
    @pytest.fixture
    def other(self) -> Iterator[LoopbackIndex]:
        with LoopbackIndex() as running:
            running.add(EVIL, uploaded=LONG_AGO)
            yield running

    def test_a_name_stays_where_it_was_first_found(
        self, index: LoopbackIndex, other: LoopbackIndex, tmp_path: Path, kept: Kept
    ) -> None:
        index.add(GOOD, uploaded=LONG_AGO)
        with mirrored(tmp_path, index, other, kept=kept) as mirror:
            assert set(mirror.listed("frob")) == {GOOD.filename}
            assert mirror.file(EVIL).status == 404
            index.remove(GOOD.filename)
            mirror.clock.forward(timedelta(days=1))
            assert mirror.page("frob").status == 404
            assert mirror.file(EVIL).status == 404
        assert other.requests == []

    def test_a_second_one_is_asked_only_if_the_first_has_surely_none(
        self, index: LoopbackIndex, other: LoopbackIndex, tmp_path: Path, kept: Kept
    ) -> None:
        index.fault("*", status(503))
        with mirrored(tmp_path, index, other, kept=kept) as mirror:
            assert_undecided(mirror.page("frob"))
            assert_undecided(mirror.file(EVIL))
            assert other.requests == []
            index.heal()
            assert mirror.page("frob").status == 200  # the second one's, for the first has none
            index.add(GOOD, uploaded=LONG_AGO)
            mirror.clock.forward(timedelta(days=1))
            assert GOOD.filename not in mirror.listed("frob")

    def test_the_policy_says_whose_a_name_is(
        self, index: LoopbackIndex, other: LoopbackIndex, tmp_path: Path, kept: Kept
    ) -> None:
        index.add(GOOD, uploaded=LONG_AGO)
        other.add(NEXT, uploaded=LONG_AGO)
        with mirrored(tmp_path, index, other, kept=kept) as mirror:
            assert GOOD.filename in mirror.listed("frob")
            owns = f'[[index]]\nname = "own"\nurl = "{other.url}"\nowns = ["fr*"]\n'
            mirror.says(owns)
            assert set(mirror.listed("frob")) == {NEXT.filename, EVIL.filename}
            assert mirror.file(GOOD).status == 404
            mirror.says(owns.replace(other.url, "https://packages.example.com/simple/"))
            assert mirror.page("frob").status == 404  # and nobody else has it


def test_passwords_are_sent_to_the_upstream_alone(tmp_path: Path) -> None:
    with LoopbackIndex(credentials=("user", "s3cr3t")) as closed:
        closed.add(GOOD, uploaded=LONG_AGO)
        closed.add(EVIL, uploaded=LONG_AGO)
        known = Credentials(username="user", password="s3cr3t")  # noqa: S106 - a test's
        own = Index(url=closed.url.rstrip("/"), credentials=known)
        with mirrored(tmp_path, own, credentials={closed.origin: known}) as mirror:
            answers = [
                mirror.file(GOOD),
                mirror.file(EVIL),
                mirror.page("frob"),
                mirror.page("frob", PLAIN_HTML),
                mirror.page("nothing"),
                mirror.get("/simple/"),
                mirror.get(place_of(GOOD).replace("1.0", "2.0")),
            ]
            assert [each.status for each in answers] == [200, 403, 200, 200, 404, 200, 404]
        database = (tmp_path / "mirror.sqlite").read_bytes()
    for secret in (b"s3cr3t", b"dXNlcjpz"):
        assert secret not in database
        for each in answers:
            assert secret not in each.everything
            assert closed.origin.removeprefix("http://").encode() not in each.everything


def test_an_upstream_that_hangs_is_left_in_peace_for_a_while(index: LoopbackIndex) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/simple/frob/"
        upstream = Upstream(limits=HURRIED, slow=0.1)
        with pytest.raises(FetchError, match="no answer in time"):
            upstream.get(url, limit=10)
        with pytest.raises(FetchError, match="did not answer a moment ago"):
            upstream.get(url, limit=10)
        for path in ("nothing", "frob"):  # what answers badly, answers
            with pytest.raises(NotFoundError):
                upstream.get(f"{index.url}{path}/", limit=10)
        upstream.close()
