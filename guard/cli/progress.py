"""Progress on a terminal; nothing at all where nobody looks."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TextIO

from guard.progress import Progress, Silent

if TYPE_CHECKING:
    from rich.progress import TaskID


def watch(stream: TextIO, *, quiet: bool) -> Progress:
    """Return a display on `stream`: a bar on a terminal, plain lines elsewhere."""
    if quiet:
        return Silent()
    return Bar() if stream.isatty() else Lines(stream)


class Lines(Silent):
    """One line for each phase, for logs."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._last = ""

    def step(self, words: str) -> None:
        """Print a phase that has not just been printed."""
        if words != self._last:
            self._last = words
            self._stream.write(f"{words}…\n")
            self._stream.flush()


class Bar:
    """A line that lives while work goes on, drawn by rich."""

    def __init__(self) -> None:
        from rich.console import Console  # noqa: PLC0415 - 30 ms, only when it is drawn
        from rich.progress import (  # noqa: PLC0415
            BarColumn,
            DownloadColumn,
            Progress,
            SpinnerColumn,
            TextColumn,
            TransferSpeedColumn,
        )

        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            DownloadColumn(),
            TransferSpeedColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._lock = threading.Lock()
        self._task: TaskID | None = None

    def step(self, words: str) -> None:
        """Say what is being done."""
        with self._lock:
            self._started(words)

    def expect(self, files: int, size: int) -> None:
        """Show how much is to come."""
        with self._lock:
            task = self._started(f"Judging {files} files")
            self._progress.update(task, total=size or None, completed=0)

    def received(self, size: int) -> None:
        """Move the bar on."""
        if self._task is not None:
            self._progress.advance(self._task, size)

    def arrived(self, filename: str) -> None:
        """Show nothing more: the bar has moved already."""

    def done(self) -> None:
        """Take the line away."""
        with self._lock:
            if self._task is not None:
                self._progress.remove_task(self._task)
                self._task = None
            self._progress.stop()

    def _started(self, words: str) -> TaskID:
        if self._task is None:
            self._progress.start()
            self._task = self._progress.add_task(words, total=None)
        else:
            self._progress.update(self._task, description=words)
        return self._task
