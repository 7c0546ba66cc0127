"""What it costs that there is nothing to do: a start of Python, and little more."""

from __future__ import annotations

import subprocess

import pytest

from tests.e2e.guarded import LONG_AGO, TIMEOUT, Guard
from tests.fakes import LoopbackIndex
from tests.gateway.uv_projects import a_project, settings
from tests.wheels import a_wheel

COSTLY = {"guard.model", "guard.policy", "guard.request", "msgspec", "packaging.requirements"}


@pytest.mark.parametrize("line", ["sync", "run python -c pass"])
def test_what_is_in_place_already_is_found_out_without_the_rest_of_the_guard(
    guard: Guard, index: LoopbackIndex, line: str
) -> None:
    index.add(a_wheel("frob", "1.0"), uploaded=LONG_AGO)
    a_project(guard, "frob")
    assert guard("uv", "sync", **settings(index)).code == 0
    index.forget_requests()
    interpreter, *words = guard.command("uv", *line.split())
    done = subprocess.run(
        [interpreter, "-X", "importtime", *words],
        cwd=guard.work,
        env=guard.environment(**settings(index)),
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert index.requests == []
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "guard.cli.glance" in imported
    assert imported & COSTLY == set()
