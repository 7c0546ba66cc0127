"""The real pip and the real uv, run against an index with nothing else in reach."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import uv

Run = subprocess.CompletedProcess[str]
Install = Callable[..., Run]


def run(*command: str | Path, settings: Mapping[str, str] | None = None) -> Run:
    """One run that no configuration and no proxy of the machine can change."""
    foreign = ("pip_", "uv_", "http_", "https_", "all_", "virtual_env")
    kept = {k: v for k, v in os.environ.items() if not k.lower().startswith(foreign)}
    return subprocess.run(
        list(map(str, command)),
        env={**kept, **(settings or {})},
        capture_output=True,
        text=True,
        check=False,
    )


def with_pip(index_url: str, folder: Path, *wanted: str) -> Run:
    """One run of pip, with its cache and its target below `folder`."""
    # To a host that it does not trust, pip speaks plain HTTP without its cache.
    source = ("--index-url", index_url, "--trusted-host", "127.0.0.1")
    cache = ("--cache-dir", folder / "pip-cache")
    quiet = ("--disable-pip-version-check", "--retries", "0", "--no-input", "--no-compile")
    target = ("--target", _target(folder), "--upgrade")
    pip = (sys.executable, "-m", "pip", "--isolated", "install")
    settings = {"PIP_CONFIG_FILE": os.devnull}
    return run(*pip, *quiet, *source, *cache, *target, *wanted, settings=settings)


def with_uv(index_url: str, folder: Path, *wanted: str, into: Path | None = None) -> Run:
    """One run of uv, with its cache below `folder`, and its target too, or `into` a Python."""
    pip = (uv.find_uv_bin(), "pip", "install", "--no-config", "--no-python-downloads")
    source = ("--default-index", index_url, "--refresh")
    place = () if into else ("--target", _target(folder))
    target = ("--python", into or sys.executable, *place)
    settings = {"UV_CACHE_DIR": str(folder / "uv-cache"), "UV_HTTP_RETRIES": "0"}
    return run(*pip, *source, *target, *wanted, settings=settings)


def installed(folder: Path) -> set[str]:
    """What an installer put below `folder`, by the names of the dist-info directories."""
    return {path.name for path in _target(folder).glob("*.dist-info")}


def _target(folder: Path) -> Path:
    return folder / "target"


both_installers = pytest.mark.parametrize("install", [with_pip, with_uv])
