"""uv in a project, alone and behind the gateway: a lock from nothing, a sync of nothing."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from bench.tools import GUARD, UV, cutoff, environment, timed

_PROJECT = """\
[project]
name = "shop"
version = "1.0"
requires-python = ">=3.11"
dependencies = ["{}"]
"""
_SYNCS = 5
"""Syncs in each round: they are short, and vary."""


def lock(home: Path, requirement: str, *, turn: int) -> dict[str, float]:
    """Return the seconds of a cold `uv lock` by who did it; who begins alternates."""
    before = cutoff()
    bare, guarded = [UV, "lock", "--exclude-newer", before], [GUARD, "uv", "lock"]
    taken = {}
    for name, command in (("uv lock", bare), ("guard uv lock", guarded))[:: -1 if turn % 2 else 1]:
        folder, env = _project(home / name.replace(" ", "-"), requirement)
        taken[name] = timed(command, env, folder)
    return taken


def sync(home: Path) -> dict[str, list[float]]:
    """Return the seconds of each `uv sync` that has nothing to do, by who did it."""
    folder, env = _project(home / "satisfied", "packaging")
    timed([GUARD, "uv", "sync"], env, folder)
    commands = {"uv sync": [UV, "sync"], "guard uv sync": [GUARD, "uv", "sync"]}
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(_SYNCS):
        for name, command in commands.items():
            taken[name].append(timed(command, env, folder))
    return taken


def _project(folder: Path, requirement: str) -> tuple[Path, Mapping[str, str]]:
    """Make a project, and the variables of tools whose caches are its own."""
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(_PROJECT.format(requirement), encoding="utf-8")
    caches = {"UV_CACHE_DIR": folder / "uv", "GUARD_CACHE_DIR": folder / "guard"}
    return folder, environment(**caches, UV_PYTHON=sys.executable)
