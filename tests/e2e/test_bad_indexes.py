"""Indexes that are down, broken, endless or hostile: one paragraph, and nothing is installed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests import faults
from tests.e2e.guarded import LONG_AGO, Environment, Guard, assert_paragraph, untouched
from tests.fakes import LoopbackIndex
from tests.faults import Answer, Fault
from tests.index import JSON
from tests.wheels import a_wheel

FROB = a_wheel("frob", "1.0")
PAGE = "/simple/frob/"
FILE = f"/files/{FROB.filename}"
ENDLESS = faults.endless(cap=3_000_000)


@pytest.fixture
def index(index: LoopbackIndex) -> LoopbackIndex:
    index.add(FROB, uploaded=LONG_AGO)
    return index


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (faults.status(403), "HTTP 403"),
        (faults.status(500), "HTTP 500"),
        (faults.garbage(b"\x00<nonsense", JSON), "could not be read"),
        (faults.garbage(b"{}", "image/png"), "'image/png' is no project page"),
        (faults.truncated(20), "could not be had"),
        (faults.reset(20), "could not be had"),
        (ENDLESS, "could not be had"),
        (faults.redirect(PAGE), "redirects"),
        (faults.redirect("file:///etc/passwd"), "redirect from http to file"),
    ],
    ids=["403", "500", "garbage", "image", "truncated", "reset", "endless", "loop", "to-a-file"],
)
def test_a_page_that_cannot_be_had_leaves_it_undecided(
    fault: Fault, said: str, target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    index.fault(PAGE, fault)
    with untouched(target):
        ran = guard.install("frob", into=target, index=index)
    assert_paragraph(ran, 69, "error: the request could not be resolved", "frob: its page on", said)
    assert "nothing was installed" in ran.err
    guard.assert_consistent()


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        (faults.status(403), 69, "HTTP 403"),
        (faults.status(404), 69, "HTTP 404"),
        (faults.status(500), 69, "HTTP 500"),
        (faults.replaced(b"other bytes"), 77, "denied[hash-mismatch]: sha256 is"),
        (faults.truncated(20), 69, "could not be downloaded"),
        (faults.reset(20), 69, "could not be downloaded"),
        (ENDLESS, 69, "more bytes came than the"),
        (faults.redirect(FILE), 69, "redirects"),
        (faults.redirect("file:///etc/passwd"), 69, "a redirect from http to file"),
    ],
    ids=[
        "403",
        "404",
        "500",
        "other-bytes",
        "truncated",
        "reset",
        "endless",
        "loop",
        "to-a-file",
    ],
)
def test_a_file_that_cannot_be_had_is_never_installed(
    fault: Fault, code: int, said: str, target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    index.fault(FILE, fault)
    with untouched(target):
        ran = guard.install("frob", into=target, index=index)
    assert_paragraph(ran, code, "[hash-mismatch]", said, FROB.filename, "nothing was installed")
    guard.assert_consistent()


@pytest.mark.parametrize(
    ("where", "fault", "codes"),
    [
        (PAGE, faults.status(403), {69}),
        (PAGE, faults.garbage(b"\x00<nonsense", JSON), {69}),
        # An old pip downloads while it resolves, and fails by itself.
        (FILE, faults.status(404), {1, 69}),
        (FILE, faults.replaced(b"other bytes"), {1, 77}),
    ],
    ids=["page-403", "page-garbage", "file-404", "file-other"],
)
def test_pip_is_told_no_more_than_uv(
    where: str,
    fault: Fault,
    codes: set[int],
    pip_target: Environment,
    guard: Guard,
    index: LoopbackIndex,
) -> None:
    index.fault(where, fault)
    with untouched(pip_target):
        ran = guard.install("frob", into=pip_target, index=index)
    assert ran.code in codes, ran.said
    assert "Traceback" not in ran.said
    guard.assert_consistent()


def test_an_index_that_nobody_serves(either: Environment, guard: Guard) -> None:
    with untouched(either):
        ran = guard.install("frob", into=either, index="http://127.0.0.1:9/simple/")
    assert_paragraph(ran, 69, "http://127.0.0.1:9/simple", "onnection refused", "nothing was")


def test_a_project_that_no_index_has(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    with untouched(target):
        ran = guard.install("nonesuch", into=target, index=index)
    assert ran.code == 1, ran.said
    assert ran.err.count("error: ") >= 1
    assert "nonesuch" in ran.err
    assert "Traceback" not in ran.said


def test_what_breaks_for_a_moment_is_mended(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    index.fault(FILE, faults.status(503), times=1)
    ran = guard.install("frob", into=target, index=index)
    assert ran.code == 0, ran.said
    assert target.installed() == {"frob": "1.0"}


def edited(edit: Callable[[dict[str, Any]], object]) -> Fault:
    """A page that says something else than the index meant."""

    def fault(answer: Answer) -> Answer:
        document = json.loads(answer.body)
        edit(document)
        return replace(answer, body=json.dumps(document).encode())

    return fault


def files(**changes: object) -> Fault:
    return edited(lambda document: document["files"][0].update(changes))


def page(**changes: object) -> Fault:
    return edited(lambda document: document.update(changes))


@pytest.mark.parametrize(
    "fault",
    [
        faults.garbage(b'{"files": ' + b"[" * 200_000, JSON),
        faults.garbage(b'{"a":' * 100_000, JSON),
        page(files="none"),
        page(files=[3]),
        page(files={"frob": 1}),
        page(name="other"),
        page(name=["frob"]),
        page(meta={"api-version": "2.0"}),
        page(**{"project-status": {"status": "\x1b[2Jcursed"}}),
        files(url="../../../../../etc/passwd"),
        files(url="file:///etc/passwd"),
        files(url="ftp://example.com/frob-1.0-py3-none-any.whl"),
        files(url="http://[::1"),
        files(url=3),
        files(filename="../../evil-1.0-py3-none-any.whl"),
        files(filename="other-1.0-py3-none-any.whl"),
        files(filename="frob-1.0-py3-none-any.whl\x00.txt"),
        files(filename=None),
        files(size="big"),
        files(size=-1),
        files(size=2**70),
        files(hashes=["sha256"]),
        files(hashes={"sha256": "short"}),
        files(yanked=[1]),
        files(**{"upload-time": 12}),
        files(**{"upload-time": "yesterday"}),
        files(**{"requires-python": 3}),
        files(**{"core-metadata": {"sha256": 3}}),
    ],
)
def test_a_hostile_page_installs_nothing(
    fault: Fault, target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    index.fault(PAGE, fault)
    with untouched(target):
        ran = guard.install("frob", into=target, index=index)
    assert ran.code in {1, 2, 69, 77}, ran.said
    assert "Traceback" not in ran.said
    assert "\x1b" not in ran.said
    assert "root:" not in ran.said
    guard.assert_consistent()


def test_a_hostile_page_beside_a_good_file_changes_nothing_about_it(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    def spoil(document: dict[str, Any]) -> None:
        good = document["files"][0]
        for number in range(5_000):
            name = f"other{number}-1.0-py3-none-any.whl"
            document["files"].append({**good, "filename": name, "yanked": "\x1b[31m" * 50})
        document["files"].append({"filename": "frob-nonsense.whl", "url": "x", "hashes": {}})

    index.fault(PAGE, edited(spoil))
    ran = guard.install("frob", into=target, index=index)
    assert ran.code == 0, ran.said
    assert "\x1b" not in ran.said
    assert target.installed() == {"frob": "1.0"}


def test_what_an_index_says_cannot_steer_the_terminal(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    index.fault(PAGE, files(yanked="\x1b]0;owned\x07 \r\nadmitted: all is well"))
    ran = guard.install("frob==1.0", "--policy", "strict", into=target, index=index)
    assert ran.code == 77, ran.said
    assert "\\x1b]0;owned\\x07 \\r\\nadmitted" in ran.finding("yanked-file")
    assert "\x1b" not in ran.said
    shown = guard.install(
        "frob==1.0", "--policy", "strict", "--output-format", "github", into=target, index=index
    )
    assert not [line for line in shown.out.splitlines() if line.startswith("admitted")]
