"""What looking inside costs: `python -m bench.inspection`, MB of archive a second and core.

The wheels of a tree are fetched by `guard download`, and then read by a reader as every install
has them read: strictly, hashed, and with every rule on contents. A second line leaves out the
rules on texts. What counts is the reader's processor time, less that of one with nothing to read.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.tools import GUARD, environment

_BAR = 60
_MEMORY = Path("/dev/shm")  # noqa: S108 - only to be fast; each run makes a private folder in it
_READER = ("-P", "-m", "guard.artifact")
_UNSCANNED = (
    "import sys; from pathlib import Path; from guard.artifact.wheel import inspect;"
    "[inspect(Path(p), Path(p).name, None) for p in sys.argv[1:]]"
)


def main() -> None:
    options = _options()
    place = str(_MEMORY) if _MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=place, prefix="guard-bench-") as name:
        wheels = _fetched(options.requirement, Path(name))
        size = sum(wheel.stat().st_size for wheel in wheels) / 1e6
        load = os.getloadavg()[0]
        print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {load:.1f}")
        print(f"{options.requirement}: {len(wheels)} wheels, {size:.1f} MB")
        every = [_reading(wheels) - _reading([]) for _ in range(options.rounds)]
        unscanned = [_without_texts(wheels) - _without_texts([]) for _ in range(options.rounds)]
    _print("all rules", size, every, bar=_BAR)
    _print("without those on texts", size, unscanned)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.inspection", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("requirement", nargs="?", default="litellm")
    return parser.parse_args()


def _fetched(requirement: str, folder: Path) -> list[Path]:
    command = [GUARD, "download", "--quiet", "--policy", "observe", requirement, "-d", str(folder)]
    subprocess.run(command, env=environment(), check=True)
    return sorted(folder.glob("*.whl"))


def _reading(wheels: Sequence[Path]) -> float:
    jobs = (json.dumps({"path": str(wheel), "filename": wheel.name}) for wheel in wheels)
    return _spent(list(_READER), "\n".join(jobs))


def _without_texts(wheels: Sequence[Path]) -> float:
    return _spent(["-P", "-c", _UNSCANNED, *map(str, wheels)], "")


def _spent(words: Sequence[str], given: str) -> float:
    """Return the processor time of a Python that is run with `words`, in seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, *words], input=given, text=True, stdout=subprocess.PIPE, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _print(what: str, size: float, seconds: Sequence[float], bar: int | None = None) -> None:
    middle, best = size / statistics.median(seconds), size / min(seconds)
    held = "" if bar is None else f"  bar {bar}  {'holds' if middle >= bar else 'MISSED'}"
    print(f"{what:24} {middle:6.1f} MB/s and core (best {best:.1f}){held}")


if __name__ == "__main__":
    main()
