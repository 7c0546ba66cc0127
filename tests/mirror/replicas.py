"""Replicas of a mirror: real processes that serve, are killed, and are started again."""

from __future__ import annotations

import contextlib
import http.client
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.e2e.guarded import Guard
from tests.fakes import LoopbackIndex
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


class Replica:
    """`guard mirror serve` with a quarantine and caches of its own."""

    def __init__(self, folder: Path, index: LoopbackIndex, backend: Backend, *words: str) -> None:
        folder.mkdir()
        self.port = _free_port()
        self._words = [
            *("mirror", "serve", "--port", str(self.port), "--index-url", index.url),
            *("--data", str(folder / "data")),
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
        self.process = Child(*self._words, module="guard", environment=self._environment)
        self.until(lambda: self.get("/simple/").status < 500)
        return self

    def until(self, true: Callable[[], bool]) -> None:
        """Ask again until it is so; what cuts the connection off is no answer."""

        def answered() -> bool:
            with contextlib.suppress(OSError, http.client.HTTPException):
                return true()
            return False

        assert self.process is not None
        self.process.until(answered)

    def get(self, path: str) -> Answered:
        """Ask for `path`. Raises `OSError` and `HTTPException` where no whole answer comes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", path)
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


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
