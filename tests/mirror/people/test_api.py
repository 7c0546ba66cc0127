"""The JSON API, as programs use it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from guard.mirror.database.audit import Entry
from guard.mirror.people.approvals import in_force
from guard.mirror.people.person import Role
from tests.e2e.guarded import Guard, assert_paragraph
from tests.mirror.people.served import NEW, OLD, Mirrored

ASKED = {"release": "frob==1.1", "reason": "the gateway needs it"}


def examined(mirror: Mirrored, secret: str, number: int = 1) -> dict[str, Any]:
    for _ in range(200):
        found: dict[str, Any] = mirror.call("GET", f"/api/v1/requests/{number}", secret).json()
        if found["examination"]:
            return found
        time.sleep(0.05)
    raise AssertionError("nobody has looked into it")


def test_a_request_a_vote_an_approval(mirror: Mirrored) -> None:
    alice, bob = mirror.secret("alice", Role.REQUESTER), mirror.secret("bob")
    came = mirror.call("POST", "/api/v1/requests", alice, json=ASKED)
    assert (came.status_code, came.headers["Location"]) == (201, "/api/v1/requests/1")
    assert mirror.call("POST", "/api/v1/requests", bob, json=ASKED).status_code == 200
    found = examined(mirror, bob)
    examination = found["examination"]
    assert (found["approving"], found["needed"]) == (0, 1)
    assert examination["accepts"] == ["fresh-upload"]
    vote = {"approves": True, "reason": "read it", "seen": examination["digest"]}
    came = mirror.call("POST", "/api/v1/requests/1/votes", bob, json=vote)
    assert came.status_code == 409
    assert "fresh-upload" in came.json()["title"]
    vote["accepts"] = ["fresh-upload"]
    came = mirror.call("POST", "/api/v1/requests/1/votes", bob, json=vote)
    assert came.json()["state"] == "approved"
    (approval,) = mirror.call("GET", "/api/v1/approvals?project=frob").json()["approvals"]
    assert (approval["status"], approval["approved_by"]) == ("in force", "bob")
    why = {"reason": "it was taken over"}
    assert mirror.call("POST", "/api/v1/approvals/1/revocation", bob, json=why).status_code == 200
    assert not in_force(mirror.office.database)


def test_projects_files_and_the_log(mirror: Mirrored) -> None:
    bob = mirror.secret("bob")
    for wheel in (OLD, NEW):
        path = f"/files/{wheel.sha256[:2]}/{wheel.sha256}/{wheel.filename}"
        assert mirror.call("GET", path).status_code == 403
    (project,) = mirror.call("GET", "/api/v1/projects?search=fro").json()["projects"]
    assert project == {"name": "frob", "files": 2, "served": 0, "denied": 2}
    found = mirror.call("GET", "/api/v1/projects/Frob").json()
    assert {file["version"] for file in found["files"]} == {"1.0", "1.1"}
    file = found["files"][0]
    assert mirror.index.origin not in json.dumps(found["files"])
    path = f"/api/v1/projects/frob/{file['sha256']}/{file['filename']}"
    assert mirror.call("GET", path).json()["state"] == file["state"]
    lines = mirror.call("GET", "/api/v1/audit", bob).text.splitlines()
    assert [json.loads(line)["action"] for line in lines] == ["person add", "token create"]
    assert Entry.__dataclass_fields__.keys() == json.loads(lines[0]).keys()
    assert mirror.call("GET", "/api/v1/audit?after=1", bob).text.splitlines() == lines[1:]


@pytest.mark.parametrize(
    ("method", "path", "role"),
    [
        ("POST", "/api/v1/requests", Role.READER),
        ("POST", "/api/v1/requests/1/votes", Role.REQUESTER),
        ("POST", "/api/v1/approvals/1/revocation", Role.REQUESTER),
        ("GET", "/api/v1/audit", Role.REQUESTER),
    ],
)
def test_each_takes_its_role(mirror: Mirrored, method: str, path: str, role: Role) -> None:
    before = mirror.office.log()
    assert mirror.call(method, path, json={}).status_code == 401
    assert mirror.call(method, path, "wrong", json={}).status_code == 401
    assert mirror.office.log() == before
    came = mirror.call(method, path, mirror.secret("somebody", role), json={})
    assert came.status_code == 403
    assert came.headers["Content-Type"] == "application/problem+json"


def test_a_browser_s_cookie_is_no_token(mirror: Mirrored) -> None:
    """Else any site could post with it: the API asks for no proof."""
    alice = mirror.browser("alice")
    came = alice.session.post(mirror.url + "/api/v1/requests", json=ASKED, timeout=9)
    assert came.status_code == 401
    assert alice.session.get(mirror.url + "/api/v1/audit", timeout=9).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"release": 1, "reason": "x"}',
        b'{"release": "frob==1.1"}',
        b'{"release": "frob==1.1", "reason": "x", "more": 1}',
        b'{"release": "frob>=1.1", "reason": "x"}',
        b'{"release": "frob @ https://evil.example.com/frob.whl", "reason": "x"}',
        b'{"release": "frob==1.1", "reason": "x", "expires": "soon"}',
        b"[" * 60_000,
        b'"\xff"',
    ],
)
def test_anything_else_is_refused(mirror: Mirrored, body: bytes) -> None:
    alice = mirror.secret("alice")
    headers = {"Content-Type": "application/json"}
    came = mirror.call("POST", "/api/v1/requests", alice, data=body, headers=headers)
    assert came.status_code == 400
    assert mirror.office.requests.some() == []


def test_json_is_asked_for_by_name(mirror: Mirrored) -> None:
    """What a form of another site can send is not taken, even with a token."""
    alice = mirror.secret("alice")
    came = mirror.call("POST", "/api/v1/requests", alice, data=json.dumps(ASKED))
    assert came.status_code == 415


def test_guard_request(mirror: Mirrored, guard: Guard, tmp_path: Path) -> None:
    alice = mirror.secret("alice", Role.REQUESTER)
    asked = ("request", "frob==1.1", "--reason", "the gateway needs it")
    ran = guard(*asked, GUARD_MIRROR=mirror.url, GUARD_MIRROR_TOKEN=alice)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == f"request 1 for frob 1.1: open, 0 of 1 approvals\n  {mirror.url}/requests/1\n"
    ran = guard(*asked, "--mirror", mirror.url + "/simple/", GUARD_MIRROR_TOKEN=alice)
    assert ran.out.startswith("request 1 ")
    with_index = mirror.url.replace("//", f"//token:{alice}@") + "/simple/"
    ran = guard(*asked, "--output-format", "json", UV_DEFAULT_INDEX=with_index)
    assert ran.report["project"] == "frob", ran.said
    assert alice not in ran.said
    (netrc := tmp_path / "netrc").write_text(f"machine 127.0.0.1 login token password {alice}\n")
    netrc.chmod(0o600)
    ran = guard(*asked, "--mirror", mirror.url, NETRC=str(netrc))
    assert ran.code == 0, ran.said


def test_guard_request_says_why_not(mirror: Mirrored, guard: Guard) -> None:
    asked = ("request", "frob==1.1", "--reason", "x", "--mirror")
    ran = guard(*asked, mirror.url, GUARD_MIRROR_TOKEN="wrong")  # noqa: S106 - it is none
    assert_paragraph(ran, 77, "this token is not valid")
    reader = mirror.secret("ci", Role.READER)
    ran = guard(*asked, mirror.url, GUARD_MIRROR_TOKEN=reader)
    assert_paragraph(ran, 77, "this takes the role requester", "ci is reader here")
    ran = guard(*asked, mirror.url)
    assert_paragraph(ran, 2, "there is no token for", "GUARD_MIRROR_TOKEN")
    ran = guard(*asked, "http://mirror.example.com", GUARD_MIRROR_TOKEN=reader)
    assert_paragraph(ran, 2, "over plain HTTP")
    ran = guard(*asked, "http://127.0.0.1:9", GUARD_MIRROR_TOKEN=reader)
    assert_paragraph(ran, 69, "could not be asked")
    ran = guard(
        "request", "frob", "--reason", "x", "--mirror", mirror.url, GUARD_MIRROR_TOKEN=reader
    )
    assert ran.code in {2, 77}
