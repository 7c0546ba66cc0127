"""An ordinary day twice, with the guard in front and without: the same files, and the same place.

What a tool writes may name the folder that it is in. So the two copies take turns in one folder,
and what they hold afterwards can be compared byte for byte.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

import uv

from tests.e2e.guarded import LONG_AGO, TIMEOUT, Guard, Ran, ago
from tests.fakes import LoopbackIndex
from tests.wheels import Artifact

_SIDES: Final = ("bare", "wrapped")
_MOMENTS: Final = "uv_cache.json"
"""Where uv notes when what it has installed from a path was last written to."""

_IGNORED: Final = frozenset({_MOMENTS, ".lock"})
"""That, and the empty lock file of whoever was there."""

_PIP: Final = "pip"
"""The folder of pip's own modules, below any folder of packages."""

_HEADER: Final = 16
"""Bytes of compiled files in which it is said when their source was written."""


class Both(NamedTuple):
    """What came of one command line on either side."""

    bare: Ran
    wrapped: Ran


@dataclass(frozen=True)
class Day:
    """The two copies of one evening, and the index of the morning after."""

    folder: Path
    index: LoopbackIndex
    settings: dict[str, str] = field(default_factory=dict)
    fresh: Sequence[Artifact] = ()
    """Uploaded yesterday: to the bare tool they are not there, as under a cut-off of its own."""

    def both(self, *words: str, code: int = 0, **settings: str) -> Both:
        """Run the same words on both sides: exit code, files and environments are the same."""
        with self.turn("bare") as here:
            bare = self.bare(here, *words, **settings)
        wrapped = self.wrapped(*words, **settings)
        assert (bare.code, wrapped.code) == (code, code), bare.said + wrapped.said
        self.assert_same()
        return Both(bare, wrapped)

    def wrapped(self, *words: str, **settings: str) -> Ran:
        """Run the words with the guard in front, and with the fresh releases on the index."""
        with self.turn("wrapped") as here, self.morning("wrapped"):
            return here(*words, **settings)

    @contextmanager
    def morning(self, side: str) -> Iterator[None]:
        """Let the index have what was uploaded yesterday, but not for the bare tool."""
        with self.listed(*self.fresh if side == "wrapped" else (), uploaded=ago(days=1)):
            yield

    @contextmanager
    def listed(self, *artifacts: Artifact, uploaded: datetime = LONG_AGO) -> Iterator[None]:
        """Let the index have more than it has otherwise."""
        for artifact in artifacts:
            self.index.add(artifact, uploaded=uploaded)
        try:
            yield
        finally:
            for artifact in artifacts:
                self.index.remove(artifact.filename)

    def denied(self, *words: str, code: int = 77, **settings: str) -> Ran:
        """Run what the guard lets nothing come of: every file is as before."""
        before = self.state("wrapped")
        ran = self.wrapped(*words, **settings)
        assert ran.code == code, ran.said
        assert "Traceback" not in ran.said
        assert_alike(self.state("wrapped"), before)
        return ran

    @staticmethod
    def bare(here: Guard, *words: str, **settings: str) -> Ran:
        """Run the tool itself, where the guard would have run it."""
        environ = here.environment(**settings)
        program = shutil.which(words[0], path=environ["PATH"])
        assert program is not None, words
        done = subprocess.run(
            [program, *words[1:]],
            cwd=here.work,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def turn(self, side: str) -> Iterator[Guard]:
        """Put one side in its place."""
        own, here = self.folder / side, self.folder / "here"
        own.rename(here)
        try:
            yield Guard(here, self.settings)
        finally:
            here.rename(own)

    def write(self, name: str, text: str) -> None:
        """Write a file of the project on both sides."""
        for side in _SIDES:
            path = self.folder / side / "work" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def at_home(self, name: str, text: str) -> None:
        """Write a file for the user alone, on both sides."""
        for side in _SIDES:
            path = self.folder / side / "home" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            path.chmod(0o600)

    def holding(self, secret: str) -> list[Path]:
        """Every file of the project, and of the guard's own, that has the secret in it."""
        side = self.folder / "wrapped"
        places = (side / "work", side / "guard-cache", side / "guard-state")
        files = (path for place in places for path in place.rglob("*") if path.is_file())
        return [path for path in files if secret.encode() in path.read_bytes()]

    def text(self, name: str) -> str:
        """A file of the project, as the guard's side has it."""
        return (self.folder / "wrapped" / "work" / name).read_text(encoding="utf-8")

    def assert_same(self) -> None:
        assert_alike(self.state("wrapped"), self.state("bare"))

    def state(self, side: str) -> dict[str, str]:
        """Every file of the project and of its environment, and what it is and holds."""
        work = self.folder / side / "work"
        paths = ((str(path.relative_to(work)), path) for path in sorted(work.rglob("*")))
        return {name: _essence(path) for name, path in paths if path.name not in _IGNORED}


def evening(folder: Path, settings: Mapping[str, str]) -> Guard:
    """An empty desk on which a project can be set up with the bare tools, for later `days`."""
    here = Guard(folder / "here", settings)
    here.work.mkdir(parents=True)
    (here.folder / "tools").mkdir()
    for name, found in (("uv", uv.find_uv_bin()), ("python3", Path(sys.executable).resolve())):
        (here.folder / "tools" / name).symlink_to(found)
    here.knows()
    return here


@contextmanager
def day(
    here: Guard,
    index: LoopbackIndex,
    *,
    fresh: Sequence[Artifact] = (),
) -> Iterator[Day]:
    """A day that begins as the evening ended: two copies, which are gone afterwards."""
    folder = here.folder.parent
    kept = folder / "evening"
    here.folder.rename(kept)
    try:
        for side in _SIDES:
            shutil.copytree(kept, folder / side, symlinks=True, copy_function=_copied)
        yield Day(folder, index, dict(here.settings), fresh)
    finally:
        for side in _SIDES:
            shutil.rmtree(folder / side, ignore_errors=True)
        kept.rename(here.folder)


def settings(folder: Path, index: LoopbackIndex, **more: str) -> dict[str, str]:
    """The variables of a desk below `folder`: one index, and its own programs first on PATH."""
    here = folder / "here"
    path = f"{here / 'work' / '.venv' / 'bin'}:{here / 'tools'}:/usr/bin:/bin"
    return {
        "PATH": path,
        "PIP_INDEX_URL": index.url,
        "PYTHONDONTWRITEBYTECODE": "1",
        "UV_DEFAULT_INDEX": index.url,
        **more,
    }


def assert_alike(one: Mapping[str, str], other: Mapping[str, str]) -> None:
    """The same files hold the same; where they do not, say which and what."""
    names = [name for name in sorted({*one, *other}) if one.get(name) != other.get(name)]
    assert not names, {name: (one.get(name), other.get(name)) for name in names}


def _essence(path: Path) -> str:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return f"{mode:o} -> {path.readlink()}"
    if _PIP in path.parent.parts:
        return f"{mode:o} {path.lstat().st_ino if stat.S_ISREG(mode) else ''}"
    held = b"" if stat.S_ISDIR(mode) else path.read_bytes()
    return f"{mode:o} {_timeless(path, held).decode('utf-8', 'backslashreplace')}"


def _copied(source: str, place: str) -> None:
    """Copy a file; of pip's own thousand everybody has the same ones, until they are replaced."""
    if _PIP in Path(source).parent.parts and not Path(source).is_symlink():
        os.link(source, place)
    else:
        shutil.copy2(source, place, follow_symlinks=False)


def _timeless(path: Path, held: bytes) -> bytes:
    """What a file holds, but for when something else was written."""
    if path.suffix == ".pyc":
        return held[_HEADER:]
    if path.name == "RECORD":
        lines = held.splitlines(keepends=True)
        return b"".join(line for line in lines if _MOMENTS.encode() not in line)
    return held
