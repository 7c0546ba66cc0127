"""The tools that are measured, each with folders and an environment of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uv

GUARD = str(Path(sys.executable).with_name("guard"))
UV = uv.find_uv_bin()

_AGE = timedelta(days=7)
"""What the default policy asks for: the bare tools get the same cut-off."""

_KEPT = {"PIP_CERT", "PIP_CLIENT_CERT", "PIP_PROXY", "UV_NATIVE_TLS", "UV_SYSTEM_CERTS"}
"""How the index is reached may stay as it is on this machine; which index it is may not."""


def cutoff() -> str:
    """The moment before which a file must have been uploaded, in RFC 3339."""
    return (datetime.now(UTC) - _AGE).isoformat(timespec="seconds")


def environment(**more: str | Path) -> dict[str, str]:
    """Return this environment without any setting of pip, uv and the guard, and with `more`."""
    foreign = ("PIP_", "UV_", "GUARD_", "VIRTUAL_ENV", "PYTHON")
    kept = {n: v for n, v in os.environ.items() if n in _KEPT or not n.startswith(foreign)}
    alone = {"PIP_CONFIG_FILE": os.devnull, "UV_NO_CONFIG": "1"}
    return kept | alone | {name: str(value) for name, value in more.items()}


def timed(command: Sequence[str], env: Mapping[str, str], folder: Path | None = None) -> float:
    """Return the seconds that `command` takes; ends the benchmark when it fails."""
    began = time.perf_counter()
    done = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, check=False)
    took = time.perf_counter() - began
    if done.returncode:
        sys.exit(f"{' '.join(command)}\nended with {done.returncode}\n{done.stderr}")
    return took


@dataclass(frozen=True)
class Tool:
    """One way to install, with its caches under `home`."""

    name: str
    home: Path

    def install(self, requirement: str, into: Path, uploaded_before: str) -> float:
        """Install `requirement` into the environment at `into`, and return the seconds."""
        uv_cache, guard_cache = self.home / "uv", self.home / "guard"
        env = environment(UV_CACHE_DIR=uv_cache, GUARD_CACHE_DIR=guard_cache)
        command = {
            "guard": [GUARD, "install", "--python", str(into)],
            "uv": [UV, "pip", "install", "--python", str(into), "--exclude-newer", uploaded_before],
            "pip": [str(into / "bin" / "python"), "-m", "pip", "install", "--no-cache-dir"],
        }
        if self.name == "pip":
            command["pip"] += ["--uploaded-prior-to", uploaded_before]
        return timed([*command[self.name], requirement], env)


def new_environment(folder: Path, *, pip: bool = False) -> Path:
    """Make an empty virtual environment, with the newest pip if `pip`; none of it is measured."""
    env = environment(UV_CACHE_DIR=folder.parent / "seeds")
    timed([UV, "venv", "--quiet", "--python", sys.executable, str(folder)], env)
    if pip:
        timed([UV, "pip", "install", "--quiet", "--python", str(folder), "pip>=26"], env)
    return folder


def installed(folder: Path) -> dict[str, str]:
    """Return what is installed in the environment at `folder`: name and version."""
    command = [UV, "pip", "freeze", "--python", str(folder)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True)
    pairs = (line.partition("==") for line in done.stdout.splitlines())
    return {name: version for name, _, version in pairs if name != "pip"}
