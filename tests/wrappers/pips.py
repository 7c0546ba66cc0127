"""Pip itself, asked what it makes of a command line."""

from __future__ import annotations

import ensurepip
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

_SCRIPT: Final = Path(__file__).with_name("pip_reads.py")


def bundled() -> Path:
    """The pip that came with this Python, or the wheel of another one that TEST_PIP names."""
    named = os.environ.get("TEST_PIP")
    wheels = Path(ensurepip.__file__).with_name("_bundled").glob("pip-*.whl")
    return Path(named) if named else next(wheels)


class PipReads:
    """A process in which pip reads command lines; `place` is a wheel of pip, or a folder."""

    def __init__(self, place: Path) -> None:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("PIP_")}
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-W", "ignore", str(_SCRIPT), str(place)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=kept,
        )

    def __call__(self, words: Sequence[str]) -> dict[str, Any]:
        """What pip makes of them: an error, something shown, or a command and what it is given."""
        return self._asked(list(words))

    def options(self) -> dict[str, list[tuple[list[str], bool, bool]]]:
        """Every command's options: their names, whether they take a value, whether hidden."""
        found: dict[str, list[tuple[list[str], bool, bool]]] = self._asked(None)["options"]
        return found

    def found(self) -> dict[tuple[str, ...], dict[str, bool]]:
        """Every command's options by all their names, and whether they take a value."""
        return {
            tuple(command.split()): {name: valued for names, valued, _ in rows for name in names}
            for command, rows in self.options().items()
        }

    def _asked(self, question: list[str] | None) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        self._process.communicate()
