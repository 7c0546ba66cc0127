"""What is in the target already: whose file is where a new one would land.

Essential reading: the specification of recording installed projects (PEP 376, PEP 627). Folders and
RECORDs are read when something depends on them, each once: most installs need two folders.
Everything raises `OSError` where the target cannot be read.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Final

from packaging.utils import NormalizedName, canonicalize_name

from guard.artifact.spot import COMMANDS, SITE, fold, head, keys

# pip leaves `~ix-1.0.dist-info` behind where it could not remove what it had moved aside.
_INFO: Final = re.compile(
    r"(?P<name>[^-~][^-]*)(?:-(?P<version>[^-]+))?.*\.(?:dist|egg)-info", re.IGNORECASE
)
_LIMIT: Final = 64 << 20
_SITE: Final = SITE.removesuffix("/")
_COMMANDS: Final = COMMANDS.removesuffix("/")
_PACKAGE: Final = "__init__."

# What venv, virtualenv, uv and setuptools put into an environment beside any RECORD.
_OWN: Final = re.compile(
    r"""
      pyvenv\.cfg
    | bin/ (?: (?:de)?activate[^/]* | (?:python|pypy|graalpy)w?[\d.]*t? | pydoc(?:\.bat)? )
    | site-packages/ (?: _virtualenv\.(?:py|pth) | distutils-precedence\.pth )
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """Where a target keeps what: the folders of the installation schemes (`sysconfig`)."""

    site: tuple[Path, ...]
    """Purelib and platlib."""

    scripts: Path
    data: Path
    stdlib: tuple[Path, ...] = ()
    """The standard library's, wherever the packages go."""


@dataclass(frozen=True, slots=True)
class Held:
    """A file that is there: the spot that it takes, and where that is."""

    spot: str
    path: Path

    def content(self, limit: int) -> bytes | None:
        """Return what the file holds; `None` if that is more than `limit`."""
        with self.path.open("rb") as stream:
            content = stream.read(limit + 1)
        return content if len(content) <= limit else None


class Distribution:
    """One installed distribution, as its `.dist-info` or `.egg-info` describes it."""

    def __init__(self, info: Path, name: str, version: str | None, folders: Folders) -> None:
        self.project: NormalizedName = canonicalize_name(name)
        self.version = version
        self.title = f"{self.project} {version}" if version else str(self.project)
        self._info = info
        self._folders = folders

    def hash(self, key: str) -> str | None:
        """Return the hash that its RECORD has of the file at `key`."""
        return (self.files or {}).get(key) or None

    def owns(self, key: str) -> bool:
        """Tell whether the file at `key` is its own, by its lists or, without any, by its name."""
        if self.files is not None:
            return key in self.files
        return key.startswith(SITE) and head(key) in self._heads

    @cached_property
    def files(self) -> Mapping[str, str] | None:
        """Its files by folded spot, each with its hash; `None` where nobody listed them."""
        from guard.artifact.listed import hashes  # noqa: PLC0415 - seldom needed

        if (content := _read(self._info / "RECORD")) is not None:
            return self._by_key(self._info.parent, hashes(content))
        if (content := _read(self._info / "installed-files.txt")) is not None:
            names = content.decode("utf-8", "replace").splitlines()
            return self._by_key(self._info, dict.fromkeys(names, ""))
        return None

    @cached_property
    def recorded(self) -> Mapping[str, tuple[str, str]] | None:
        """The files of its RECORD by folded spot: where each is, and its hash.

        `None` where there is none. What lies outside of the target is named by its whole path.
        """
        from guard.artifact.listed import hashes  # noqa: PLC0415 - seldom needed

        if (content := _read(self._info / "RECORD")) is None:
            return None
        found = {}
        for path, value in hashes(content).items():
            # Text, not paths: there are as many as files in the environment.
            place = os.path.normpath(os.path.join(self._info.parent, path))  # noqa: PTH118
            found[fold(self._spot(self._info.parent, path) or place)] = place, value
        return found

    def _by_key(self, folder: Path, hashes: Mapping[str, str]) -> dict[str, str]:
        spots = ((self._spot(folder, path), value) for path, value in hashes.items())
        return {fold(spot): value for spot, value in spots if spot is not None}

    def _spot(self, folder: Path, path: str) -> str | None:
        if folder == self._info.parent and not path.startswith(("..", "/")):
            return SITE + path
        absolute = Path(os.path.normpath(folder / path))
        places = [(site, SITE) for site in self._folders.site]
        places += [(self._folders.scripts, COMMANDS), (self._folders.data, "")]
        for root, start in places:
            if absolute.is_relative_to(root):
                return start + absolute.relative_to(root).as_posix()
        return None

    @cached_property
    def _heads(self) -> frozenset[str]:
        content = _read(self._info / "top_level.txt") or b""
        tops = content.decode("utf-8", "replace").split() or [self.project.replace("-", "_")]
        return frozenset(head(SITE + top) for top in (*tops, self._info.name))


class Installed:
    """The files of one target, and whose they are."""

    def __init__(self, folders: Folders) -> None:
        real = {Path(os.path.realpath(path)): path for path in reversed(folders.site)}
        self._folders = folders
        self._sites = tuple(reversed(real.values()))
        self._entries: dict[str, dict[str, list[Held]]] = {}
        self._modules: dict[str, dict[str, list[Held]]] = {}
        self._heads: dict[str, frozenset[str]] = {}

    def has(self, start: str) -> bool:
        """Tell whether anything is there with the start that `guard.artifact.spot.head` gave."""
        folder, _, _ = start.partition("/")
        if folder not in self._heads:
            several = self._below(folder).values()
            self._heads[folder] = frozenset(head(held.spot) for found in several for held in found)
        return start in self._heads[folder]

    def at(self, spot: str) -> Iterator[Held]:
        """Yield the files there whose place one at `spot` would take: by path or as a module."""
        key, *modules = keys(spot)
        folder, _, name = key.rpartition("/")
        for held in self._below(folder).get(name, ()):
            if not held.path.is_dir():
                yield held
        for module in modules:
            for held in self._imported(module):
                if fold(held.spot) != key:
                    yield held

    def owners(self, key: str) -> list[Distribution]:
        """Return every distribution that has a file at `key`."""
        return [found for found in self._distributions if found.owns(key)]

    def of(self, project: NormalizedName) -> list[Distribution]:
        """Return what is installed of `project`: one distribution, rarely more."""
        return self._by_project.get(project, [])

    def is_environments(self, held: Held) -> bool:
        """Tell whether the environment itself would miss the file."""
        return _OWN.fullmatch(fold(held.spot)) is not None

    def is_library(self, held: Held) -> bool:
        """Tell whether the file is one of the standard library."""
        if held.spot.startswith((SITE, COMMANDS)):
            return False
        return any(held.path.is_relative_to(folder) for folder in self._folders.stdlib)

    @cached_property
    def _distributions(self) -> list[Distribution]:
        found = []
        for held in chain.from_iterable(self._below(_SITE).values()):
            if said := _INFO.fullmatch(held.path.name):
                name, version = said["name"], said["version"]
                found.append(Distribution(held.path, name, version, self._folders))
        return found

    @cached_property
    def _by_project(self) -> dict[NormalizedName, list[Distribution]]:
        found: dict[NormalizedName, list[Distribution]] = {}
        for distribution in self._distributions:
            found.setdefault(distribution.project, []).append(distribution)
        return found

    def _imported(self, module: str) -> Iterator[Held]:
        folder, _, name = module.rpartition("/")
        if folder not in self._modules:
            self._modules[folder] = self._modules_in(folder)
        yield from self._modules[folder].get(module, ())
        package = f"{folder}/{name.removesuffix('.*')}"
        for name, several in self._below(package).items():
            if name.startswith(_PACKAGE) and len(keys(several[0].spot)) > 1:
                yield from several

    def _modules_in(self, folder: str) -> dict[str, list[Held]]:
        found: dict[str, list[Held]] = {}
        for place in (folder, f"{folder}/__pycache__"):
            for held in chain.from_iterable(self._below(place).values()):
                for module in keys(held.spot)[1:]:
                    found.setdefault(module, []).append(held)
        return found

    def _below(self, folder: str) -> dict[str, list[Held]]:
        """Return what is in a folder, by folded name; in all that are one where case is none."""
        if folder in self._entries:
            return self._entries[folder]
        first, *names = folder.split("/")
        homes, path = self._roots(first), first
        found = self._listed(path, homes)
        for name in names:
            path = f"{path}/{name}"
            found = self._listed(path, found.get(name, ()))
            if not found:
                break
        return self._entries.setdefault(folder, found)

    def _roots(self, first: str) -> Iterable[Held]:
        if first == _SITE:
            return [Held(_SITE, site) for site in self._sites]
        if first == _COMMANDS:
            return [Held(_COMMANDS, self._folders.scripts)]
        data = [Held("", self._folders.data)]
        return self._listed("", data).get(first, ()) if first else data

    def _listed(self, folder: str, homes: Iterable[Held]) -> dict[str, list[Held]]:
        if folder not in self._entries:
            found: dict[str, list[Held]] = {}
            for home in homes:
                for path in _listing(home.path):
                    spot = f"{home.spot}/{path.name}" if home.spot else path.name
                    found.setdefault(fold(path.name), []).append(Held(spot, path))
            self._entries[folder] = found
        return self._entries[folder]


def _listing(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _read(path: Path) -> bytes | None:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # reading a pipe would never end
            raise OSError(None, "not a regular file", str(path))
        with path.open("rb") as stream:
            content = stream.read(_LIMIT + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if len(content) > _LIMIT:
        raise OSError(f"{path} is longer than {_LIMIT} bytes")
    return content
