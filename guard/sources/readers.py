"""Readers of artifacts: processes of their own, so that the run goes on while they work.

Nothing that a file holds is looked at in the process that decides. A reader that ends, or takes
longer than it may, leaves the file unknown and is replaced by another.
"""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

import msgspec

from guard.artifact.content import Content
from guard.model import Fact, Unknown

_SECONDS: Final = 600
"""For one file; a wheel of a gigabyte takes a twentieth of that."""

_ENDED: Final = "its reader ended before it had read it"


class Reader(Protocol):
    """Reads one file at a time, or several in as many threads."""

    def read(self, path: Path) -> Fact[Content]:
        """Return what is in the file at `path`; Unknown if that could not be found out."""

    def close(self) -> None:
        """End what still runs."""


class Readers:
    """Up to `most` processes, each started when there is something for it to read."""

    def __init__(self, folders: Sequence[Path] = (), *, most: int | None = None) -> None:
        self._command = [sys.executable, "-EP", "-m", "guard.artifact", *map(str, folders)]
        self._free: queue.LifoQueue[subprocess.Popen[bytes] | None] = queue.LifoQueue()
        for _ in range(most or min(os.cpu_count() or 1, 4)):
            self._free.put(None)
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._closed = False

    def read(self, path: Path) -> Fact[Content]:
        """Return what is in the file at `path`, as a file of that name."""
        process = self._free.get()
        try:
            process = self._start() if process is None else process
            line = self._answer(process, path)
            if not line.endswith(b"\n"):
                self._end(process)
                process = None
        except OSError as error:
            self._end(process)
            process = None
            return Unknown(f"{_ENDED}: {error.strerror or error}")
        finally:
            self._free.put(process)
        return _decoded(line)

    def close(self) -> None:
        """End every reader; whoever waits for one is told that it ended."""
        with self._lock:
            self._closed = True
            running = list(self._running)
        for process in running:
            self._end(process)

    def processes(self) -> tuple[int, ...]:
        """Return the ids of the processes that run."""
        with self._lock:
            return tuple(process.pid for process in self._running)

    def _start(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._closed:
                raise OSError("the run is over")
            process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            self._running.add(process)
            return process

    def _answer(self, process: subprocess.Popen[bytes], path: Path) -> bytes:
        assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - pipes
        timer = threading.Timer(_SECONDS, process.kill)
        timer.start()
        try:
            job = {"path": str(path), "filename": path.name}
            process.stdin.write(msgspec.json.encode(job) + b"\n")
            process.stdin.flush()
            return process.stdout.readline()
        finally:
            timer.cancel()

    def _end(self, process: subprocess.Popen[bytes] | None) -> None:
        if process is None:
            return
        with self._lock:
            self._running.discard(process)
        process.kill()
        with contextlib.suppress(OSError), process:
            process.wait()


class _Failure(msgspec.Struct, frozen=True, tag="Failure"):
    reason: str


_CONTENT: Final = msgspec.json.Decoder(Content)
_FAILURE: Final = msgspec.json.Decoder(_Failure)


def _decoded(line: bytes) -> Fact[Content]:
    """Return what a reader answered; nothing at all if it ended."""
    if not line.endswith(b"\n"):
        return Unknown(_ENDED)
    try:
        return _CONTENT.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        pass
    try:
        return Unknown(f"it could not be read: {_FAILURE.decode(line).reason}")
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return Unknown(f"its reader's answer could not be read: {error}")
