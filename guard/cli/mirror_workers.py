"""Several processes that serve one mirror on one socket, and one that keeps them running.

Each worker is the same command again: it gets the socket that is listening already, and a pipe that
ends when the first process does. Nothing else is handed over, and no secret in words.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final

from guard.cli.exit import ExitCode
from guard.errors import MirrorError

_NAME: Final = "GUARD_MIRROR_WORKER"
"""Set for workers alone: the descriptors of the socket and of the pipe."""

_METRICS: Final = "PROMETHEUS_MULTIPROC_DIR"
_BACKLOG: Final = 2048
_LOOKED: Final = 0.2
"""Seconds between two looks at whether all of them run."""

_YOUNG: Final = 10.0
"""Whatever ends by itself before this many seconds would only end again."""

_PATIENCE: Final = 15.0
"""Seconds for answers to be finished at the end."""


@dataclass(frozen=True, slots=True)
class _Worker:
    process: subprocess.Popen[bytes]
    began: float


class Supervisor:
    """Starts workers, replaces what ends, and ends with all of them."""

    def __init__(self, count: int, listener: socket.socket) -> None:
        self._count = count
        self._listener = listener
        self._over = threading.Event()

    def run(self) -> int:
        """Return the exit code: that of a worker that cannot even start, if there is one."""
        with _ended_with() as pipe, _counted() as metrics, self._signalled():
            env = os.environ | {_NAME: f"{self._listener.fileno()},{pipe}"} | metrics
            workers = [self._started(env, pipe) for _ in range(self._count)]
            try:
                return self._watched(workers, env, pipe)
            finally:
                _stopped(workers)

    def _watched(self, workers: list[_Worker], env: dict[str, str], pipe: int) -> int:
        while not self._over.wait(_LOOKED):
            for number, worker in enumerate(workers):
                code = worker.process.poll()
                if code is None:
                    continue
                if code > 0 and time.monotonic() - worker.began < _YOUNG:
                    return code
                sys.stderr.write(f"worker {worker.process.pid} ended ({code}), another begins\n")
                workers[number] = self._started(env, pipe)
        return ExitCode.OK

    def _started(self, env: dict[str, str], pipe: int) -> _Worker:
        command = [sys.executable, "-m", "guard", *sys.argv[1:]]
        process = subprocess.Popen(command, env=env, pass_fds=(self._listener.fileno(), pipe))
        return _Worker(process, time.monotonic())

    @contextlib.contextmanager
    def _signalled(self) -> Iterator[None]:
        """End for SIGINT and SIGTERM."""

        def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - signal's
            self._over.set()

        before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def listening(host: str, port: int) -> socket.socket:
    """Return the socket that all workers share. Raises `MirrorError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise MirrorError(f"nothing can listen on {host}:{port}", reason=error.strerror) from None


def handed_over() -> socket.socket | None:
    """Return the socket that a worker was given; it ends when whoever has given it does."""
    given = os.environ.pop(_NAME, None)
    if given is None:
        return None
    descriptor, pipe = map(int, given.split(","))
    threading.Thread(target=_follow, args=(pipe,), name="follow", daemon=True).start()
    return socket.socket(fileno=descriptor)


def _follow(pipe: int) -> None:
    while os.read(pipe, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


@contextlib.contextmanager
def _ended_with() -> Iterator[int]:
    """Yield the end of a pipe that is closed for all who read it when this process ends."""
    reading, writing = os.pipe()
    try:
        yield reading
    finally:
        os.close(writing)
        os.close(reading)


@contextlib.contextmanager
def _counted() -> Iterator[dict[str, str]]:
    """Yield where workers count together, unless the environment says where."""
    if os.environ.get(_METRICS):
        yield {}
        return
    with tempfile.TemporaryDirectory(prefix="guard-metrics-") as folder:
        yield {_METRICS: str(Path(folder))}


def _stopped(workers: list[_Worker]) -> None:
    for worker in workers:
        if worker.process.poll() is None:
            worker.process.terminate()
    until = time.monotonic() + _PATIENCE
    for worker in workers:
        try:
            worker.process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            worker.process.kill()
            worker.process.wait()
