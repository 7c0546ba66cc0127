"""A mirror that serves, as the one who looks after it sees it: the real command, real HTTP."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.advisory.records import a_record
from tests.e2e.guarded import LONG_AGO, TIMEOUT, Environment, Guard
from tests.evidence.leaving import a_key_file
from tests.fakes import LoopbackIndex
from tests.mirror.watch.receivers import Posted, a_web_server
from tests.wheels import a_wheel

pytest.importorskip("uvicorn", reason="the extra [mirror] is not installed")

DEP = a_wheel("dep", "1.0")
FROB = a_wheel("frob", "1.0", requires=["dep"])
SECRET = "a secret of some length"  # noqa: S105 - of a test
PATH = f"/files/{FROB.sha256[:2]}/{FROB.sha256}/{FROB.filename}"
JSON = "application/vnd.pypi.simple.v1+json"


@dataclass
class Serving:
    """`guard mirror serve`, as long as a test takes."""

    process: subprocess.Popen[str]
    url: str = ""
    lines: list[str] = field(default_factory=list)
    came: threading.Condition = field(default_factory=threading.Condition)

    def read(self) -> None:
        """Read what it writes, to the end."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self.came:
                self.lines.append(line)
                self.came.notify_all()

    def wait(self, pattern: str, start: int = 0) -> re.Match[str]:
        """Wait for a line from `start` on; return what it says."""
        with self.came:
            found = self.came.wait_for(lambda: self._found(pattern, start), TIMEOUT)
        assert found is not None, self.lines
        return found

    def _found(self, pattern: str, start: int) -> re.Match[str] | None:
        matches = (re.search(pattern, line) for line in self.lines[start:])
        return next(filter(None, matches), None)

    def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        request = urllib.request.Request(self.url + path, headers=headers)  # noqa: S310 - loopback
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as response:  # noqa: S310
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def listed(self) -> list[str]:
        _, page = self.get("/simple/frob/", accept=JSON)
        return [entry["filename"] for entry in json.loads(page)["files"]]


@pytest.fixture
def hook() -> Iterator[Posted]:
    with a_web_server() as posted:
        yield posted


@pytest.fixture
def serving(guard: Guard, index: LoopbackIndex, hook: Posted) -> Iterator[Serving]:
    for wheel in (DEP, FROB):
        index.add(wheel, uploaded=LONG_AGO)
    guard.knows()
    with served(guard, "--index-url", index.url, "--webhook", hook.url) as found:
        yield found


@contextmanager
def served(guard: Guard, *words: str | Path) -> Iterator[Serving]:
    process = guard.start(
        *("mirror", "serve", "--port", "0", "--log-format", "json", *words),
        GUARD_MIRROR_WEBHOOK_SECRET=SECRET,
    )
    found = Serving(process)
    reading = threading.Thread(target=found.read)
    reading.start()
    try:
        found.url = found.wait(r"running on (http://127\.0\.0\.1:\d+)")[1]
        yield found
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(TIMEOUT)
        reading.join()
        for stream in (process.stdout, process.stderr):
            assert stream is not None
            stream.close()


def status(guard: Guard) -> dict[str, Any]:
    ran = guard("mirror", "status", "--output-format", "json")
    assert ran.code == 0, ran.said
    return dict(ran.report)


def test_a_release_is_stopped_and_let_go_by_hand(guard: Guard, serving: Serving) -> None:
    assert serving.get(PATH) == (200, FROB.content)
    ran = guard("mirror", "deny", "frob==1.0", "--reason", "an incident")
    assert ran.code == 0, ran.said
    assert "denied: frob 1.0; 1 file was served until now" in ran.err
    refused, body = serving.get(PATH)
    assert refused == 403
    assert "an incident" in json.loads(body)["detail"]
    serving.wait('"message":"everything held is judged again: standpoint"', len(serving.lines))
    assert serving.listed() == []
    before = len(serving.lines)
    assert guard("mirror", "lift", "frob==1.0").code == 0
    serving.wait(f'"message":"admitted {FROB.filename}"', before)
    assert serving.get(PATH) == (200, FROB.content)


def test_new_advisories_revoke_while_it_serves_and_somebody_is_told(
    guard: Guard, serving: Serving, hook: Posted
) -> None:
    assert serving.get(PATH)[0] == 200
    before = len(serving.lines)
    guard.knows(a_record("MAL-2026-7", versions=("1.0",), project="frob"))
    serving.wait(f'"message":"revoked {FROB.filename}"', before)
    assert serving.get(PATH)[0] == 403
    assert serving.listed() == []
    _, metrics = serving.get("/metrics")
    assert b'guard_mirror_decisions_total{state="revoked"} 1.0' in metrics
    told = status(guard)
    assert told["rounds"][0]["revoked"] == 1
    hook.wait_for(1)
    events = [event["event"] for body in hook.bodies for event in json.loads(body)["events"]]
    assert events == ["file.revoked"]


def test_everything_is_judged_again_on_demand(
    guard: Guard, index: LoopbackIndex, serving: Serving
) -> None:
    assert serving.get(PATH)[0] == 200
    index.remove(FROB.filename)
    ran = guard("mirror", "rejudge", "--index-url", index.url)
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "1 file judged: 1 revoked, 0 admitted again, 0 undecided\n"
    assert serving.get(PATH)[0] == 403


def test_a_test_reaches_whoever_is_told(guard: Guard, hook: Posted) -> None:
    words = ("mirror", "notify", "--test", "--webhook", hook.url)
    ran = guard(*words, GUARD_MIRROR_WEBHOOK_SECRET=SECRET)
    assert ran.code == 0, ran.said
    assert json.loads(hook.bodies[0])["events"][0]["event"] == "test"
    hook.status = 500
    ran = guard(*words, GUARD_MIRROR_WEBHOOK_SECRET=SECRET)
    assert ran.code == 69
    assert "HTTP 500" in ran.err
    assert "of-a-chat" not in ran.said


def test_the_status_of_a_mirror_is_for_people_too(guard: Guard) -> None:
    guard.knows()
    ran = guard("mirror", "status")
    assert ran.code == 0, ran.said
    words = [line.split(" ")[0] for line in ran.out.splitlines()]
    assert words[:4] == ["database", "store", "policy", "advisories"]


def test_a_guard_takes_the_word_of_a_mirror_that_signs(
    guard: Guard, index: LoopbackIndex, target: Environment, tmp_path: Path
) -> None:
    """Whoever installs it would demand an attestation; the mirror's own policy does not."""
    index.add(DEP, uploaded=LONG_AGO)
    guard.knows()
    key = a_key_file(tmp_path)
    with served(guard, "--index-url", index.url, "--signing-key", key) as found:
        client = tmp_path / "client.toml"
        client.write_text(_client(found.url, key))
        words = ("dep", "--policy", str(client))
        ran = guard.install(*words, into=target, index=f"{found.url}/simple/")
        assert ran.code == 0, ran.said
        assert target.installed() == {"dep": "1.0"}
        client.write_text(_client(found.url, a_key_file(tmp_path, 2)))
        ran = guard.install(*words, "--reinstall", into=target, index=f"{found.url}/simple/")
        assert ran.code == 77, ran.said
        assert "signed by another key" in ran.finding("missing-receipt")
        assert "attest" in ran.finding("missing-attestation")


def _client(url: str, key: Path) -> str:
    line = key.with_suffix(".pub").read_text(encoding="ascii").splitlines()[1]
    return (
        'extends = "default"\n[rules.missing-attestation]\nevery-file = true\n'
        f'[[index]]\nname = "mirror"\nurl = "{url}/simple/"\nreceipts = {{ key = "{line}" }}\n'
    )
