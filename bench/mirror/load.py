"""Load by `wrk`, and what it costs the server: the processor time of its whole process tree."""

from __future__ import annotations

import os
import re
import subprocess
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_DONE: Final = re.compile(r"(\d+) requests in ([\d.]+)(ms|s|m),")
_WRONG: Final = re.compile(r"Non-2xx or 3xx responses: (\d+)")
_TIMEOUT: Final = 60
_QUIET, _ROUNDS, _IDLE = 5, 60, 0.1
"""Seconds between two looks at a server, how many looks, and what share of a core is rest."""

_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is asked for, and by how many at once."""

    path: str
    headers: Mapping[str, str]
    connections: int = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What came of it: requests a second of the clock, and seconds of processor for each."""

    rate: float
    cpu: float


def loaded(base: str, pid: int, load: Load, *, seconds: float, core: int) -> Sample:
    """Ask a server for `seconds`, from `core`. Raises `RuntimeError` where it does not answer."""
    command = ["taskset", "-c", str(core), "wrk", "-t1", f"-c{load.connections}"]
    command += [f"-d{seconds:g}s", "--timeout", "20s"]
    for name, value in load.headers.items():
        command += ["-H", f"{name}: {value}"]
    before = spent(pid)
    done = subprocess.run(
        [*command, base + load.path],
        capture_output=True,
        text=True,
        check=True,
        timeout=seconds + _TIMEOUT,
    )
    cpu = spent(pid) - before
    match, wrong = _DONE.search(done.stdout), _WRONG.search(done.stdout)
    if match is None or wrong is not None or not int(match[1]):
        raise RuntimeError(f"{base}{load.path}: {done.stdout}{done.stderr}")
    count = int(match[1])
    return Sample(rate=count / float(match[2]) / _UNITS[match[3]], cpu=cpu / count)


def asked(url: str, headers: Mapping[str, str]) -> tuple[Mapping[str, str], bytes]:
    """Return the headers and the body of one response, as it was sent."""
    request = urllib.request.Request(url, headers=dict(headers))  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=_TIMEOUT) as response:  # noqa: S310
        named = {name.lower(): value for name, value in response.headers.items()}
        return named, response.read()


def settled(pid: int) -> float:
    """Wait until a server has nothing to do of its own; return its processor time until then.

    Raises `RuntimeError` where it never rests.
    """
    used = spent(pid)
    for _ in range(_ROUNDS):
        time.sleep(_QUIET)
        before, used = used, spent(pid)
        if used - before < _IDLE * _QUIET:
            return used
    raise RuntimeError(f"the server has not rested in {_ROUNDS * _QUIET} seconds")


def spent(pid: int) -> float:
    """Return the processor time of a process and all below it, in seconds: user's and system's."""
    children: dict[int, list[int]] = {}
    ticks: dict[int, int] = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = place.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue  # it has ended
        number = int(place.parent.name)
        children.setdefault(int(fields[1]), []).append(number)
        ticks[number] = int(fields[11]) + int(fields[12])
    total, left = 0, [pid]
    while left:
        number = left.pop()
        total += ticks.get(number, 0)
        left += children.get(number, [])
    return total / _TICKS
