"""The demonstration that `docs/litellm-morning.md` tells: the bare tools, and then the guard.

Run it with `make morning`. Its index is on the loopback interface, its payload writes a marker.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import uv

from tests.e2e.guarded import LONG_AGO, TIMEOUT, Guard, ago
from tests.fakes import LoopbackIndex
from tests.wheels import a_module_payload, a_startup_payload, a_wheel

MARKER: Final = "the-payload-ran"

_PLACE: Final = "https://packages.example.com"
"""What the transcript calls the index; its real port is another one each time."""

_AS_OF: Final = "2026-03-24T09:30:00+00:00"
_FEED: Final = "https://feeds.example.com/all.zip"
"""What the report calls the advisories, which are of another moment each time."""

_CHATTER: Final = re.compile(
    r"^(Using Python|Resolved|Prepared|Looking in|Collecting|Installing collected| +Obtaining"
    r"| *Downloading) .*\n",
    re.MULTILINE,
)
"""What pip and uv say of their own work; it differs from one version and machine to the next."""


class Morning:
    """A folder with three environments, and an index with three releases of one project."""

    def __init__(self, folder: Path, index: LoopbackIndex) -> None:
        self._guard = Guard(folder)
        self._index = index
        self._guard.work.mkdir()
        self._guard.knows()
        self._marker = self._guard.work / MARKER
        self.run("python -m venv by-pip")
        self.run("python -m venv --without-pip by-uv by-guard")
        changed = a_module_payload(self._marker, "litellm.proxy")
        startup = {"litellm/proxy.py": "", **a_startup_payload(self._marker)}
        for version, files, uploaded in (
            ("1.82.6", {"litellm/proxy.py": ""}, LONG_AGO),
            ("1.82.7", changed, ago(minutes=60)),
            ("1.82.8", startup, ago(minutes=10)),
        ):
            index.add(a_wheel("litellm", version, files=files), uploaded=uploaded)

    def run(self, line: str) -> str:
        """Return what `line` says, and its exit code unless that is 0."""
        program, *words = shlex.split(line)
        done = subprocess.run(
            [*self._program(program), *words],
            cwd=self._guard.work,
            env=self._guard.environment(
                UV_DEFAULT_INDEX=self._index.url, PIP_INDEX_URL=self._index.url
            ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        code = f"(exit code {done.returncode})\n" if done.returncode else ""
        return self._steady(done.stdout + code)

    def report(self) -> str:
        """Return the JSON report on the same request."""
        said = self.run("guard check --quiet --output-format json litellm")
        said = re.sub(r'(?<="as_of": ")[^"]*', _AS_OF, said)
        said = re.sub(r'(?<="source": ")[^"]*', _FEED, said)
        return said.replace(self._index.origin, _PLACE)

    def transcript(self) -> str:
        """Return what was typed and what was shown, from the first command to the last."""
        return "\n".join(self._sections())

    def _sections(self) -> Iterator[str]:
        for environment, line in (
            ("by-uv", "uv pip install --python by-uv litellm"),
            ("by-pip", "by-pip/bin/pip install litellm"),
            ("by-guard", "guard install --python by-guard litellm"),
            ("by-guard", "guard install --python by-guard litellm==1.82.8"),
        ):
            self._marker.unlink(missing_ok=True)
            start = f"{environment}/bin/python -c pass"
            said = f"$ {line}\n{self.run(line)}$ {start}\n{self.run(start)}"
            yield f"{said}# {MARKER}: {'written' if self._marker.exists() else 'not there'}\n"

    def _program(self, name: str) -> list[str]:
        known = {
            "guard": [sys.executable, "-m", "guard"],
            "python": [sys.executable],
            "uv": [uv.find_uv_bin()],
        }
        return known.get(name, [name])

    def _steady(self, said: str) -> str:
        """Return `said` without what differs from one run and one machine to the next."""
        said = said.replace(self._index.origin, _PLACE).replace(f"{self._guard.work}/", "")
        said = _CHATTER.sub("", said)
        return re.sub(r" in [0-9.]+m?s$", "", said, flags=re.MULTILINE)


@contextmanager
def morning() -> Iterator[Morning]:
    """Yield the morning, in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="morning-") as folder, LoopbackIndex() as index:
        yield Morning(Path(folder), index)


if __name__ == "__main__":
    with morning() as demonstration:
        sys.stdout.write(demonstration.transcript())
