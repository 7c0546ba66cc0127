"""What tests of the mirror may ask for."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import uv

from tests.mirror.backends import database_url, kept, mirror_backend, postgres, s3

__all__ = ["database_url", "fetched", "kept", "mirror_backend", "postgres", "s3"]


@pytest.fixture(scope="session")
def fetched(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A tool in an environment of its own, from the index of this machine."""

    def fetch(*wanted: str) -> Path:
        place = tmp_path_factory.mktemp("tool") / "venv"
        venv = [uv.find_uv_bin(), "venv", "--quiet", "--python", sys.executable, str(place)]
        subprocess.run(venv, check=True, timeout=600)
        install = [uv.find_uv_bin(), "pip", "install", "--quiet", "--python", str(place), *wanted]
        subprocess.run(install, check=True, timeout=600)
        return place / "bin"

    return fetch
