"""`make bench`: the speed bars as ratios, in one run against the bare tools.

Every cold run has caches of its own that did not exist before; the warm run that follows has the
same caches and a new environment. The tools take turns, so that a change of the machine's or the
network's mood meets all of them. No index setting of the machine counts: all use the built-in one.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import projects
from bench.tools import GUARD, UV, Tool, cutoff, environment, installed, new_environment, timed

Samples = dict[str, list[float]]

_MEMORY = Path("/dev/shm")  # noqa: S108 - only to be fast; each run makes a private folder in it
_STARTS = 4
"""Starts of an interpreter in each round: they are short, and vary."""


@dataclass(frozen=True)
class Bar:
    """One line of the table: what is compared with what, and what it may cost."""

    work: str
    guard: str
    bare: str
    bar: float
    goal: float
    added: bool = False
    """The bar is on the seconds added, not on the ratio."""

    def line(self, samples: Samples) -> str:
        guard, bare = samples[self.guard], samples[self.bare]
        middle = self._compared(statistics.median(guard), statistics.median(bare))
        least = self._compared(min(guard), min(bare))
        held = "holds" if middle <= self.bar else "MISSED"
        times = f"{_seconds(guard)}  {_seconds(bare)}"
        bars = f"{self._said(middle):>8} {self._said(least):>8} {self._said(self.bar):>8}"
        return f"{self.work:44} {times}  {bars} {self._said(self.goal):>8}  {held}"

    def _compared(self, guard: float, bare: float) -> float:
        return guard - bare if self.added else guard / bare

    def _said(self, value: float) -> str:
        return f"{value * 1000:+.0f} ms" if self.added else f"{value:.2f}"


BARS = (
    Bar("install litellm, cold / uv", "guard cold", "uv cold", 1.5, 1.0),
    Bar("install litellm, cold / pip, no cache", "guard cold", "pip cold", 0.3, 0.1),
    Bar("install litellm, warm - uv, warm", "guard warm", "uv warm", 0.4, 0.15, added=True),
    Bar("uv lock of litellm, cold / uv", "guard uv lock", "uv lock", 1.5, 1.2),
    Bar("uv sync, nothing to do - uv", "guard uv sync", "uv sync", 0.15, 0.05, added=True),
    Bar("guard --help / python -c pass", "guard --help", "python -c pass", 4, 2),
    Bar("guard --version / python -c pass", "guard --version", "python -c pass", 4, 2),
)


def main() -> None:
    options = _options()
    samples: Samples = defaultdict(list)
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(dir=_folder(), prefix="guard-bench-") as name:
        home = Path(name)
        for number in range(options.rounds):
            _note(f"round {number + 1} of {options.rounds}")
            _startup(samples)
            _installs(home / str(number), options.requirement, samples, turn=number)
            _projects(home / str(number), options.requirement, samples, turn=number)
            shutil.rmtree(home / str(number))
        for number in range(options.pip_rounds):
            _note(f"pip, {number + 1} of {options.pip_rounds}")
            _pip(home / f"pip-{number}", options.requirement, samples)
        _print(samples, home, load)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pip-rounds", type=int, default=1, help="pip takes 20 s; 0 leaves it out")
    parser.add_argument("--requirement", default="litellm")
    return parser.parse_args()


def _folder() -> str | None:
    return str(_MEMORY) if _MEMORY.is_dir() else None


def _note(words: str) -> None:
    sys.stderr.write(f"{words}\n")


def _startup(samples: Samples) -> None:
    env = environment()
    for _ in range(_STARTS):
        samples["python -c pass"].append(timed([sys.executable, "-c", "pass"], env))
        samples["guard --help"].append(timed([GUARD, "--help"], env))
        samples["guard --version"].append(timed([GUARD, "--version"], env))


def _installs(home: Path, requirement: str, samples: Samples, *, turn: int) -> None:
    """Let guard and uv install, cold and then warm; who begins alternates."""
    home.mkdir()
    before = cutoff()
    tools = [Tool("guard", home / "for-guard"), Tool("uv", home / "for-uv")]
    for state in ("cold", "warm"):
        seen = {}
        for tool in tools[:: -1 if turn % 2 else 1]:
            into = new_environment(home / f"{tool.name}-{state}")
            samples[f"{tool.name} {state}"].append(tool.install(requirement, into, before))
            seen[tool.name] = installed(into)
        if seen["guard"] != seen["uv"]:
            differing = dict(seen["guard"].items() ^ seen["uv"].items())
            sys.exit(f"guard and uv did not install the same: {differing}")


def _projects(home: Path, requirement: str, samples: Samples, *, turn: int) -> None:
    for name, seconds in projects.lock(home, requirement, turn=turn).items():
        samples[name].append(seconds)
    for name, all_seconds in projects.sync(home).items():
        samples[name] += all_seconds


def _pip(home: Path, requirement: str, samples: Samples) -> None:
    home.mkdir()
    into = new_environment(home / "environment", pip=True)
    samples["pip cold"].append(Tool("pip", home).install(requirement, into, cutoff()))


def _print(samples: Samples, home: Path, load: float) -> None:
    print("\n".join(_heading(home, load)))
    print(
        f"\n{'work':44} {'guard':15}  {'bare':15}  "
        f"{'median':>8} {'least':>8} {'bar':>8} {'goal':>8}\n"
        f"{'':44} {'median (least)':15}  {'median (least)':15}"
    )
    for bar in BARS:
        if samples[bar.guard] and samples[bar.bare]:
            print(bar.line(samples))
    counts = ", ".join(f"{name} {len(taken)}" for name, taken in samples.items() if taken)
    print(f"\nsamples: {counts}")


def _heading(home: Path, load: float) -> Iterator[str]:
    yield f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    for words in ([GUARD, "--version"], [UV, "--version"]):
        done = subprocess.run(words, env=environment(), capture_output=True, text=True, check=True)
        yield done.stdout.strip()
    for pip in home.glob("pip-0/environment/lib/*/site-packages/pip-*.dist-info"):
        yield pip.name.removesuffix(".dist-info").replace("-", " ")
    yield f"{os.cpu_count()} cores, load before the first run {load:.1f}"
    yield f"caches and environments on {'memory' if _folder() else 'disk'}"


def _seconds(samples: list[float]) -> str:
    return f"{statistics.median(samples):6.3f} ({min(samples):.3f})".ljust(15)


if __name__ == "__main__":
    main()
