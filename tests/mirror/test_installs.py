"""Plain pip and uv install from any replica."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import uv

from tests.e2e.guarded import LONG_AGO, TIMEOUT, Environment, Guard, ago
from tests.fakes import LoopbackIndex
from tests.mirror.backends import SCALED, SERVICES, Backend
from tests.mirror.replicas import Replica
from tests.wheels import a_wheel

DEP, FROB = a_wheel("dep", "1.0"), a_wheel("frob", "1.0", requires=["dep"])
NEWER = a_wheel("frob", "2.0")


def install(guard: Guard, environment: Environment, replica: Replica) -> None:
    words = ["install", "--index-url", f"http://127.0.0.1:{replica.port}/simple/", "frob"]
    command = [str(environment.python), "-m", "pip", *words]
    if environment.installer == "uv":
        command = [uv.find_uv_bin(), "pip", *words, "--python", str(environment.python)]
    subprocess.run(command, env=guard.environment(), check=True, timeout=TIMEOUT)


@pytest.mark.parametrize("mirror_backend", [pytest.param(SCALED, marks=SERVICES)], indirect=True)
def test_another_replica_goes_on_where_one_was_killed(
    guard: Guard,
    index: LoopbackIndex,
    tmp_path: Path,
    mirror_backend: Backend,
    either: Environment,
) -> None:
    for wheel in (DEP, FROB):
        index.add(wheel, uploaded=LONG_AGO)
    index.add(NEWER, uploaded=ago(minutes=5))
    with (
        Replica(tmp_path / "one", index, mirror_backend) as one,
        Replica(tmp_path / "two", index, mirror_backend) as two,
    ):
        assert one.start().file(FROB).status == 200
        one.kill()
        index.forget_requests()
        install(guard, either, two.start())
    assert either.installed() == {"frob": "1.0", "dep": "1.0"}
    fetched = {seen.location for seen in index.requests if seen.location.endswith(".whl")}
    assert fetched == {f"/files/{DEP.filename}"}  # the other was in the store
