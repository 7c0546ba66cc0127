"""Another process, which a test can kill."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Final, Self

_PATIENCE: Final = 60
_TICK: Final = 0.05


class Child:
    """A process whose output is read line by line, and that never outlives its test."""

    def __init__(
        self, *argv: str, module: str, environment: Mapping[str, str] | None = None
    ) -> None:
        """Run `module` with `argv`; `environment` is all that it has, or this process's own."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *argv],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self.lines: list[str] = []
        self._said = threading.Condition()
        self._readers = [
            threading.Thread(target=self._read, args=(stream,), daemon=True)
            for stream in (self.process.stdout, self.process.stderr)
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream: Iterator[str]) -> None:
        for line in stream:
            with self._said:
                self.lines.append(line.rstrip())
                self._said.notify_all()

    def wait_for(self, words: str, times: int = 1) -> None:
        """Return when it has said `words` so many times."""

        def said() -> bool:
            return sum(words in line for line in self.lines) >= times

        with self._said:
            assert self._said.wait_for(said, _PATIENCE), self.lines

    def until(self, true: Callable[[], bool]) -> None:
        """Ask again until it is so, as long as it runs: nothing here says when."""
        tick = threading.Event()
        for _ in range(int(_PATIENCE / _TICK)):
            assert self.process.poll() is None, self.lines
            if true():
                return
            tick.wait(_TICK)
        raise AssertionError(self.lines)

    def kill(self) -> None:
        """End it as a power cut does: nothing of it runs any more."""
        self.process.kill()
        self.process.wait(_PATIENCE)

    def wait(self) -> int:
        """Return its exit code, when all that it said was read."""
        code = self.process.wait(_PATIENCE)
        for reader in self._readers:
            reader.join(_PATIENCE)
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.kill()
        self.wait()
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()
