"""What anybody on the machine can see: the arguments of every process."""

from __future__ import annotations

import threading
from pathlib import Path

from tests.fakes import LoopbackIndex
from tests.faults import Answer


def overheard_at(index: LoopbackIndex) -> set[str]:
    """Every argument of every process, seen from now on each time that somebody asks `index`."""
    seen: set[str] = set()
    lock = threading.Lock()

    def look(answer: Answer) -> Answer:
        for process in Path("/proc").glob("[0-9]*"):
            try:
                arguments = (process / "cmdline").read_bytes()
            except OSError:
                continue  # it has ended
            with lock:
                seen.add(arguments.replace(b"\0", b" ").decode(errors="replace"))
        return answer

    index.fault("*", look)
    return seen
