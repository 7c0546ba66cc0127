"""Replicas of a mirror: real processes that serve, are killed, and are started again."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.e2e.guarded import Guard
from tests.fakes import LoopbackIndex
from tests.faults import Answer
from tests.mirror.backends import Backend
from tests.mirror.child import Child
from tests.wheels import Artifact

PATIENCE = 60


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer, read to its end."""

    status: int
    headers: dict[str, str]
    body: bytes


class Held:
    """A fault: the upstream holds its answer back until it is told to go on."""

    def __init__(self) -> None:
        self.asked, self.go_on = threading.Event(), threading.Event()

    def __call__(self, answer: Answer) -> Answer:
        self.asked.set()
        assert self.go_on.wait(PATIENCE)
        return answer


class Replica:
    """`guard mirror serve` with a quarantine and caches of its own."""

    def __init__(self, folder: Path, index: LoopbackIndex, backend: Backend, *words: str) -> None:
        folder.mkdir()
        self.port = _free_port()
        self._words = [
            *("--index-url", index.url, "--data", str(folder / "data")),
            *("--database", backend.database, "--store", backend.store, *words),
        ]
        # The advisories are the same for all of them, or each would judge by others.
        shared = Guard(folder.parent)
        if not shared.state.exists():
            shared.knows()
        environment = {"GUARD_STATE_DIR": str(shared.state), **backend.environment}
        self._environment = Guard(folder).environment(**environment)
        self.process: Child | None = None

    def start(self) -> Self:
        """Return when it answers."""
        self._run("serve", "--port", str(self.port))
        self.until(lambda: self.get("/simple/").status < 500)
        return self

    def _run(self, *words: str) -> Child:
        argv = ("mirror", *words, *self._words)
        self.process = Child(*argv, module="guard", environment=self._environment)
        return self.process

    def until(self, true: Callable[[], bool]) -> None:
        """Ask again until it is so; what cuts the connection off is no answer."""

        def answered() -> bool:
            with contextlib.suppress(OSError, http.client.HTTPException):
                return true()
            return False

        assert self.process is not None
        self.process.until(answered)

    def get(self, path: str, **headers: str) -> Answered:
        """Ask for `path`. Raises `OSError` and `HTTPException` where no whole answer comes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return Answered(answer.status, headers, answer.read())
        finally:
            connection.close()

    def file(self, wheel: Artifact) -> Answered:
        return self.get(f"/files/{wheel.sha256[:2]}/{wheel.sha256}/{wheel.filename}")

    def kill(self) -> None:
        assert self.process is not None
        self.process.__exit__(None, None, None)
        self.process = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process is not None:
            self.kill()


class Labourer(Replica):
    """`guard mirror worker`, which serves nobody."""

    def start(self) -> Self:
        """Return when it waits for jobs."""
        self._run("worker").wait_for("waiting for jobs")
        return self


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
