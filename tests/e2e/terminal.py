"""A real shell in a real terminal: what is typed, and what comes back."""

from __future__ import annotations

import secrets
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.e2e.guarded import TIMEOUT


class Answer(NamedTuple):
    """What a command line printed, and its exit code."""

    code: int
    said: str


class Terminal:
    """An interactive login shell in a pane of tmux, with a home of its own."""

    def __init__(self, shell: str, folder: Path, environment: Mapping[str, str]) -> None:
        self.shell = shell
        self._folder = folder
        self._socket = folder / "tmux"
        self._environment = dict(environment) | {"TERM": "xterm", "SHELL": shell}
        self._lines = 0

    def start(self) -> None:
        interactive = f"{shlex.quote(self.shell)} -i"
        words = ("-f", "/dev/null", "new-session", "-d", "-x", "200", "-y", "50", interactive)
        self._tmux(*words)

    def stop(self) -> None:
        self._tmux("kill-server")

    def type(self, line: str) -> Answer:
        """Type a line, and wait until the shell has run it."""
        self._lines += 1
        said, done = self._folder / f"said-{self._lines}", f"done-{secrets.token_hex(4)}"
        code = "$status" if self.shell.endswith("fish") else "$?"
        # One file for each line: what the pane shows is cut and wrapped.
        script = f"begin; {line}; end" if self.shell.endswith("fish") else f"{{ {line}\n}}"
        whole = f"{script} >{said} 2>&1; echo {code} >{said}.code; tmux wait-for -S {done}"
        for part in whole.split("\n"):
            self._tmux("send-keys", "-l", part)
            self._tmux("send-keys", "Enter")
        self._tmux("wait-for", done)
        return Answer(int(said.with_suffix(".code").read_text()), said.read_text())

    def _tmux(self, *words: str) -> None:
        subprocess.run(
            ["tmux", "-S", str(self._socket), *words],
            env=self._environment,
            cwd=self._folder,
            check=True,
            capture_output=True,
            timeout=TIMEOUT,
        )


@contextmanager
def terminal(shell: str, folder: Path, environment: Mapping[str, str]) -> Iterator[Terminal]:
    """Yield a terminal with a new shell."""
    folder.mkdir(exist_ok=True)
    opened = Terminal(shell, folder, environment)
    opened.start()
    try:
        yield opened
    finally:
        opened.stop()
