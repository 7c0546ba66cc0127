"""Which environment is meant, and what it says of itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import uv
from packaging.tags import sys_tags

from guard.errors import TargetError
from guard.install.target import Target, find_python
from tests.e2e.guarded import Environment, tree
from tests.wheels import a_wheel

POSIX = pytest.mark.skipif(os.name != "posix", reason="laid out as on a POSIX system")
Made = Callable[[str], Path]


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder three levels deep, with no environment active and no uv configured."""
    for name in ("VIRTUAL_ENV", "UV_PYTHON", "UV_SYSTEM_PYTHON", "CONDA_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    path = tmp_path / "a" / "b"
    path.mkdir(parents=True)
    monkeypatch.chdir(path)
    return path


@pytest.fixture
def made(bare_template: Path, tmp_path: Path) -> Made:
    return lambda name: shutil.copytree(bare_template, tmp_path / name, symlinks=True)


@POSIX
def test_each_way_to_name_an_environment_is_stronger_than_the_next(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(TargetError, match="no environment to install into"):
        find_python(None, system=False)
    assert find_python(None, system=False, alone=True) == Path(sys.executable)
    above = made(".venv")
    assert find_python(None, system=False) == above / "bin" / "python"
    here = made("a/b/.venv")
    assert find_python(None, system=False) == here / "bin" / "python"
    active = made("active")
    monkeypatch.setenv("VIRTUAL_ENV", str(active))
    assert find_python(None, system=False) == active / "bin" / "python"
    assert find_python(None, system=True) not in {p / "bin" / "python" for p in (active, here)}
    named = made("named")
    for wanted in (str(named), str(named / "bin" / "python"), "../../named"):
        found = find_python(wanted, system=True)
        assert found.resolve() == (named / "bin" / "python").resolve()
        assert found.is_absolute()


@POSIX
def test_a_folder_that_only_looks_like_an_environment_is_passed_by(work: Path, made: Made) -> None:
    (work / ".venv" / "bin").mkdir(parents=True)
    above = made(".venv")
    assert find_python(None, system=False) == above / "bin" / "python"


@POSIX
def test_a_version_is_asked_of_uv() -> None:
    """A stub on the PATH may be all that this machine has of a version: then it is said."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    command = [uv.find_uv_bin(), "python", "find", "--no-project", "--no-python-downloads", version]
    asked = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if asked.returncode:
        with pytest.raises(TargetError, match=version):
            find_python(version, system=False)
    else:
        assert find_python(version, system=False) == Path(asked.stdout.strip())


@pytest.mark.parametrize("wanted", ["1.2", "nonesuch-python", "no/such/folder/python"])
def test_a_python_that_is_not_there(wanted: str) -> None:
    with pytest.raises(TargetError) as refused:
        find_python(wanted, system=False)
    assert wanted in refused.value.message
    assert refused.value.hint


def test_an_active_environment_that_is_gone_is_not_passed_by(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "gone"))
    with pytest.raises(TargetError, match="from VIRTUAL_ENV"):
        find_python(None, system=False)


def test_a_description_is_what_the_interpreter_says(target: Environment) -> None:
    target.holds(a_wheel("Some.Frob", "1.0"))
    before = target.tree()
    description = Target(python=target.python).describe()
    assert dict(description.installed) == {"some-frob": "1.0"}
    assert description.environment["python_full_version"] == sys.version.split()[0]
    assert description.tags == tuple(sys_tags())
    assert Path(description.prefix) == target.path
    assert description.folders is not None
    assert set(description.folders.site) == {target.packages}
    assert description.folders.scripts == target.python.parent
    assert description.folders.data == target.path
    assert (description.folders.stdlib[0] / "ssl.py").is_file()
    assert description.pip is None
    assert target.tree() == before


def test_alone_nothing_counts_as_installed(target: Environment) -> None:
    target.holds(a_wheel("frob", "1.0"))
    description = Target(python=target.python, alone=True).describe()
    assert description.installed == {}
    assert description.folders is None


@POSIX
def test_a_folder_and_a_prefix_have_packages_of_their_own(
    pip_target: Environment, tmp_path: Path
) -> None:
    pip_target.holds(a_wheel("frob", "1.0"))
    version = f"python3.{sys.version_info.minor}"
    python = pip_target.python
    prefix = tmp_path / "prefix" / "lib" / version / "site-packages"
    for root, packages, place in (
        (
            tmp_path / "folder",
            tmp_path / "folder",
            Target(python=python, directory=tmp_path / "folder"),
        ),
        (tmp_path / "prefix", prefix, Target(python=python, prefix=tmp_path / "prefix")),
    ):
        (packages / "dep-2.0.dist-info").mkdir(parents=True)
        (packages / "dep-2.0.dist-info" / "METADATA").write_text("Name: dep\nVersion: 2.0\n")
        description = place.describe()
        assert dict(description.installed) == {"dep": "2.0"}
        assert description.folders is not None
        assert set(description.folders.site) == {packages}
        assert (description.folders.scripts, description.folders.data) == (root / "bin", root)
        assert description.pip  # pip is where the interpreter is, wherever packages go


def test_whether_an_environment_is_new_shows_in_its_files(
    target: Environment, pip_target: Environment, tmp_path: Path
) -> None:
    assert Target(python=target.python).looks_new()
    assert Target(python=pip_target.python).looks_new()
    assert not Target(python=target.python, directory=tmp_path).looks_new()
    assert not Target(python=target.python, prefix=tmp_path).looks_new()
    target.holds(a_wheel("frob", "1.0"))
    assert not Target(python=target.python).looks_new()
    assert Target(python=target.python, alone=True).looks_new()
    assert not Target(python=tmp_path / "usr" / "bin" / "python").looks_new()


@POSIX
@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo 'cannot run' >&2; exit 3", "cannot run"),
        ("exit 4", "it ended with 4"),
        ("echo not json", "Expecting value"),
    ],
)
def test_an_interpreter_that_does_not_answer(script: str, reason: str, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    with pytest.raises(TargetError) as refused:
        Target(python=python).describe()
    assert reason in str(refused.value.reason)
    assert str(python) in refused.value.message


def test_an_interpreter_that_cannot_be_started(tmp_path: Path) -> None:
    (tmp_path / "python").write_text("nothing")
    with pytest.raises(TargetError, match="could not be used"):
        Target(python=tmp_path / "python").describe()


def test_describing_an_environment_runs_nothing_of_the_working_folder(
    target: Environment, work: Path
) -> None:
    (work / "json.py").write_text("raise SystemExit('ran')")
    (work / "packaging.py").write_text("raise SystemExit('ran')")
    before = tree(work)
    assert Target(python=target.python).describe().installed == {}
    assert tree(work) == before
