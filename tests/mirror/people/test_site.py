"""The web page, as browsers and as those who mean it ill would use it."""

from __future__ import annotations

import logging
import re
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from guard.mirror.people.approvals import in_force
from guard.mirror.people.person import Role
from guard.mirror.people.requests import State, wanted
from tests.mirror.backends import Kept
from tests.mirror.people.office import a_finding, an_examination, an_examined
from tests.mirror.people.served import NEW, OLD, Browser, Mirrored, mirrored


def eventually(page: Browser, path: str, words: str) -> str:
    """The page at `path` once it has the words: what is examined takes a moment."""
    for _ in range(200):
        if words in (text := page.get(path)):
            return text
        time.sleep(0.05)
    raise AssertionError(f"{words!r} never came")


def seen(page: str) -> str:
    found = re.search(r'name="seen" value="(\w+)"', page)
    assert found
    return found[1]


def listed(mirror: Mirrored) -> list[str]:
    page = mirror.call("GET", "/simple/frob/", headers={"Accept": "text/html"}).text
    return re.findall(r">(frob-[^<]+\.whl)<", page)


def test_two_people_let_a_release_in(mirror: Mirrored) -> None:
    alice, bob = mirror.browser("alice", Role.REQUESTER), mirror.browser("bob")
    assert listed(mirror) == []
    came = alice.post("/requests", "/requests", release="frob==1.1", reason="the gateway needs it")
    assert came.headers["Location"] == "/requests/1"
    page = eventually(bob, "/requests/1", "frob-1.1-py3-none-any.whl")
    assert "uploaded 2 days ago, younger than 7 days" in page
    assert "requires evil, which 1.0 did not" in page
    came = bob.post(
        "/requests/1/vote",
        "/requests/1",
        vote="approve",
        reason="read it",
        seen=seen(page),
        accept="fresh-upload",
    )
    assert came.status_code == 303, came.text
    assert "1 of 1" in alice.get("/requests/1")
    for _ in range(100):
        if listed(mirror):
            break
        time.sleep(0.05)
    assert listed(mirror) == ["frob-1.1-py3-none-any.whl"]
    page = mirror.call("GET", "/simple/frob/", headers={"Accept": "text/html"}).text
    (link,) = re.findall(r'href="([^"#]+)#', page)
    path = urlsplit(requests.compat.urljoin(mirror.url + "/simple/frob/", link)).path
    assert mirror.call("GET", path).status_code == 200
    page = alice.get("/projects/frob/" + "/".join(path.split("/")[-2:]))
    assert "in force" in page
    assert "<td>bob, " in page


def test_an_approval_that_is_revoked_ends_at_once(mirror: Mirrored) -> None:
    test_two_people_let_a_release_in(mirror)
    carol = mirror.browser("carol")
    came = carol.post(
        "/approvals/1/revoke", "/projects/frob", project="frob", reason="it was taken over"
    )
    assert came.headers["Location"] == "/projects/frob"
    for _ in range(100):
        if not listed(mirror):
            break
        time.sleep(0.05)
    assert listed(mirror) == []


def test_who_may_only_read_is_offered_nothing_else(mirror: Mirrored) -> None:
    mirror.office.request(mirror.office.caller("dave"))
    reader = mirror.browser("ci", Role.READER)
    for path in ("/requests", "/requests/1", "/projects"):
        assert re.findall(r'action="([^"]+)"', reader.get(path)) in (
            ["/logout"],
            ["/logout", "/projects"],
        )
    reader.get("/log", status=403)
    came = reader.post("/requests", release="frob==1.0", reason="please")
    assert came.status_code == 403


def test_pages_have_what_is_needed_where_nobody_is_logged_in(mirror: Mirrored) -> None:
    visitor = mirror.browser()
    for path in ("/", "/requests", "/requests?state=all", "/projects", "/login"):
        assert "<h1>" in visitor.get(path)
    assert visitor.session.get(mirror.url + "/log", allow_redirects=False).status_code == 303
    came = visitor.post("/requests", release="frob==1.0", reason="please")
    assert came.headers["Location"] == "/login"
    assert mirror.office.requests.some() == []


def test_where_a_login_is_demanded_nothing_is_shown_without(tmp_path: Path, kept: Kept) -> None:
    with mirrored(tmp_path, anonymous=False, kept=kept) as mirror:
        visitor = mirror.browser()
        for path in ("/", "/requests", "/requests/1", "/projects", "/projects/frob", "/log"):
            came = visitor.session.get(mirror.url + path, allow_redirects=False)
            assert (came.status_code, came.headers.get("Location")) == (303, "/login"), path
        for path in ("/simple/", "/simple/frob/", "/api/v1/requests", "/api/v1/projects"):
            came = mirror.call("GET", path)
            assert came.status_code == 401, path
            assert came.headers["WWW-Authenticate"].startswith("Basic ")
        secret = mirror.secret("ci", Role.READER)
        assert mirror.call("GET", "/simple/frob/", secret).status_code == 200
        with_password = requests.get(mirror.url + "/simple/frob/", auth=("x", secret), timeout=9)
        assert with_password.status_code == 200


@pytest.mark.parametrize(
    "origin", ["https://evil.example.com", "null", "", "http://127.0.0.1:1", "{url}.evil.example"]
)
def test_a_post_of_another_site_changes_nothing(
    mirror: Mirrored, origin: str, caplog: pytest.LogCaptureFixture
) -> None:
    alice = mirror.browser("alice")
    before = mirror.office.log()
    alice.origin = origin.format(url=mirror.url)
    with caplog.at_level(logging.WARNING, "guard.mirror.access"):
        came = alice.post("/requests", release="frob==1.0", reason="mine")
        assert came.status_code == 403
        assert alice.post("/logout").status_code == 403
    assert "refused a post to /requests" in caplog.text
    assert mirror.office.log() == before
    assert "alice" in alice.get("/")


@pytest.mark.parametrize("proof", ["", "0" * 64, "é" * 64])
def test_a_post_without_its_proof_changes_nothing(mirror: Mirrored, proof: str) -> None:
    alice = mirror.browser("alice")
    came = alice.post("/requests", release="frob==1.0", reason="mine", proof=proof)
    assert came.status_code == 403
    other = mirror.browser("mallory").proof("/requests")
    came = alice.post("/requests", release="frob==1.0", reason="mine", proof=other)
    assert came.status_code == 403
    assert mirror.office.requests.some() == []


def test_a_login_cannot_be_forced_on_somebody(mirror: Mirrored) -> None:
    """Whoever can make a browser log in as somebody else reads along what it does."""
    secret = mirror.secret("mallory")
    victim = mirror.browser()
    victim.origin = "https://evil.example.com"
    assert victim.post("/login", token=secret).status_code == 403
    bare = requests.post(
        mirror.url + "/login",
        data={"token": secret, "proof": "0" * 64},
        headers={"Origin": mirror.url},
        timeout=9,
        allow_redirects=False,
    )
    assert bare.status_code == 403


def test_the_cookie_is_out_of_reach_and_ends_with_the_session(mirror: Mirrored) -> None:
    secret = mirror.secret("alice")
    browser = mirror.browser()
    came = browser.post("/login", token=secret)
    (cookie,) = [c for c in came.headers["Set-Cookie"].split(", ") if "guard-session=" in c]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert secret not in cookie
    kept = dict(browser.session.cookies)
    assert browser.post("/logout", "/requests").status_code == 303
    browser.session.cookies.update(kept)
    assert "Log in" in browser.get("/requests")
    assert mirror.office.actions()[-2:] == ["login", "logout"]


def test_where_it_is_reached_by_https_the_cookie_is_secure(tmp_path: Path, kept: Kept) -> None:
    with mirrored(tmp_path, public_url="https://mirror.example.com", kept=kept) as mirror:
        secret, browser = mirror.secret("alice"), mirror.browser()
        page = browser.session.get(mirror.url + "/login", timeout=9)
        cookie = page.headers["Set-Cookie"]
        assert cookie.startswith("__Host-guard-form=")
        assert "Secure" in cookie
        found = re.search(r'name="proof" value="(\w+)"', page.text)
        assert found
        sent = {"Cookie": cookie.partition(";")[0], "Origin": "https://mirror.example.com"}
        came = browser.session.post(
            mirror.url + "/login",
            data={"token": secret, "proof": found[1]},
            headers=sent,
            timeout=9,
            allow_redirects=False,
        )
        assert came.status_code == 303
        assert "__Host-guard-session=" in came.headers["Set-Cookie"]


def test_requests_of_others_are_theirs(mirror: Mirrored) -> None:
    number = mirror.office.request(mirror.office.caller("dave"))
    eve = mirror.browser("eve", Role.REQUESTER)
    before = mirror.office.log()
    assert eve.post(f"/requests/{number}/withdraw").status_code == 403
    assert eve.post(f"/requests/{number}/vote", vote="approve", reason="x").status_code == 403
    assert mirror.office.requests.one(number).state is State.OPEN
    assert mirror.office.log() == before


def test_one_s_own_request_is_not_voted_on(mirror: Mirrored) -> None:
    alice = mirror.browser("alice", Role.ADMIN)
    alice.post("/requests", "/requests", release="frob==1.0", reason="mine")
    page = eventually(alice, "/requests/1", "frob-1.0-py3-none-any.whl")
    assert "somebody else has to look at it" in page
    digest = mirror.office.requests.one(1).examination
    assert digest is not None
    came = alice.post("/requests/1/vote", vote="approve", reason="x", seen=digest.digest)
    assert came.status_code == 403
    assert not in_force(mirror.office.database)


def test_words_of_others_are_only_words(mirror: Mirrored) -> None:
    evil = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    asked = wanted("frob", "1.0", evil)
    caller = mirror.office.caller("<b>eve</b>")
    number, _ = mirror.office.requests.make(caller, asked, mirror.office.clock())
    found = an_examined(evil, findings=(a_finding(message=evil, detail=(evil,)),))
    mirror.office.requests.examined(number, an_examination(found))
    browser = mirror.browser("alice")
    for path in (f"/requests/{number}", "/requests", "/log", f"/projects?search={evil}"):
        page = browser.get(path)
        assert "<script" not in page
        assert "<img" not in page
        assert "<b>eve" not in page


@pytest.mark.parametrize(
    "path",
    [
        "/static/../site.py",
        "/static/..%2f..%2fsite.py",
        "/static/%2e%2e/app.py",
        "//evil.example.com/",
        "/requests/1%00",
        "/requests/99999999999999999999",
        "/requests/-1",
        "/projects/..%2f..",
        "/projects/%00",
        "/projects/frob/zz/frob.whl",
        "/projects/frob/" + "0" * 64 + "/..%2f..%2fetc%2fpasswd",
        "/" + "a/" * 3000,
        "/requests/'%20OR%201=1--",
    ],
)
def test_tricks_with_paths_find_nothing(mirror: Mirrored, path: str) -> None:
    status = _raw(mirror, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert 400 <= status < 500, status


def test_what_is_too_large_is_turned_away(mirror: Mirrored) -> None:
    alice = mirror.browser("alice")
    assert alice.post("/requests", release="frob==1.0", reason="x" * 100_000).status_code == 413
    many = {f"f{n}": "x" for n in range(200)}
    assert alice.post("/requests", release="frob==1.0", reason="x", **many).status_code == 400
    twice = alice.post("/requests", release=["frob==1.0", "frob==1.1"], reason="x")
    assert twice.status_code == 400
    wide = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Y: " + "y" * 40_000 + "\r\n\r\n"
    assert _raw(mirror, wide) == 431
    assert mirror.office.requests.some() == []


def test_a_form_is_a_form(mirror: Mirrored) -> None:
    alice = mirror.browser("alice")
    for media_type in ("application/json", "text/plain", "multipart/form-data; boundary=x", ""):
        came = alice.session.post(
            mirror.url + "/requests",
            data=b"release=frob%3D%3D1.0&reason=x&proof=" + alice.proof("/requests").encode(),
            headers={"Origin": mirror.url, "Content-Type": media_type},
            timeout=9,
        )
        assert came.status_code == 415
    assert mirror.office.requests.some() == []


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_not_taken(mirror: Mirrored, method: str) -> None:
    for path in ("/requests", "/requests/1/vote", "/api/v1/requests"):
        assert mirror.call(method, path).status_code in {400, 404, 405}


def test_every_answer_says_what_a_browser_may_do_with_it(mirror: Mirrored) -> None:
    for path in ("/", "/requests/77", "/nowhere", "/static/style.css", "/api/v1/requests"):
        headers = mirror.call("GET", path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
    assert mirror.call("GET", "/").headers["Cache-Control"] == "no-store"


def test_pages_name_no_other_place_and_no_style_of_their_own(mirror: Mirrored) -> None:
    mirror.office.request(mirror.office.caller("dave"))
    browser = mirror.browser("alice")
    for path in ("/", "/requests", "/requests/1", "/projects", "/log", "/login"):
        page = browser.get(path)
        assert not re.search(r'(?:href|src|action)="(?!/|#)', page)
        assert "style=" not in page
        assert "<script" not in page


def test_wrong_tokens_have_to_wait(mirror: Mirrored) -> None:
    browser = mirror.browser()
    codes = [browser.post("/login", token="wrong").status_code for _ in range(11)]  # noqa: S106
    assert codes == [401] * 10 + [429]


def test_what_is_denied_is_asked_for_by_itself(tmp_path: Path, kept: Kept) -> None:
    with mirrored(tmp_path, requests=True, kept=kept) as mirror:
        path = f"/files/{NEW.sha256[:2]}/{NEW.sha256}/{NEW.filename}"
        assert mirror.call("GET", path).status_code == 403
        assert mirror.call("GET", path).status_code == 403
        (request,) = mirror.office.requests.some()
        assert (request.title, request.automatic, request.needed(1)) == ("frob 1.1", True, 2)
        path = f"/files/{OLD.sha256[:2]}/{OLD.sha256}/{OLD.filename}"
        alice = mirror.secret("alice", Role.REQUESTER)
        assert mirror.call("GET", path, alice).status_code == 403
        newest = mirror.office.requests.some()[0]
        assert (newest.title, newest.requested_by) == ("frob 1.0", "alice")


def test_the_database_that_is_gone_is_said_and_not_shown(mirror: Mirrored, tmp_path: Path) -> None:
    with mirror.office.database.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE requests RENAME TO elsewhere")
    came = mirror.call("GET", "/requests")
    assert (came.status_code, came.headers["Retry-After"]) == (503, "5")
    assert "could not be used" in came.text
    assert str(tmp_path) not in came.text
    came = mirror.call("GET", "/api/v1/requests")
    assert (came.status_code, came.json()["status"]) == (503, 503)


def _raw(mirror: Mirrored, sent: str) -> int:
    parts = urlsplit(mirror.url)
    with socket.create_connection(
        (parts.hostname or "", parts.port or 0), timeout=20
    ) as connection:
        connection.sendall(sent.encode())
        first = connection.makefile("rb").readline()
    return int(first.split()[1])
