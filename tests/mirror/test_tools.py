"""Real installers, pointed at a mirror and otherwise as they are."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
import uv

from tests.e2e.guarded import LONG_AGO, TIMEOUT, Environment, ago, installed_in, scrubbed
from tests.fakes import LoopbackIndex
from tests.mirror.backends import Kept
from tests.mirror.mirrored import Served, mirrored, place_of, serving
from tests.wheels import a_wheel, an_sdist

FROB = a_wheel("frob", "1.0", requires=["other>=1"])
YOUNG = a_wheel("frob", "2.0", requires=["other>=1"])
OTHER = a_wheel("other", "1.1")
MARKED = a_wheel("other", "1.2", files={"other.pth": "import os\n"})
WANTED = {"frob": "1.0", "other": "1.1"}

NOTHING: Mapping[str, str] = MappingProxyType({})
PROJECT = """\
[project]
name = "app"
version = "0"
requires-python = ">=3.11"
dependencies = ["frob"]
"""
UV = '[[tool.uv.index]]\nname = "mirror"\nurl = "{url}"\ndefault = true\n'
POETRY = (
    "[tool.poetry]\npackage-mode = false\n"
    '[[tool.poetry.source]]\nname = "mirror"\nurl = "{url}"\npriority = "primary"\n'
)
PDM = '[tool.pdm]\ndistribution = false\n[[tool.pdm.source]]\nname = "pypi"\nurl = "{url}"\n'


@pytest.fixture
def served(index: LoopbackIndex, tmp_path: Path, kept: Kept) -> Iterator[Served]:
    """A mirror in front of a tree of which the newest releases are not admitted."""
    for artifact in (FROB, OTHER, MARKED, an_sdist("frob", "1.0")):
        index.add(artifact, uploaded=LONG_AGO)
    index.add(YOUNG, uploaded=ago(days=1))
    (tmp_path / "mirror").mkdir()
    with mirrored(tmp_path / "mirror", index, kept=kept) as mirror, serving(mirror) as running:
        assert running.mirror.file(MARKED).status == 403  # somebody has asked for it before
        yield running


def run(
    *words: str | Path, folder: Path, code: int = 0, settings: Mapping[str, str] = NOTHING
) -> str:
    own = {"HOME": str(folder), "UV_CACHE_DIR": str(folder / "uv"), "XDG_CONFIG_HOME": str(folder)}
    done = subprocess.run(
        [str(word) for word in words],
        cwd=folder,
        env={**scrubbed(), **own, **settings},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_pip(served: Served, pip_target: Environment, tmp_path: Path) -> None:
    pip = (pip_target.python, "-m", "pip", "--isolated", "install", "--no-cache-dir")
    run(*pip, "--index-url", served.url, "frob", folder=tmp_path)
    assert pip_target.installed() == WANTED
    said = run(*pip, "--index-url", served.url, "frob==2.0", folder=tmp_path, code=1)
    assert "No matching distribution found for frob==2.0" in said
    said = run(*pip, served.origin + place_of(YOUNG), folder=tmp_path, code=1)
    assert "403" in said


def test_pip_uses_the_metadata_of_what_is_there(
    served: Served, pip_target: Environment, tmp_path: Path
) -> None:
    """PEP-658: the second time, a dry run fetches no file."""
    pip = (pip_target.python, "-m", "pip", "--isolated", "install", "--no-cache-dir", "--dry-run")
    run(*pip, "--index-url", served.url, "frob", folder=tmp_path)
    said = run(*pip, "-v", "--index-url", served.url, "frob", folder=tmp_path)
    assert f"{FROB.filename}.metadata" in said


def test_uv_pip(served: Served, target: Environment, tmp_path: Path) -> None:
    words = (uv.find_uv_bin(), "pip", "install", "--python", target.python)
    run(*words, "--index", served.url, "frob", folder=tmp_path)
    assert target.installed() == WANTED
    said = run(*words, "--default-index", served.url, "frob==2.0", folder=tmp_path, code=1)
    assert "there is no version of frob==2.0" in said


def test_uv_reads_upload_times(served: Served, target: Environment, tmp_path: Path) -> None:
    """They are the upstream's: a cut-off of uv's own works through the mirror."""
    words = (uv.find_uv_bin(), "pip", "install", "--python", target.python)
    cut = ("--exclude-newer", "2020-01-01T00:00:00Z")
    run(*words, *cut, "--default-index", served.url, "frob", folder=tmp_path, code=1)
    assert target.installed() == {}


def test_uv_sync(served: Served, tmp_path: Path) -> None:
    app = tmp_path / "app"
    app.mkdir()
    (app / "pyproject.toml").write_text(PROJECT + UV.format(url=served.url), encoding="utf-8")
    words = (uv.find_uv_bin(), "sync", "--python", sys.executable)
    run(*words, folder=app)
    assert _installed(app) == WANTED
    lock = (app / "uv.lock").read_text(encoding="utf-8")
    assert place_of(FROB) in lock
    assert "upload-time" in lock
    run(*words, "--locked", "--reinstall", "--no-cache", folder=app)
    served.mirror.says('[[deny]]\nname = "other"\nversions = "==1.1"\nreason = "MAL-1"\n')
    said = run(*words, "--locked", "--reinstall", "--no-cache", folder=app, code=2)
    assert "Server message: Revoked, denied-release: denied by the policy: MAL-1" in said


@pytest.mark.online
def test_poetry_install(served: Served, fetched: Callable[..., Path], tmp_path: Path) -> None:
    app = tmp_path / "app"
    app.mkdir()
    (app / "pyproject.toml").write_text(PROJECT + POETRY.format(url=served.url), encoding="utf-8")
    own = {"POETRY_VIRTUALENVS_IN_PROJECT": "1", "POETRY_CACHE_DIR": str(tmp_path / "poetry")}
    run(fetched("poetry") / "poetry", "install", "--no-interaction", folder=app, settings=own)
    assert _installed(app) == WANTED


@pytest.mark.online
def test_pdm_install(served: Served, fetched: Callable[..., Path], tmp_path: Path) -> None:
    app = tmp_path / "app"
    app.mkdir()
    (app / "pyproject.toml").write_text(PROJECT + PDM.format(url=served.url), encoding="utf-8")
    own = {"PDM_CHECK_UPDATE": "0", "PDM_CACHE_DIR": str(tmp_path / "pdm")}
    run(fetched("pdm[locked]") / "pdm", "install", folder=app, settings=own)
    assert _installed(app) == WANTED


def _installed(app: Path) -> dict[str, str]:
    (folder,) = (app / ".venv").glob("lib/python3*/site-packages")
    return installed_in(folder)
