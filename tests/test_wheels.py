"""The wheels and source distributions made here are real: the installers install them."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fakes import LoopbackIndex
from tests.installers import Install, both_installers, installed, run, with_uv
from tests.wheels import Artifact, a_module_payload, a_startup_payload, a_wheel, an_sdist

FROB = a_wheel("frob", "1.0", requires=["dep"])
DEP = a_wheel("frob-dep", "2.1")


@pytest.fixture
def index() -> Iterator[LoopbackIndex]:
    with LoopbackIndex() as running:
        yield running


@pytest.mark.parametrize("make", [a_wheel, an_sdist])
def test_equal_arguments_make_equal_bytes(make: Callable[..., Artifact]) -> None:
    assert make("Frob", "1.0", requires=["dep"]) == make("Frob", "1.0", requires=["dep"])


def test_record_holds_the_hash_and_size_of_every_other_member() -> None:
    with zipfile.ZipFile(io.BytesIO(FROB.content)) as archive:
        rows = list(csv.reader(archive.read("frob-1.0.dist-info/RECORD").decode().splitlines()))
        bodies = {name: archive.read(name) for name in archive.namelist()}
    assert [row[0] for row in rows] == list(bodies)
    assert rows.pop() == ["frob-1.0.dist-info/RECORD", "", ""]
    for name, digest, size in rows:
        expected = base64.urlsafe_b64encode(hashlib.sha256(bodies[name]).digest()).decode()
        assert (digest, size) == ("sha256=" + expected.rstrip("="), str(len(bodies[name])))


@both_installers
def test_an_sdist_builds_without_other_packages_and_its_payload_runs(
    install: Install, index: LoopbackIndex, tmp_path: Path
) -> None:
    index.add(an_sdist("late", "3.0", payload=tmp_path / "marker"))
    done = install(index.url, tmp_path, "late")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "marker").read_text() == "ran"
    assert installed(tmp_path) == {"late-3.0.dist-info"}


def test_payloads_run_at_interpreter_start_and_at_import(
    index: LoopbackIndex, tmp_path: Path
) -> None:
    started, imported = tmp_path / "started", tmp_path / "imported"
    files = a_startup_payload(started) | a_module_payload(imported, "late")
    index.add(a_wheel("late", "1.0", files=files))
    venv = tmp_path / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", venv)
    python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    done = with_uv(index.url, tmp_path, "late", into=python)
    assert done.returncode == 0, done.stderr
    assert not started.exists()
    run(python, "-c", "")
    assert started.exists()
    assert not imported.exists()
    run(python, "-c", "import late")
    assert imported.exists()


def test_every_part_of_a_wheel_arrives(index: LoopbackIndex, tmp_path: Path) -> None:
    parts = a_wheel(
        "parts",
        "1.0+local.1",
        build="2",
        files={"parts/__init__.py": "def main() -> None: ..."},
        extras={"more": ['frob-dep; python_version >= "3.8"'], "less": ["absent"]},
        entry_points={"console_scripts": {"part": "parts:main"}},
        data={"data/share/parts.txt": "told"},
        compression=zipfile.ZIP_DEFLATED,
    )
    index.add(parts)
    index.add(DEP)
    done = with_uv(index.url, tmp_path, "parts[more]")
    assert done.returncode == 0, done.stderr
    assert installed(tmp_path) == {"parts-1.0+local.1.dist-info", "frob_dep-2.1.dist-info"}
    names = {path.name for path in (tmp_path / "target").rglob("*")}
    assert names >= {"part", "parts.txt"} or names >= {"part.exe", "parts.txt"}


@both_installers
def test_a_wheel_without_record_is_refused(
    install: Install, index: LoopbackIndex, tmp_path: Path
) -> None:
    index.add(a_wheel("loose", "1.0", record=False))
    done = install(index.url, tmp_path, "loose")
    assert done.returncode != 0
    assert "RECORD" in done.stdout + done.stderr


def test_record_can_be_rewritten() -> None:
    wheel = a_wheel("bent", "1.0", record=lambda text: text.replace("bent.py", "other.py"))
    with zipfile.ZipFile(io.BytesIO(wheel.content)) as archive:
        assert archive.read("bent-1.0.dist-info/RECORD").startswith(b"other.py,sha256=")
