"""The environment to install into: which one, and what it is like."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import packaging
import uv
from packaging.markers import Environment
from packaging.tags import Tag, parse_tag
from packaging.utils import NormalizedName, canonicalize_name

from guard.errors import TargetError, UnsupportedError
from guard.install.pythons import refuse_strangers
from guard.sources.installed import Folders

_TIMEOUT: Final = 60
_NO: Final = frozenset({"0", "false", "no", "off"})
_SEEDS: Final = frozenset({"pip", "setuptools", "wheel", "uv"})
"""What `python -m venv` and its like put into a new environment."""

# Runs in the target, isolated (-I), with nothing but our `packaging` to import: it supports 3.8.
_DESCRIBE: Final = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
from packaging.markers import default_environment
from packaging.tags import sys_tags
sys.path.pop(0)
import sysconfig
from importlib.metadata import PackageNotFoundError, distributions, version
kind, place = sys.argv[2:]
# Below a prefix pip and uv lay packages out as in a virtual environment.
below = {"base": place, "platbase": place}
scheme = "nt" if sys.platform == "win32" else "posix_prefix"
beside = kind == "prefix" or kind == "audited" and place
paths = sysconfig.get_paths(scheme, below) if beside else sysconfig.get_paths()
folders = [place] if kind == "target" else [paths["purelib"], paths["platlib"]]
scripts, data = paths["scripts"], paths["data"]
if kind == "target":
    scripts, data = os.path.join(place, "bin"), place
try:
    pip = version("pip")
except PackageNotFoundError:
    pip = None
print(json.dumps({
    "pip": pip,
    "environment": default_environment(),
    "tags": [str(tag) for tag in sys_tags()],
    "installed": [] if kind == "audited" else [
        (d.metadata["Name"], d.version) for d in distributions(path=sorted(set(folders)))
    ],
    "prefix": sys.prefix,
    "folders": {
        "site": folders,
        "scripts": [scripts],
        "data": [data],
        "stdlib": [paths["stdlib"], paths["platstdlib"]],
    },
    "bundled": [
        os.path.join(paths["stdlib"], "ensurepip", "_bundled"),
        sysconfig.get_config_var("WHEEL_PKG_DIR"),
    ] if kind == "audited" else [],
}))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What the target's interpreter says of itself."""

    environment: Environment
    tags: tuple[Tag, ...]
    installed: Mapping[NormalizedName, str]
    prefix: str
    pip: str | None = None
    """The version of its own pip, wherever the packages are to go."""

    folders: Folders | None = None
    """Where the packages are to go; `None` where nothing is installed anywhere."""

    bundled: tuple[Path, ...] = ()
    """Where the interpreter keeps the wheels that `ensurepip` installs; asked for by audits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where to install: an interpreter's environment, or a folder beside it."""

    python: Path
    directory: Path | None = None
    """`--target`: install into this folder."""

    prefix: Path | None = None
    """`--prefix`: install under this folder."""

    audited: bool = False
    """Nothing of what is installed may run, not even at the start of Python; nor is it listed."""

    break_system_packages: bool = False
    alone: bool = False
    """What is installed does not count: for judging or downloading a whole tree."""

    @property
    def place(self) -> Path:
        """The folder that is installed into: the interpreter itself, where it has none."""
        return self.directory or self.prefix or environment_of(self.python) or self.python

    def looks_new(self) -> bool:
        """Tell by its files alone, without running it, that an environment is as it was created."""
        if self.alone:
            return True
        if self.directory or self.prefix:
            return False
        folder = environment_of(self.python)
        if folder is None:
            return False
        found = (
            *folder.glob("lib/*/site-packages/*-info"),
            *folder.glob("Lib/site-packages/*-info"),
        )
        return {canonicalize_name(path.name.partition("-")[0]) for path in found} <= _SEEDS

    def refuse_place(self, tool: str, configured: Mapping[str, str | None]) -> None:
        """Refuse another place that `tool` is configured with: it would be judged for this one."""
        if self.alone or self.directory or self.prefix:
            return
        for name, value in configured.items():
            if value and value.lower() not in _NO:
                raise UnsupportedError(
                    f"{tool} is configured with `{name} = {value}`",
                    reason="the guard installs where its own command line says, and nowhere else",
                    hint="pass `--target` or `--prefix`, or take it out of the configuration",
                )

    def describe(self) -> Description:
        """Ask the interpreter what it is like. Raises `TargetError`."""
        packaging_home = str(Path(packaging.__file__).parents[1])
        options = ["-I", "-B", "-S"] if self.audited else ["-I", "-B"]
        command = [str(self.python), *options, "-c", _DESCRIBE, packaging_home, *self._place()]
        try:
            result = subprocess.run(
                command, capture_output=True, check=True, timeout=_TIMEOUT, text=True
            )
            answer: dict[str, Any] = json.loads(result.stdout)
        except subprocess.CalledProcessError as error:
            last = (error.stderr or "").strip().splitlines()
            raise self._failed(last[-1] if last else f"it ended with {error.returncode}") from None
        except (OSError, subprocess.TimeoutExpired, json.JSONDecodeError) as error:
            raise self._failed(str(error)) from None
        return Description(
            environment=cast("Environment", answer["environment"]),
            tags=tuple(tag for text in answer["tags"] for tag in parse_tag(text)),
            installed={}
            if self.alone
            else {canonicalize_name(n): v for n, v in answer["installed"] if n},
            prefix=answer["prefix"],
            pip=answer["pip"],
            folders=None if self.alone else _folders(answer["folders"]),
            bundled=tuple(Path(folder) for folder in answer["bundled"] if folder),
        )

    def _place(self) -> tuple[str, str]:
        """Return what kind of place the packages go to, and where it is."""
        if self.directory:
            return "target", str(self.directory)
        if self.audited:  # without `site`, an older Python does not know where it is
            return "audited", str(environment_of(self.python) or "")
        return ("prefix", str(self.prefix)) if self.prefix else ("environment", "")

    def _failed(self, reason: str) -> TargetError:
        return TargetError(
            f"the interpreter `{self.python}` could not be used",
            reason=reason,
            hint="name another one with `--python`",
        )


def _folders(said: Mapping[str, list[str]]) -> Folders:
    (scripts,), (data,) = said["scripts"], said["data"]
    return Folders(
        site=tuple(map(Path, said["site"])),
        scripts=Path(scripts),
        data=Path(data),
        stdlib=tuple(map(Path, said["stdlib"])),
    )


def environment_of(python: Path) -> Path | None:
    """Return the virtual environment that `python` belongs to, if it belongs to one."""
    folder = python.parent.parent
    return folder if (folder / "pyvenv.cfg").is_file() else None


def find_python(wanted: str | None, *, system: bool, alone: bool = False) -> Path:
    """Return the interpreter to install for, chosen as uv chooses. Raises `TargetError`.

    `--python`, then `--system`, then the active environment, then `.venv` here or above. Where
    nothing is installed (`alone`), the guard's own interpreter will do in the end.
    """
    if wanted is not None:
        return _named(wanted)
    if system:
        return _ask_uv("--system")
    if active := os.environ.get("VIRTUAL_ENV"):
        return _interpreter(Path(active), named="VIRTUAL_ENV")
    for folder in _here_and_above():
        if (folder / ".venv" / "pyvenv.cfg").is_file():
            return _interpreter(folder / ".venv", named=".venv")
    if alone:
        return Path(sys.executable)
    raise TargetError(
        "there is no environment to install into",
        reason="no --python, no active virtual environment, no `.venv` here or above",
        hint="create one with `python -m venv .venv`, or pass `--system` for the system's Python",
    )


def _named(wanted: str) -> Path:
    path = Path(wanted).expanduser()
    if path.is_dir():
        return _interpreter(path.absolute(), named="--python")
    if path.is_file():
        return path.absolute()
    if os.sep in wanted:
        raise TargetError(f"there is no Python at `{wanted}`", hint="check the path after --python")
    return _ask_uv(wanted)


def _interpreter(folder: Path, *, named: str) -> Path:
    for relative in ("bin/python", "bin/python3", "Scripts/python.exe", "python.exe"):
        if (folder / relative).is_file():
            return folder / relative
    raise TargetError(
        f"there is no Python in `{folder}` (from {named})",
        hint="create the environment again, or name another one with `--python`",
    )


def _here_and_above() -> Iterator[Path]:
    here = Path.cwd()
    return iter((here, *here.parents))


def _ask_uv(*words: str) -> Path:
    refuse_strangers(os.environ, Path.cwd())
    command = [uv.find_uv_bin(), "python", "find", "--no-project", "--no-python-downloads", *words]
    try:
        result = subprocess.run(
            command, capture_output=True, text=True, timeout=_TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise TargetError("uv could not be asked for a Python", reason=str(error)) from None
    if result.returncode:
        raise TargetError(
            f"there is no Python `{' '.join(words)}` on this machine",
            reason=next(iter(result.stderr.strip().removeprefix("error: ").splitlines()), None),
            hint="install it, or name one that is there with `--python`",
        )
    return Path(result.stdout.strip())
