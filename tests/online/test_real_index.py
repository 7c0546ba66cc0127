"""The real package index as a new user meets it: a handful of requests, and what they give."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import uv

pytestmark = pytest.mark.online

TIMEOUT = 600


def the_users(folder: Path) -> dict[str, str]:
    """The user's environment as it is, but for caches of our own and the configured indexes."""
    foreign = ("PIP_", "UV_", "GUARD_", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return kept | {
        "PIP_CONFIG_FILE": os.devnull,
        "UV_CACHE_DIR": str(folder / "uv"),
        "GUARD_CACHE_DIR": str(folder / "cache"),
        "GUARD_STATE_DIR": str(folder / "state"),
    }


def ran(
    folder: Path, *command: str | Path, fails: bool = False
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(word) for word in command],
        env=the_users(folder),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert fails or done.returncode == 0, done.stdout + done.stderr
    return done


def guard(
    folder: Path, *words: str | Path, fails: bool = False
) -> subprocess.CompletedProcess[str]:
    return ran(folder, sys.executable, "-m", "guard", *words, fails=fails)


def new_environment(folder: Path, name: str) -> Path:
    python = folder / name / "bin" / "python"
    ran(folder, uv.find_uv_bin(), "venv", "--quiet", "--python", sys.executable, folder / name)
    return python


def frozen(folder: Path, python: Path) -> list[str]:
    freeze = (uv.find_uv_bin(), "pip", "freeze", "--quiet", "--python", python)
    return sorted(ran(folder, *freeze).stdout.split())


def test_litellm_is_what_uv_would_have_installed_a_week_ago(tmp_path: Path) -> None:
    """The whole tree: the same releases as with the same cut-off, complete and consistent."""
    ours, theirs = new_environment(tmp_path, "ours"), new_environment(tmp_path, "theirs")
    cutoff = datetime.now(UTC) - timedelta(days=7)  # noqa: TID251 - the real index has a real clock
    guard(tmp_path, "install", "--python", ours, "litellm")
    bare = (uv.find_uv_bin(), "pip", "install", "--exclude-newer", cutoff.isoformat())
    ran(tmp_path, *bare, "--python", theirs, "litellm")
    assert frozen(tmp_path, ours) == frozen(tmp_path, theirs)
    ran(tmp_path, uv.find_uv_bin(), "pip", "check", "--python", ours)


def test_pip_installs_what_was_judged(tmp_path: Path) -> None:
    ran(tmp_path, sys.executable, "-m", "venv", tmp_path / "venv")
    python = tmp_path / "venv" / "bin" / "python"
    guard(tmp_path, "install", "--installer", "pip", "--python", python, "requests")
    ran(tmp_path, python, "-m", "pip", "check")
    ran(tmp_path, python, "-c", "import requests")


def newest_fresh(folder: Path, project: str) -> str | None:
    """The newest release that the guard passes over because of its age, if there is one today."""
    checked = guard(folder, "check", "--output-format", "json", project)
    report: dict[str, Any] = json.loads(checked.stdout)
    for item in report["passed_over"]:
        if {finding["rule"] for finding in item["findings"]} == {"fresh-upload"}:
            version: str = item["version"]
            return version
    return None


def test_a_pinned_release_of_this_week_is_denied(tmp_path: Path) -> None:
    """boto3 has a release on every working day; without one this week there is nothing to see."""
    version = newest_fresh(tmp_path, "boto3")
    if version is None:
        pytest.skip("boto3 has had no release for a week")
    python = new_environment(tmp_path, "venv")
    pinned = f"boto3=={version}"
    denied = guard(tmp_path, "install", "--python", python, pinned, fails=True)
    assert denied.returncode == 77, denied.stdout + denied.stderr
    assert "denied[fresh-upload]: uploaded" in denied.stderr
    assert frozen(tmp_path, python) == []


@pytest.mark.parametrize(
    "project", ["fastapi[standard]", "jupyterlab", "transformers", "langchain"]
)
def test_nothing_cries_wolf(tmp_path: Path, project: str) -> None:
    """Whole trees of well-known projects are admitted under the default policy."""
    checked = guard(tmp_path, "check", "--output-format", "json", project)
    report: dict[str, Any] = json.loads(checked.stdout)
    assert report["decision"] == "admitted"
    assert len(report["candidates"]) > 10


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "shop"\nversion = "1.0"\nrequires-python = ">=3.11"\n'
        'dependencies = ["requests", "ruff"]\n'
    )
    return tmp_path


def test_a_project_is_locked_and_installed_as_uv_alone_would(shop: Path) -> None:
    guard(shop, "uv", "sync", "--python", sys.executable)
    ours = (shop / "uv.lock").read_text()
    a_week_ago = datetime.now(UTC) - timedelta(days=7)  # noqa: TID251 - as a user would say it
    (shop / "uv.lock").unlink()
    ran(shop, uv.find_uv_bin(), "lock", "--exclude-newer", a_week_ago.isoformat())
    head, _, theirs = (shop / "uv.lock").read_text().partition("[options]\n")
    theirs = head + theirs.partition("\n\n")[2]  # which is the cut-off itself
    assert ours == theirs


def test_a_tool_is_run(tmp_path: Path) -> None:
    assert guard(tmp_path, "uvx", "ruff", "--version").stdout.startswith("ruff ")
