"""A reader in a process of its own: files are named on stdin, their contents go to stdout.

Whoever starts it (`guard.sources.readers`) may end it at any time. It writes no file: where the
system can forbid that, it is forbidden.
"""

from __future__ import annotations

import contextlib
import gc
import signal
import sys
from pathlib import Path
from typing import IO

import msgspec

from guard.artifact import sdist, wheel
from guard.artifact.source import Scanner

_MEMORY = 3 << 30
"""Bytes, beside the file itself; one that needs more ends its reader, and stays unknown."""


class Job(msgspec.Struct, frozen=True):
    """A line of stdin: a file, and the name that it is read under."""

    path: str
    filename: str


class Failure(msgspec.Struct, frozen=True, tag=True):
    """The answer where the file could not be read at all."""

    reason: str


def main(folders: list[str]) -> int:
    """Answer each line of stdin by one of stdout. `folders` hold the user's own rules."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever is asked to stop will end this process
    _confine()
    gc.disable()  # syntax trees are many objects, and have no cycles: see `serve`
    scanner = Scanner([Path(folder) for folder in folders])
    gc.freeze()
    serve(sys.stdin.buffer, sys.stdout.buffer, scanner)
    return 0


def serve(asked: IO[bytes], answers: IO[bytes], scanner: Scanner) -> None:
    """Read what is asked for until there is no more."""
    for line in asked:
        job = msgspec.json.decode(line, type=Job)
        answers.write(msgspec.json.encode(_read(job, scanner)) + b"\n")
        answers.flush()
        gc.collect()  # of what came since `gc.freeze`, next to nothing is left


def _read(job: Job, scanner: Scanner) -> object:
    inspect = wheel.inspect if job.filename.endswith(".whl") else sdist.inspect
    try:
        return inspect(Path(job.path), job.filename, scanner)
    except OSError as error:
        return Failure(error.strerror or str(error))


def _confine() -> None:
    """Give up what reading does not need."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - there is none elsewhere

        limits = {
            resource.RLIMIT_FSIZE: 0,
            resource.RLIMIT_CORE: 0,
            resource.RLIMIT_DATA: _MEMORY,
        }
        for limit, most in limits.items():
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(limit, (most, most))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
