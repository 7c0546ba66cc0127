"""The fake is a real index to pip and uv, and it fails only in the ways that were planned."""

from __future__ import annotations

import hashlib
import http.client
import json
import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import Message
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from tests import faults
from tests.fakes import LoopbackIndex
from tests.faults import Fault, Seen
from tests.index import HTML, JSON, PLAIN_HTML, chosen
from tests.installers import Install, both_installers, installed, with_uv
from tests.wheels import a_wheel

FROB = a_wheel("frob", "1.0", requires=["Frob.Dep >= 2"], requires_python=">=3.8")
DEP = a_wheel("frob-dep", "2.1")
FROB_PATH = f"/files/{FROB.filename}"
PIP_ACCEPT = f"{JSON}, {HTML}; q=0.1, {PLAIN_HTML}; q=0.01"


class Reply(NamedTuple):
    status: int
    headers: Message
    body: bytes


@pytest.fixture
def index() -> Iterator[LoopbackIndex]:
    with LoopbackIndex() as running:
        running.add(FROB, uploaded=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
        running.add(DEP)
        yield running


def ask(index: LoopbackIndex, path: str, method: str = "GET", **headers: str) -> Reply:
    connection = http.client.HTTPConnection(urlsplit(index.url).netloc)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers=named)
        response = connection.getresponse()
        return Reply(response.status, response.headers, response.read())
    finally:
        connection.close()


def document(index: LoopbackIndex, project: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(ask(index, f"/simple/{project}/", Accept=JSON).body)
    return document


def page(index: LoopbackIndex, project: str) -> str:
    return ask(index, f"/simple/{project}/", Accept=PLAIN_HTML).body.decode()


@both_installers
@pytest.mark.parametrize("modern", [True, False])
def test_a_tree_installs(install: Install, modern: bool, tmp_path: Path) -> None:
    with LoopbackIndex(json=modern, sidecars=modern, etags=modern) as index:
        index.add(FROB)
        index.add(DEP)
        done = install(index.url, tmp_path, "frob")
        assert done.returncode == 0, done.stderr
        assert installed(tmp_path) == {"frob-1.0.dist-info", "frob_dep-2.1.dist-info"}
        paths = {seen.path for seen in index.requests}
    assert FROB_PATH in paths
    assert (f"{FROB_PATH}.metadata" in paths) is modern


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, PLAIN_HTML),
        ("*/*", PLAIN_HTML),
        (PIP_ACCEPT, JSON),
        ("application/vnd.pypi.simple.latest+json", JSON),
        (f"{HTML}, {JSON};q=0.9", HTML),
        (f"{JSON};q=0, */*;q=0.1", PLAIN_HTML),
        (f"application/*;q=0.5, {JSON};q=0.1", HTML),
        ("image/png", None),
    ],
)
def test_the_weightiest_acceptable_form_is_chosen(accept: str | None, expected: str) -> None:
    assert chosen(accept, [PLAIN_HTML, HTML, JSON]) == expected


def test_an_unacceptable_form_and_an_unknown_project_are_refused(index: LoopbackIndex) -> None:
    assert ask(index, "/simple/frob/", Accept="image/png").status == 406
    assert ask(index, "/simple/unknown/").status == 404
    assert ask(index, "/files/unknown.whl").status == 404
    assert ask(index, "/etc/passwd").status == 404


def test_paths_move_to_their_normal_form(index: LoopbackIndex) -> None:
    moved = {path: ask(index, path) for path in ("/simple", "/simple/Frob_Dep/", "/simple/frob")}
    assert {path: reply.headers["Location"] for path, reply in moved.items()} == {
        "/simple": "/simple/",
        "/simple/Frob_Dep/": "/simple/frob-dep/",
        "/simple/frob": "/simple/frob/",
    }
    assert {reply.status for reply in moved.values()} == {301}


def test_pages_tell_everything_that_is_known_of_a_file(index: LoopbackIndex) -> None:
    index.add(
        FROB,
        uploaded=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        yanked="it <breaks>",
        hashes={"md5": "0" * 32},
        provenance=b"{}",
    )
    digest = hashlib.sha256(FROB.metadata).hexdigest()
    where = index.provenance_url(FROB.filename)
    assert document(index, "frob") == {
        "meta": {"api-version": "1.4"},
        "name": "frob",
        "versions": ["1.0"],
        "files": [
            {
                "filename": FROB.filename,
                "url": index.file_url(FROB.filename),
                "hashes": {"md5": "0" * 32},
                "yanked": "it <breaks>",
                "requires-python": ">=3.8",
                "size": len(FROB.content),
                "upload-time": "2026-01-02T03:04:05.000000Z",
                "core-metadata": {"sha256": digest},
                "dist-info-metadata": {"sha256": digest},
                "provenance": where,
            }
        ],
    }
    assert page(index, "frob").splitlines()[-3] == (
        f'<a href="{index.file_url(FROB.filename)}#md5={"0" * 32}" '
        'data-requires-python="&gt;=3.8" data-yanked="it &lt;breaks&gt;" '
        f'data-provenance="{where}" data-core-metadata="sha256={digest}" '
        f'data-dist-info-metadata="sha256={digest}">{FROB.filename}</a><br>'
    )
    assert ask(index, urlsplit(where).path).body == b"{}"
    assert ask(index, f"{FROB_PATH}.metadata").body == FROB.metadata


def test_a_poor_index_tells_only_what_it_must() -> None:
    with LoopbackIndex(upload_times=False, sidecars=False, cache_control="no-store") as index:
        index.add(
            DEP, uploaded=datetime(2026, 1, 2, tzinfo=UTC), size=False, hashes=False, url="../dep"
        )
        [told] = document(index, "frob-dep")["files"]
        assert told == {"filename": DEP.filename, "url": "../dep", "hashes": {}, "yanked": False}
        assert f'<a href="../dep">{DEP.filename}</a>' in page(index, "frob-dep")
        assert ask(index, "/simple/frob-dep/").headers["Cache-Control"] == "no-store"


def test_projects_and_files_come_and_go(index: LoopbackIndex) -> None:
    index.remove(FROB.filename)
    assert ask(index, "/simple/frob/").status == ask(index, FROB_PATH).status == 404
    assert json.loads(ask(index, "/simple/", Accept=JSON).body) == {
        "meta": {"api-version": "1.4"},
        "projects": [{"name": "frob-dep"}],
    }
    assert b'<a href="frob-dep/">frob-dep</a>' in ask(index, "/simple/").body


def test_a_quarantined_project_offers_no_file_unless_told_to(index: LoopbackIndex) -> None:
    index.status("Frob", "quarantined", "found to be harmful")
    told = document(index, "frob")
    assert told["project-status"] == {"status": "quarantined", "reason": "found to be harmful"}
    assert (told["files"], told["versions"]) == ([], [])
    assert '<meta name="pypi:project-status" content="quarantined">' in page(index, "frob")
    assert 'pypi:project-status-reason" content="found to be harm' in page(index, "frob")
    index.status("frob", "quarantined", offers_files=True)
    assert document(index, "frob")["versions"] == ["1.0"]
    index.status("frob", "archived")
    assert document(index, "frob")["project-status"] == {"status": "archived"}
    assert document(index, "frob")["versions"] == ["1.0"]


@pytest.mark.parametrize("path", ["/simple/frob/", FROB_PATH])
def test_an_unchanged_answer_is_not_sent_again(index: LoopbackIndex, path: str) -> None:
    first = ask(index, path)
    again = ask(index, path, If_None_Match=f'"other", {first.headers["ETag"]}')
    assert (again.status, again.body) == (304, b"")
    index.add(a_wheel("frob", "1.0", files={"frob.py": "changed"}))
    assert ask(index, path, If_None_Match=first.headers["ETag"]).status == 200


@both_installers
def test_installers_ask_again_in_a_way_that_304_answers(
    install: Install, index: LoopbackIndex, tmp_path: Path
) -> None:
    assert install(index.url, tmp_path, "frob").returncode == 0
    shutil.rmtree(tmp_path / "target")
    index.forget_requests()
    assert install(index.url, tmp_path, "frob").returncode == 0
    [seen] = [seen for seen in index.requests if seen.path == "/simple/frob/"]
    assert ask(index, *reversed(seen[:2]), **seen.headers).status == 304


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-9", 0, 10),
        ("bytes=10-", 10, None),
        ("bytes=-7", -7, None),
        ("bytes=5-9999", 5, None),
    ],
)
def test_a_range_of_a_file_is_served(
    index: LoopbackIndex, asked: str, start: int, stop: int | None
) -> None:
    reply = ask(index, FROB_PATH, Range=asked)
    assert (reply.status, reply.body) == (206, FROB.content[start:stop])
    assert reply.headers["Content-Range"].endswith(f"/{len(FROB.content)}")


def test_a_range_that_cannot_be_is_refused_and_a_stale_one_ignored(index: LoopbackIndex) -> None:
    assert ask(index, FROB_PATH, Range="bytes=99999-").status == 416
    assert ask(index, FROB_PATH, Range="bytes=0-9", If_Range='"stale"').status == 200


def test_head_tells_the_size_and_sends_nothing(index: LoopbackIndex) -> None:
    reply = ask(index, FROB_PATH, "HEAD")
    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers["Content-Length"] == str(len(FROB.content))


def test_only_the_right_credentials_are_let_in(tmp_path: Path) -> None:
    with LoopbackIndex(credentials=("user", "p@ss")) as index:
        index.add(DEP)
        refused = ask(index, "/simple/frob-dep/", Authorization="Basic d3Jvbmc=")
        assert refused.status == 401
        assert refused.headers["WWW-Authenticate"].startswith("Basic ")
        assert with_uv(index.url, tmp_path, "frob-dep").returncode != 0
        assert with_uv(index.url_with_credentials, tmp_path, "frob-dep").returncode == 0


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (faults.status(403), (403, "text/plain", b"a fault\n")),
        (faults.garbage(b"<<", JSON), (200, JSON, b"<<")),
        (faults.mislabelled("image/png"), (200, "image/png", FROB.content)),
        (faults.replaced(b"other"), (200, "application/octet-stream", b"other")),
        (faults.redirect(FROB_PATH), (302, None, b"")),
    ],
)
def test_a_fault_answers_in_place_of_the_index(
    index: LoopbackIndex, fault: Fault, expected: tuple[int, str | None, bytes]
) -> None:
    index.fault("/files/*.whl", fault)
    reply = ask(index, FROB_PATH)
    assert (reply.status, reply.headers["Content-Type"], reply.body) == expected
    index.heal()
    assert ask(index, FROB_PATH).body == FROB.content


def test_faults_are_met_in_order_and_used_up(index: LoopbackIndex) -> None:
    index.fault("/simple/*", faults.status(503, retry_after=7), times=2)
    index.fault(lambda seen: seen.method == "HEAD", faults.status(500), times=1)
    replies = [ask(index, "/simple/frob/") for _ in range(3)]
    assert [reply.status for reply in replies] == [503, 503, 200]
    assert [reply.headers["Retry-After"] for reply in replies] == ["7", "7", None]
    assert [ask(index, FROB_PATH, "HEAD").status for _ in range(2)] == [500, 200]


def test_a_body_can_break_off_quietly_or_rudely(index: LoopbackIndex) -> None:
    index.fault("*", faults.truncated(10), times=1)
    with pytest.raises(http.client.IncompleteRead) as broken:
        ask(index, FROB_PATH)
    assert broken.value.partial == FROB.content[:10]
    index.fault("*", faults.reset(10), times=1)
    with pytest.raises(ConnectionResetError):
        ask(index, FROB_PATH)


def test_an_endless_body_ends_badly_at_its_cap(index: LoopbackIndex) -> None:
    index.fault("*", faults.endless(cap=1_000_000))
    with pytest.raises(http.client.IncompleteRead) as broken:
        ask(index, FROB_PATH)
    assert 900_000 < len(broken.value.partial) <= 1_000_000


def test_stopping_ends_an_endless_body_and_every_thread() -> None:
    threads = set(threading.enumerate())
    with LoopbackIndex() as index:
        index.fault("*", faults.endless())
        connection = http.client.HTTPConnection(urlsplit(index.url).netloc)
        connection.request("GET", "/")
        response = connection.getresponse()
        assert response.read(100_000)
    assert set(threading.enumerate()) == threads
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        response.read()
    response.close()
    connection.close()


@both_installers
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(faults.replaced(DEP.content), id="replaced"),
        pytest.param(faults.truncated(50), id="truncated"),
        pytest.param(faults.redirect(FROB_PATH), id="redirect-loop"),
    ],
)
def test_no_installer_takes_a_faulty_file(
    install: Install, fault: Fault, index: LoopbackIndex, tmp_path: Path
) -> None:
    index.fault("/files/frob-*.whl", fault)
    assert install(index.url, tmp_path, "frob").returncode != 0
    assert installed(tmp_path) == set()


def test_connections_are_kept_and_requests_are_seen(index: LoopbackIndex) -> None:
    connection = http.client.HTTPConnection(urlsplit(index.url).netloc)
    for _ in range(2):
        connection.request("GET", "/simple/frob/?page=1", headers={"X-Test": "yes"})
        connection.getresponse().read()
        sock = connection.sock
    assert connection.sock is sock
    connection.close()
    assert all(isinstance(seen, Seen) for seen in index.requests)
    assert [(seen.method, seen.path) for seen in index.requests] == [
        ("GET", "/simple/frob/?page=1")
    ] * 2
    assert index.requests[0].headers["x-test"] == "yes"
