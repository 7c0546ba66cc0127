"""A release of a large package and the two that a takeover makes of it, without any cooldown.

What the incident of March 2026 carried is replaced by a harmless payload: it writes a marker file.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import pytest

from tests import faults
from tests.e2e.guarded import Environment, Guard, ago, at, to, untouched
from tests.fakes import LoopbackIndex
from tests.wheels import Artifact, a_startup_payload, a_wheel

_NONE: Final[Mapping[str, str]] = MappingProxyType({})
UNCOOLED: Final = 'extends = "default"\n\n[rules.fresh-upload]\nlevel = "off"\n'
PROXY: Final = "modelgate/proxy/server.py"
ROUTES: Final = 335
"""Each has twelve lines, so that the module has four thousand."""


def a_route(number: int) -> str:
    """A function as a proxy has hundreds of them; it does nothing on import."""
    return f'''
def route_{number}(request, *, timeout=600.0, retries=2):
    """Forward `request` to the model of deployment {number}."""
    payload = dict(request)
    payload.setdefault("model", "model-{number}")
    headers = {{"x-request-id": str({number}), "x-timeout": str(timeout)}}
    for attempt in range(retries + 1):
        answer = DEPLOYMENTS.get(payload["model"], {{}}).get("answer")
        if answer is not None:
            return {{"answer": answer, "headers": headers, "attempt": attempt}}
    raise LookupError("no deployment of " + payload["model"])

'''


def a_module(payload: str = "") -> str:
    """The module with `payload` in its middle, at the level of the module."""
    routes = [a_route(number) for number in range(ROUTES)]
    routes.insert(ROUTES // 2, payload)
    head = "import base64\nimport os\nimport subprocess\nimport sys\n\nDEPLOYMENTS = {}\n"
    return head + "".join(routes)


def a_payload(marker: Path) -> str:
    """What litellm 1.82.7 did, as it did it: decode a program and give it to a new interpreter."""
    program = f"import pathlib; pathlib.Path({str(marker)!a}).write_text('ran')\n"
    encoded = base64.b64encode(program.encode()).decode()
    return f"""
b64_payload = "{encoded}"
subprocess.run([sys.executable, "-c", base64.b64decode(b64_payload).decode()])
"""


def a_release(version: str, module: str, more: Mapping[str, str] = _NONE) -> Artifact:
    files = {
        "modelgate/__init__.py": f"__version__ = '{version}'\n",
        "modelgate/proxy/__init__.py": "",
        PROXY: module,
        **more,
    }
    return a_wheel("modelgate", version, files=files, requires=["dep"])


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """What the payload writes, whenever it runs."""
    return tmp_path / "the-payload-ran"


@pytest.fixture
def takeover(index: LoopbackIndex, marker: Path) -> LoopbackIndex:
    """1.0 of two months ago, 1.1 and 1.2 of ten minutes ago, each with a RECORD that is right."""
    index.add(a_wheel("dep", "1.0"), uploaded=ago(days=400))
    index.add(a_release("1.0", a_module()), uploaded=ago(days=60))
    evil = a_module(a_payload(marker))
    index.add(a_release("1.1", evil), uploaded=ago(minutes=23))
    both = a_release("1.2", evil, a_startup_payload(marker))
    index.add(both, uploaded=ago(minutes=10))
    return index


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "guard.toml"
    path.write_text(UNCOOLED)
    return path


def test_it_is_a_large_package() -> None:
    assert a_module().count("\n") > 4000


def test_the_first_release_is_installed(
    takeover: LoopbackIndex, either: Environment, guard: Guard, policy: Path
) -> None:
    ran = guard.install("modelgate==1.0", "--policy", policy, into=either, index=takeover)
    assert ran.code == 0, ran.said
    assert either.installed() == {"modelgate": "1.0", "dep": "1.0"}


@pytest.mark.parametrize(
    ("version", "rules"),
    [("1.1", {"suspicious-change"}), ("1.2", {"suspicious-change", "startup-hook"})],
)
def test_what_the_takeover_made_is_denied(
    takeover: LoopbackIndex,
    either: Environment,
    guard: Guard,
    policy: Path,
    marker: Path,
    version: str,
    rules: set[str],
) -> None:
    words = (f"modelgate=={version}", "--policy", policy)
    with untouched(either):
        ran = guard.install(*words, into=either, index=takeover)
    assert ran.code == 77, ran.said
    assert not marker.exists()
    report = guard("check", *words, "--output-format", "json", *to(either), *at(takeover)).report
    denying = {
        finding["rule"]
        for candidate in report["candidates"]
        for finding in candidate["findings"]
        if finding["level"] == "deny"
    }
    assert denying == rules
    assert not marker.exists()


def test_the_lines_are_named(
    takeover: LoopbackIndex, target: Environment, guard: Guard, policy: Path
) -> None:
    ran = guard.install("modelgate==1.1", "--policy", policy, into=target, index=takeover)
    finding = ran.finding("suspicious-change")
    assert f"{PROXY!r} shows what it did not in 1.0: decoded-exec, import-time-process" in finding
    number = a_module(a_payload(Path())).split("\nsubprocess.run(")[0].count("\n") + 2
    assert f"line {number}: decoded-exec: 'subprocess.run([sys.executable, " in finding


def test_whoever_leaves_the_version_open_gets_the_release_before(
    takeover: LoopbackIndex, either: Environment, guard: Guard, policy: Path, marker: Path
) -> None:
    """Neither of the two is compared with the other: the baseline must have been up for a week."""
    ran = guard.install("modelgate", "--policy", policy, into=either, index=takeover)
    assert ran.code == 0, ran.said
    assert either.installed() == {"modelgate": "1.0", "dep": "1.0"}
    assert not marker.exists()


def test_without_the_baseline_it_is_undecided(
    takeover: LoopbackIndex, target: Environment, guard: Guard, policy: Path, marker: Path
) -> None:
    """I4: it must not help to keep the earlier release from being fetched."""
    takeover.fault("/files/modelgate-1.0-*.whl", faults.status(404))
    with untouched(target):
        ran = guard.install("modelgate==1.1", "--policy", policy, into=target, index=takeover)
    assert ran.code == 69, ran.said
    assert "not known what has changed since 1.0" in ran.finding("suspicious-change")
    assert not marker.exists()
