"""The real `guard` command and its targets, with nothing of the machine in reach."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from tests.advisory.records import Document, a_snapshot
from tests.fakes import LoopbackIndex
from tests.wheels import Artifact

TIMEOUT: Final = 120
"""Seconds after which a run is hung: far longer than any takes."""

_CLOSED: Final = "http://127.0.0.1:9"
"""Nobody listens on the port of `discard`: what is proxied there goes nowhere."""

_LOCK: Final = ".lock"
"""uv's own empty lock file, which it leaves in every environment that it looks at."""


def ago(*, days: float = 0, minutes: float = 0) -> datetime:
    """A moment before the one that the guard will take for now."""
    now = datetime.now(UTC)  # noqa: TID251 - the command under test reads the same clock
    return now - timedelta(days=days, minutes=minutes)


LONG_AGO: Final = datetime(2024, 5, 6, tzinfo=UTC)
"""Old enough for every policy."""


@dataclass(frozen=True)
class Ran:
    """What came of one run."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return self.out + self.err

    @property
    def report(self) -> dict[str, Any]:
        report: dict[str, Any] = json.loads(self.out)
        return report

    def finding(self, rule: str) -> str:
        """The text of the first finding of `rule`, in whichever stream it was printed."""
        blocks = self.said.split("\n\n")
        told = (f"[{rule}]", f"[{rule} and ")
        return next(block for block in blocks if any(words in block for words in told))


@dataclass(frozen=True)
class Environment:
    """A virtual environment, and the real installer that the guard is to use for it."""

    path: Path
    installer: str = "uv"

    @property
    def python(self) -> Path:
        return self.path / "bin" / "python"

    @property
    def packages(self) -> Path:
        (folder,) = self.path.glob("lib/python3*/site-packages")
        return folder

    def installed(self) -> dict[str, str]:
        """Every distribution but pip and setuptools, with its version."""
        return installed_in(self.packages)

    def tree(self) -> dict[str, str]:
        """Every file below, by what it holds."""
        return tree(self.path)

    def holds(self, *wheels: Artifact) -> None:
        """Put wheels in place, as if they had been installed long ago."""
        for wheel in wheels:
            with zipfile.ZipFile(io.BytesIO(wheel.content)) as archive:
                archive.extractall(self.packages)

    def starts(self) -> None:
        """Start the interpreter, as any later use of the environment does."""
        subprocess.run([self.python, "-c", ""], check=True, timeout=TIMEOUT, env=scrubbed())


def installed_in(folder: Path) -> dict[str, str]:
    """The distributions in a folder of packages, by the names of their dist-info directories."""
    stems = [path.name.removesuffix(".dist-info") for path in folder.glob("*.dist-info")]
    pairs = (stem.split("-") for stem in stems)
    return {name: version for name, version in pairs if name not in {"pip", "setuptools"}}


def tree(folder: Path) -> dict[str, str]:
    """Every file below `folder`, by its mode and what it holds or points at."""
    return {
        str(path.relative_to(folder)): _essence(path)
        for path in sorted(folder.rglob("*"))
        if path.name != _LOCK
    }


def _essence(path: Path) -> str:
    mode = path.lstat().st_mode
    if path.is_symlink():
        return f"{mode:o} -> {path.readlink()}"
    held = "" if path.is_dir() else hashlib.sha256(path.read_bytes()).hexdigest()
    return f"{mode:o} {held}"


def scrubbed(**settings: str) -> dict[str, str]:
    """Variables under which no configuration of the machine holds and the web is out of reach."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    unproxied = {"NO_PROXY": "127.0.0.1", "HTTPS_PROXY": _CLOSED, "ALL_PROXY": _CLOSED}
    once = {"UV_HTTP_RETRIES": "0", "PIP_RETRIES": "0", "UV_PYTHON_DOWNLOADS": "never"}
    quiet = {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    return kept | unproxied | once | quiet | settings


@dataclass(frozen=True)
class Guard:
    """The `guard` command of this checkout, with everything that it keeps below `folder`."""

    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def cache(self) -> Path:
        return self.folder / "guard-cache"

    @property
    def state(self) -> Path:
        return self.folder / "guard-state"

    @property
    def quarantine(self) -> Path:
        return self.cache / "quarantine"

    @property
    def work(self) -> Path:
        """The folder in which the command runs."""
        return self.folder / "work"

    def environment(self, **settings: str) -> dict[str, str]:
        """The variables of a run; an empty one is not set at all."""
        home = self.folder / "home"
        own = {
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / "config"),
            "XDG_CONFIG_DIRS": str(home / "xdg"),
            "XDG_DATA_HOME": str(home / "data"),
            "GUARD_CACHE_DIR": str(self.cache),
            "GUARD_STATE_DIR": str(self.state),
            "UV_CACHE_DIR": str(self.folder / "uv-cache"),
            "PIP_CACHE_DIR": str(self.folder / "pip-cache"),
        }
        named = scrubbed() | own | dict(self.settings) | settings
        return {name: value for name, value in named.items() if value}

    def command(self, *words: str | Path) -> list[str]:
        # -P: like the `guard` script, it does not look for modules in the working folder.
        return [sys.executable, "-P", "-m", "guard", *map(str, words)]

    def __call__(self, *words: str | Path, **settings: str) -> Ran:
        """Run the command to its end; `settings` are further variables."""
        done = subprocess.run(
            self.command(*words),
            cwd=self.work,
            env=self.environment(**settings),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def start(self, *words: str | Path, **settings: str) -> subprocess.Popen[str]:
        """Begin a run in a process group of its own, as a terminal would."""
        return subprocess.Popen(
            self.command(*words),
            cwd=self.work,
            env=self.environment(**settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def knows(self, *records: Document) -> None:
        """Give the run advisories, 90 minutes old, as `guard feed` would have brought them."""
        a_snapshot(self.state / "advisories", *records, now=ago())

    def install(
        self,
        *words: str | Path,
        into: Environment,
        index: LoopbackIndex | str | None = None,
        **settings: str,
    ) -> Ran:
        """`guard install`, from `index` and nowhere else where one is given."""
        return self("install", *words, *to(into), *at(index), **settings)

    def assert_consistent(self) -> None:
        """Nothing half-done lies in quarantine, and every file is what its place says it is."""
        left = [path for path in self.cache.rglob("*") if path.name.endswith(".part")]
        assert left == []
        for path in self.quarantine.glob("files/*/*/*"):
            assert hashlib.sha256(path.read_bytes()).hexdigest() == path.parent.name


def to(environment: Environment) -> tuple[str | Path, ...]:
    """The words that name an environment."""
    return ("--installer", environment.installer, "--python", environment.python)


def at(index: LoopbackIndex | str | None) -> tuple[str, ...]:
    """The words that name an index."""
    if index is None:
        return ()
    return ("--index-url", index if isinstance(index, str) else index.url)


@contextmanager
def untouched(environment: Environment) -> Iterator[None]:
    """What happens inside leaves the environment as it was, byte for byte."""
    before = environment.tree()
    yield
    assert environment.tree() == before


def assert_paragraph(ran: Ran, code: int, *words: str) -> None:
    """The run ended with `code` and one clear message that holds `words`."""
    assert ran.code == code, ran.said
    assert "Traceback" not in ran.said
    for word in words:
        assert word in ran.said, ran.said
    if code in {2, 70, 78}:
        starts = [line for line in ran.err.splitlines() if re.match("(guard.*: )?error: ", line)]
        assert len(starts) == 1, ran.err


def cloned(template: Path, place: Path) -> Path:
    """A copy of a virtual environment; only what is written anew takes room."""
    return shutil.copytree(template, place, symlinks=True, copy_function=_linked)


def with_its_own_pip(template: Path, environment: Environment) -> None:
    """Make the scripts of a copied environment name that one, and not the template."""
    for path in sorted((environment.path / "bin").iterdir()):
        if not path.is_symlink():
            text = path.read_text(encoding="utf-8")
            path.unlink()  # a link to the template's
            path.write_text(text.replace(str(template), str(environment.path)), encoding="utf-8")
            path.chmod(0o755)


def _linked(source: str, place: str) -> None:
    # A link would share what is written in place, and these are small.
    if source.endswith((".pth", ".cfg", "RECORD")) or Path(source).is_symlink():
        shutil.copy2(source, place, follow_symlinks=False)
    else:
        os.link(source, place)
