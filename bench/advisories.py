"""What looking releases up costs: `python -m bench.advisories EXPORT PROJECTS`.

EXPORT is a ZIP of OSV records, PROJECTS a file with a name at the end of each line. The store
is opened anew in each round, as each run of the guard does; the file itself is warm.
"""

from __future__ import annotations

import argparse
import itertools
import os
import platform
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import Version

from guard.model import Advisories
from guard.sources.advisories import AdvisorySource
from guard.sources.feed import import_file

_VERSION = Version("1.0")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.advisories", description=__doc__)
    parser.add_argument("export", type=Path)
    parser.add_argument("projects", type=Path)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    with options.projects.open(encoding="utf-8") as stream:
        words = (line.split() for line in stream if not line.startswith("#"))
        some = itertools.islice((each[-1] for each in words if each), options.count)
        names = [canonicalize_name(name) for name in some]
    with tempfile.TemporaryDirectory(prefix="guard-bench-") as folder:
        import_file(Path(folder), options.export, now=datetime.now(UTC))
        times = []
        for _ in range(options.rounds + 1):
            start = time.perf_counter()
            source = AdvisorySource(Path(folder))
            facts = [source.of(name, _VERSION) for name in names]
            times.append((time.perf_counter() - start) * 1000)
    known = sum(isinstance(fact, Advisories) and bool(fact.records) for fact in facts)
    load = os.getloadavg()[0]
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {load:.1f}")
    middle, least = statistics.median(times[1:]), min(times[1:])
    print(
        f"{len(names)} projects, {known} with advisories: {middle:.1f} ms, {least:.1f} ms at best"
    )


if __name__ == "__main__":
    main()
