"""The morning of 24 March 2026, once more: two releases of a well-known project, minutes old.

What they carried is replaced by a harmless payload: it writes a marker file.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import uv
from inline_snapshot import snapshot

from tests.e2e.guarded import LONG_AGO, Environment, Guard, ago, at, to, untouched
from tests.fakes import LoopbackIndex
from tests.installers import run
from tests.wheels import a_module_payload, a_startup_payload, a_wheel


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """What the payload writes, whenever it runs."""
    return tmp_path / "the-payload-ran"


@pytest.fixture
def morning(index: LoopbackIndex, marker: Path) -> LoopbackIndex:
    index.add(a_wheel("litellm", "1.82.6", files={"litellm/proxy.py": ""}), uploaded=LONG_AGO)
    changed = a_module_payload(marker, "litellm.proxy")
    index.add(a_wheel("litellm", "1.82.7", files=changed), uploaded=ago(minutes=60))
    startup = {"litellm/proxy.py": "", **a_startup_payload(marker)}
    index.add(a_wheel("litellm", "1.82.8", files=startup), uploaded=ago(minutes=10))
    return index


def test_pip_and_uv_run_the_payload(
    morning: LoopbackIndex, either: Environment, marker: Path, guard: Guard
) -> None:
    into_uv = (uv.find_uv_bin(), "pip", "install", "--python", either.python)
    into_pip = (either.python, "-m", "pip", "install")
    bare = into_uv if either.installer == "uv" else into_pip
    done = run(*bare, "litellm", "--index-url", morning.url, settings=guard.environment())
    assert done.returncode == 0, done.stderr
    assert either.installed() == {"litellm": "1.82.8"}
    either.starts()
    assert marker.exists()


def test_the_guard_takes_the_release_before_and_says_why(
    morning: LoopbackIndex, either: Environment, marker: Path, guard: Guard
) -> None:
    ran = guard.install("litellm", into=either, index=morning)
    assert ran.code == 0, ran.said
    assert either.installed() == {"litellm": "1.82.6"}
    either.starts()
    assert not marker.exists()
    assert ran.out == ""
    assert ran.err[ran.err.index("Passed over:") :] == snapshot("""\
Passed over:
  litellm 1.82.8 (fresh-upload: uploaded 10 minutes ago, younger than 7 days)
  litellm 1.82.7 (fresh-upload: uploaded 1 hour ago, younger than 7 days)

1 file judged, advisories 1 hour old: admitted; installed
""")
    guard.assert_consistent()


def test_the_newest_release_is_denied_to_whoever_insists(
    morning: LoopbackIndex, either: Environment, marker: Path, guard: Guard
) -> None:
    with untouched(either):
        ran = guard.install("litellm==1.82.8", into=either, index=morning)
    assert ran.code == 77
    assert not marker.exists()
    assert ran.out == ""
    assert ran.err == snapshot("""\
Resolving…
Judging…
denied[fresh-upload]: uploaded 10 minutes ago, younger than 7 days
  --> litellm-1.82.8-py3-none-any.whl
   = policy: rules.fresh-upload.age = "7 days"
   = help: newest acceptable release: 1.82.6
   = help: guard rule fresh-upload

1 file judged, advisories 1 hour old: 1 denied; nothing was installed
""")


def test_the_report_for_programs_says_the_same(
    morning: LoopbackIndex, target: Environment, guard: Guard
) -> None:
    ran = guard("check", "litellm", "--output-format", "json", *to(target), *at(morning))
    assert ran.code == 0
    assert [(c["name"], c["version"], c["decision"]) for c in ran.report["candidates"]] == [
        ("litellm", "1.82.6", "admitted")
    ]
    assert [
        (p["version"], [f["rule"] for f in p["findings"]]) for p in ran.report["passed_over"]
    ] == [("1.82.8", ["fresh-upload"]), ("1.82.7", ["fresh-upload"])]
