"""A real project without wheels: built in the sandbox with what the real index has for that."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from guard.build import sandbox
from tests.online.test_real_index import guard, new_environment, ran

pytestmark = [
    pytest.mark.online,
    pytest.mark.skipif(sandbox.possible() is not None, reason="no sandbox here"),
]


@pytest.mark.parametrize(
    ("project", "version", "module"),
    [("docopt", "0.6.2", "docopt"), ("crcmod", "1.7", "crcmod._crcfunext")],
    ids=["pure", "extension"],
)
def test_a_project_without_wheels_is_built_and_installed(
    project: str, version: str, module: str, tmp_path: Path
) -> None:
    policy = tmp_path / "guard.toml"
    policy.write_text(
        'extends = "default"\n[[group]]\nname = "built"\n'
        f'members = ["{project}"]\nrules.source-distribution.action = "build"\n'
    )
    python = new_environment(tmp_path, "target")
    words = ("install", f"{project}=={version}", "--python", python, "--output-format", "json")
    denied = guard(tmp_path, *words, fails=True)
    assert denied.returncode == 77, denied.stderr
    report = json.loads(guard(tmp_path, *words, "--policy", policy).stdout)
    (candidate,) = report["candidates"]
    built = candidate["built_from"]
    assert built["filename"] == f"{project}-{version}.tar.gz"
    assert built["isolation"] == "sandbox"
    assert [u["filename"].partition("-")[0] for u in built["requirements"]] == ["setuptools"]
    ran(tmp_path, python, "-c", f"import {module}")
