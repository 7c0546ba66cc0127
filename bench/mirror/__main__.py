"""`make bench-mirror`: the mirror under load against nginx and other servers, in one run.

The server that is measured has one core, and `wrk` and the upstream another; nothing leaves this
machine. What counts is the processor time of the server for each request, of its whole process
tree: it holds on a machine that others use, where requests a second do not. The mirrors and nginx
take turns. The large store has 10,000 projects and 100,000 files in the same database.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import urllib.error
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.mirror import servers
from bench.mirror.load import Load, Sample, asked, loaded, settled, spent
from bench.mirror.servers import JSON, Others, Server
from bench.mirror.stuffing import stuff
from bench.mirror.upstream import WARM, Tree, write

_SERVER, _CLIENT = 0, 1
_PAGE, _GZIP, _SAME, _FILE = "page 100 KB", "page, gzip", "page, 304", "file 10 MB"
_BESIDE: Final = "metadata file"
_COLD: Final = "page 2 MB, cold"
_LARGE: Final = "large store"
_MISSING = 2

Samples = dict[tuple[str, str], list[Sample]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """What one line of the table has to hold."""

    least: float | None = None
    """Requests for a second of processor."""

    most: float | None = None
    """Milliseconds of processor for a request."""

    nginx: float | None = None
    """How often nginx's processor time."""


_BARS: Final = {
    _PAGE: Bar(least=10_000, nginx=3),
    _GZIP: Bar(least=10_000),
    _SAME: Bar(least=20_000),
    _FILE: Bar(least=150, nginx=3),
    _BESIDE: Bar(),
    _COLD: Bar(most=30),
}
_LARGER: Final = 1.3


@dataclass(frozen=True)
class Run:
    """One run: what was measured, and what was left out."""

    options: argparse.Namespace
    home: Path
    tree: Tree
    samples: Samples = field(default_factory=lambda: defaultdict(list))
    left_out: list[str] = field(default_factory=list)

    def measure(self, server: Server, works: Sequence[str]) -> None:
        for work in works:
            load = _load(work, server)
            sample = loaded(
                server.base, server.pid, load, seconds=self.options.seconds, core=_CLIENT
            )
            self.samples[server.name, work].append(sample)
            _note(f"{server.name:14} {work:12} {sample.rate:9.0f}/s {sample.cpu * 1e6:9.1f} us")

    def cold(self, server: Server) -> None:
        before, names = spent(server.pid), self.tree.cold
        for name in names:
            asked(f"{server.base}/simple/{name}/", {"Accept": JSON})
        cpu = (spent(server.pid) - before) / len(names)
        self.samples[server.name, _COLD].append(Sample(rate=0, cpu=cpu))
        _note(f"{server.name:14} {_COLD:12} {cpu * 1e3:9.1f} ms")


def main() -> None:
    missing = [name for name in ("wrk", "nginx", "taskset") if shutil.which(name) is None]
    if missing or (os.cpu_count() or 1) < 2:  # noqa: PLR2004
        sys.stderr.write(f"not measured: {', '.join(missing) or 'a second core'} is not here\n")
        sys.exit(_MISSING)
    options = _options()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="guard-bench-") as name:
        home = Path(name)
        run = Run(options, home, write(home / "upstream", cold=options.cold))
        with servers.nginx(home / "origin", run.tree.folder, core=_CLIENT) as origin:
            _mirrors(run, origin)
            for title, start in _others(run, origin):
                _other(run, title, start)
    _print(run, load)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.mirror", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3, help="for each figure of each round")
    parser.add_argument("--cold", type=int, default=10, help="pages that are rendered once")
    parser.add_argument("--alone", action="store_true", help="leave out devpi, proxpi, pypiserver")
    parser.add_argument("--no-large", dest="large", action="store_false")
    return parser.parse_args()


def _mirrors(run: Run, origin: Server) -> None:
    works = (_PAGE, _GZIP, _SAME, _FILE, _BESIDE)
    with ExitStack() as stack:
        own = stack.enter_context(
            servers.guard(run.home / "guard", origin.base, run.tree, core=_SERVER)
        )
        root = _static(run, own)
        nginx = stack.enter_context(servers.nginx(run.home / "nginx", root, core=_SERVER))
        place = f"/files/{run.tree.wheel.filename}"
        nginx = Server(name="nginx", base=nginx.base, pid=nginx.pid, file=place)
        measured = [own, nginx]
        if run.options.large:
            measured.append(stack.enter_context(_large(run, origin)))
        for _ in range(run.options.rounds):
            for server in measured:
                run.measure(server, works)
        for server in measured:
            if server is not nginx:
                run.cold(server)


def _static(run: Run, own: Server) -> Path:
    """Write what nginx serves: the very bytes that the mirror sends."""
    root = run.home / "static"
    folder = root / "simple" / WARM
    folder.mkdir(parents=True)
    (root / "files").mkdir()
    url = own.base + own.page
    (folder / "index.json").write_bytes(asked(url, {"Accept": JSON})[1])
    packed = asked(url, {"Accept": JSON, "Accept-Encoding": "gzip"})[1]
    (folder / "index.json.gz").write_bytes(packed)
    beside = run.tree.wheel.write_to(root / "files")
    beside.with_name(f"{beside.name}.metadata").write_bytes(run.tree.wheel.metadata)
    return root


@contextlib.contextmanager
def _large(run: Run, origin: Server) -> Iterator[Server]:
    home = run.home / "large"
    with servers.guard(home, origin.base, run.tree, core=_SERVER):
        pass  # its database is there now
    stuff(home / "data" / "mirror.sqlite", projects=10_000, files=100_000)
    with servers.guard(home, origin.base, run.tree, core=_SERVER) as server:
        took = settled(server.pid)
        _note(f"{_LARGE:14} judged all it has again, as after every start: {took:.0f} s")
        yield Server(name=_LARGE, base=server.base, pid=server.pid, file=server.file)


Start = Callable[[], AbstractContextManager[Server]]


def _others(run: Run, origin: Server) -> Iterator[tuple[str, Start]]:
    if run.options.alone:
        return
    others = Others(run.home / "others")
    (run.home / "others").mkdir()
    starts: dict[str, tuple[tuple[str, ...], Start]] = {
        "devpi-server": (
            ("devpi-server",),
            lambda: others.devpi(origin.base, run.tree, core=_SERVER),
        ),
        "proxpi": (
            ("proxpi", "gunicorn"),
            lambda: others.proxpi(origin.base, run.tree, core=_SERVER),
        ),
        "pypiserver": (
            ("pypiserver", "gunicorn"),
            lambda: others.pypiserver(run.tree, core=_SERVER),
        ),
    }
    for name, (packages, start) in starts.items():
        if others.install(*packages):
            yield name, start
        else:
            run.left_out.append(f"{name}: it could not be installed")


def _other(run: Run, name: str, start: Start) -> None:
    try:
        with start() as server:
            run.measure(server, (_PAGE, _FILE))
    except (RuntimeError, OSError, urllib.error.URLError, subprocess.SubprocessError) as error:
        run.left_out.append(f"{name}: {str(error)[:200]}")


def _load(work: str, server: Server) -> Load:
    headers = {"Accept": JSON}
    if work == _FILE:
        return Load(path=server.file or "", headers={}, connections=8)
    if work == _BESIDE:
        return Load(path=f"{server.file}.metadata", headers={})
    if work == _GZIP:
        headers["Accept-Encoding"] = "gzip"
    if work == _SAME:
        headers["If-None-Match"] = asked(server.base + server.page, headers)[0]["etag"]
    return Load(path=server.page, headers=headers)


def _note(words: str) -> None:
    sys.stderr.write(f"{words}\n")


def _print(run: Run, load: float) -> None:
    print("\n".join(_heading(load)))
    print(
        f"\n{'work':16} {'server':14} {'req/s':>9} {'CPU/req':>10} {'per CPU s':>10} {'nginx':>7}"
    )
    names = list(dict.fromkeys(name for name, _ in run.samples))
    for work in (_PAGE, _GZIP, _SAME, _FILE, _BESIDE, _COLD):
        for name in names:
            if run.samples[name, work]:
                print(_line(run.samples, name, work))
    for words in run.left_out:
        print(f"left out: {words}")


def _line(samples: Samples, name: str, work: str) -> str:
    taken = samples[name, work]
    cpu = _cpu(samples, name, work) or 0.0
    rate = statistics.median(sample.rate for sample in taken)
    shown = f"{cpu * 1e3:.2f} ms" if cpu > 0.001 else f"{cpu * 1e6:.1f} us"  # noqa: PLR2004
    base = _cpu(samples, "nginx", work)
    ratio = f"{cpu / base:.2f}" if base else ""
    line = f"{work:16} {name:14} {rate:9.0f} {shown:>10} {1 / cpu:10.0f} {ratio:>7}"
    return f"{line}  {'; '.join(_judged(samples, name, work, cpu))}".rstrip()


def _judged(samples: Samples, name: str, work: str, cpu: float) -> Iterator[str]:
    """Yield each bar and whether it holds."""
    bar = _BARS[work]
    base = _cpu(samples, "nginx", work)
    if name == "guard mirror":
        if bar.least is not None:
            yield _held(f">= {bar.least:,.0f}", 1 / cpu >= bar.least)
        if bar.most is not None:
            yield _held(f"<= {bar.most:.0f} ms", cpu * 1e3 <= bar.most)
        if bar.nginx is not None and base:
            yield _held(f"<= {bar.nginx:.0f} x nginx", cpu / base <= bar.nginx)
    own = _cpu(samples, "guard mirror", work)
    if name == _LARGE and own:
        yield _held(f"{cpu / own:.2f} <= {_LARGER} x small", cpu / own <= _LARGER)


def _cpu(samples: Samples, name: str, work: str) -> float | None:
    taken = samples[name, work]
    return statistics.median(sample.cpu for sample in taken) if taken else None


def _held(words: str, holds: bool) -> str:  # noqa: FBT001 - one of two words
    return f"{words} {'holds' if holds else 'MISSED'}"


def _heading(load: float) -> Iterator[str]:
    yield f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    command = ["nginx", "-v"]
    nginx = subprocess.run(command, capture_output=True, text=True, check=True)
    yield nginx.stderr.strip()
    yield f"{os.cpu_count()} cores, load before the first run {load:.1f}"
    yield "servers on core 0, wrk and the upstream on core 1; 32 connections, 8 for files"


if __name__ == "__main__":
    main()
