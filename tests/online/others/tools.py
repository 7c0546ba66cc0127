"""poetry, pdm and pipx themselves: bare, and behind the guard, in folders of the same names."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import uv

from tests.e2e.guarded import TIMEOUT, Guard, Ran

_WITH = {"pdm": ("hishel<2", "unearth<0.19")}
"""pdm 2.29.3 takes newer ones as well, and does not work with them."""

_CHANGING = ("bin/", "pyvenv.cfg", ".lock", "__pycache__", ".gitignore", "CACHEDIR.TAG")
"""What names its own folder, or a moment."""


def installed(name: str, folder: Path) -> Path:
    """The newest `name` of the index that is configured, as a program.

    TEST_TOOLS may name a folder with an environment of that name, to be quick.
    """
    made = folder / name
    if given := os.environ.get("TEST_TOOLS"):
        return Path(given, name, "bin", name)
    environ = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
    for command in (
        ["venv", "--quiet", "--python", sys.executable, str(made)],
        ["pip", "install", "--quiet", "--python", str(made), name, *_WITH.get(name, ())],
    ):
        subprocess.run([uv.find_uv_bin(), *command], check=True, env=environ, timeout=TIMEOUT)
    return made / "bin" / name


@dataclass(frozen=True)
class Sides:
    """One project twice: for the bare tool, and for the one behind the guard."""

    guard: Guard
    program: Path
    bare_folder: Path

    @property
    def name(self) -> str:
        return self.program.name

    @property
    def work(self) -> Path:
        return self.guard.work

    def write(self, path: str, text: str) -> None:
        for folder in (self.work, self.bare_folder):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)

    def path(self) -> str:
        return f"{self.program.parent}:{Path(sys.executable).parent}:/usr/bin:/bin"

    def guarded(self, *words: str, **settings: str) -> Ran:
        """Run the tool behind the guard."""
        return self.guard(self.name, *words, PATH=self.path(), **settings)

    def bare(self, *words: str, **settings: str) -> Ran:
        """Run the tool itself, with nothing of the guard's around it."""
        home = self.bare_folder.parent / "bare-home"
        own = {"HOME": str(home), "XDG_CONFIG_HOME": str(home / "c"), "PATH": self.path()}
        own |= {"XDG_DATA_HOME": str(home / "data")}
        done = subprocess.run(
            [self.program, *words],
            cwd=self.bare_folder,
            env=self.guard.environment(**own | settings),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def side_by_side(
        self, words: Sequence[str], bare: Mapping[str, str], guarded: Mapping[str, str]
    ) -> tuple[Ran, Ran]:
        """Run both at the same time, each with variables of its own; both must go well."""
        with ThreadPoolExecutor(1) as pool:
            alone = pool.submit(self.bare, *words, **bare)
            ran = self.guarded(*words, **guarded)
            done = alone.result()
        assert done.code == 0, done.said
        assert ran.code == 0, ran.said
        return done, ran

    def both(self, *words: str, **settings: str) -> Ran:
        """Run both, which must go well and leave the same."""
        _, ran = self.side_by_side(words, settings, settings)
        assert files(self.work) == files(self.bare_folder)
        assert environment(self.work) == environment(self.bare_folder)
        return ran


def sides(guard: Guard, program: Path) -> Sides:
    """Two empty folders of the same name."""
    folder = guard.folder / "bare" / guard.work.name
    folder.mkdir(parents=True)
    return Sides(guard, program, folder)


def files(folder: Path) -> dict[str, bytes]:
    """What a user keeps in a project, byte for byte."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not {".venv", "__pycache__"} & set(path.parts)
    }


def environment(folder: Path) -> dict[str, bytes]:
    """Every file that was installed into the environment of a project, byte for byte."""
    return dict(_installed(folder / ".venv", str(folder)))


def _installed(place: Path, folder: str) -> Iterator[tuple[str, bytes]]:
    for path in sorted(place.rglob("*")):
        name = str(path.relative_to(place))
        if path.is_file() and not any(each in name for each in _CHANGING):
            content = path.read_bytes().replace(folder.encode(), b"FOLDER")
            yield name, b"" if name.endswith("RECORD") else content


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, links as what they lead to."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


def distributions(folder: Path) -> set[str]:
    """What is installed below a folder, by names and versions."""
    own = ("pip-", "setuptools-", "wheel-")
    found = {path.name.removesuffix(".dist-info") for path in folder.rglob("*.dist-info")}
    return {name for name in found if not name.startswith(own)}


def forget(folder: Path) -> None:
    """Remove the environment of a project."""
    shutil.rmtree(folder / ".venv", ignore_errors=True)
