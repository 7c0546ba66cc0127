"""pip: resolves with `install --dry-run --report`, installs `--no-index` from local files."""

from __future__ import annotations

import concurrent.futures
import contextlib
import json
import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urldefrag, urlsplit, urlunsplit

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from guard.errors import InstallerError, TargetError, UnsupportedError, UsageError
from guard.install import configuration, pip_configuration, requested
from guard.install._base import Bounds, Hint, hand_over, own, pins, run, scratch, without
from guard.install.configuration import Configuration
from guard.install.target import Description, Target, environment_of
from guard.model import Admitted, File, FileKind
from guard.plan import Planned
from guard.request import Request, Wanted, direct_file

_OLDEST: Final = Version("23.2")
_WITH_CUTOFF: Final = Version("26.0")
_NO_SOLUTION: Final = "pip found no solution"
_PLACES: Final = ("target", "prefix", "root", "user")
_ITSELF: Final = {"_PIP_RUNNING_IN_SUBPROCESS": "1"}
"""What pip tells the one that it starts: not to start another, whatever `python` is configured."""

_UNHASHED: Final = "--require-hashes mode"
"""What pip says when one requirement has a hash and another has none."""


_BUILDS: Final = "the guard lets pip start nothing that could build"
"""What pip is told when it would start a program to find out what a file requires."""

_RUN: Final = f"""\
import os, sys
sys.path[:] = filter(None, sys.path)
ASKED = {{'keyring', 'lsb_release', 'rustc'}}
PROBE = ['-sS', '-c', 'import platform; print(platform.mac_ver()[0])']
def watch(event, details):
    if event != 'subprocess.Popen':
        return
    words = details[1] if isinstance(details[1], (list, tuple)) else [details[1]]
    name = os.path.basename(os.fsdecode(words[0]))
    if name.removesuffix('.exe') in ASKED or name.startswith('ld-musl-'):
        return
    if list(words[1:]) != PROBE:
        raise OSError('{_BUILDS}')
sys.addaudithook(watch)
import runpy
runpy.run_module('pip', run_name='__main__', alter_sys=True)
"""
"""What `python -m pip` does, without the working folder's modules in reach, and without building.

`--only-binary` does not count for what a wheel requires by URL: pip would fetch a source and run
its backend. It starts its builds, and only these, as programs of their own. What it may start are
the ones that it asks for a password, for the user agent and for the platform's tags.
"""


class Pip:
    """The pip of the target environment."""

    name = "pip"

    def __init__(
        self, target: Target, wanted: Wanted, *, pool: concurrent.futures.Executor
    ) -> None:
        self._target = target
        self._wanted = wanted
        self._described = pool.submit(target.describe)
        self._configured = pool.submit(configuration.for_pip, wanted.indexes, python=target.python)

    def configuration(self) -> Configuration:
        """Return pip's indexes."""
        return self._configured.result()

    def description(self) -> Description:
        """Return what the target environment is like."""
        return self._described.result()

    @cached_property
    def _version(self) -> Version:
        """The version of the target's pip; of one in the user's own folder only pip knows."""
        try:
            return Version(self.description().pip or self._said())
        except (InstallerError, IndexError, ValueError):
            raise TargetError(
                f"`{self._target.python}` has no pip",
                hint="leave out `--installer pip`: uv needs nothing in the target; "
                "or add one with `python -m ensurepip`",
            ) from None

    def _said(self) -> str:
        failed = "the target's pip could not be asked"
        answer = run(
            [*self._pip, "--version"], environment={**os.environ, **_ITSELF}, failed=failed
        )
        return answer.split()[1]

    @property
    def _pip(self) -> list[str]:
        # -E: a PYTHONPATH could hold another pip, or code for every start of Python.
        return [str(self._target.python), "-EB", "-X", "utf8", "-c", _RUN]

    def resolve(self, request: Request, bounds: Bounds, hint: Hint) -> tuple[Planned, ...]:
        """Return the files that `pip install` would install; what is satisfied stays."""
        _refuse(request)
        self._refuse_unusable(request)
        for name in self._wanted.names:
            hint(name, SpecifierSet())
        kept = [pair for pair in request.preferences if pair not in bounds.excluded]
        if kept:
            # pip has no preferences: it keeps all of these versions, or is asked without them.
            with contextlib.suppress(InstallerError):
                return self._resolved(request, bounds, kept)
        return self._resolved(request, bounds, ())

    def _resolved(
        self, request: Request, bounds: Bounds, kept: Sequence[tuple[NormalizedName, Version]]
    ) -> tuple[Planned, ...]:
        with scratch() as folder:
            report = folder / "report.json"
            command = [*self._pip, "install", "--dry-run", "--quiet", "--report", str(report)]
            command += ["--only-binary", ":all:", "--no-input", *self._place(request)]
            command += self._options(request, bounds, folder)
            if kept:
                (folder / "kept.txt").write_text("".join(f"{n}=={v}\n" for n, v in kept))
                command += ["--constraint", str(folder / "kept.txt")]
            try:
                run(command, environment=self._environment(), failed=_NO_SOLUTION)
            except InstallerError as error:
                if _UNHASHED in error.output:
                    raise _unhashed(error) from None
                if _BUILDS in error.output:
                    raise _would_build(error) from None
                raise
            return tuple(_planned(report))

    def _refuse_unusable(self, request: Request) -> None:
        """Refuse a pip that is too old for the request, none, or one that installs elsewhere."""
        options = pip_configuration.read(prefix=environment_of(self._target.python)).options
        self._target.refuse_place("pip", {name: options.get(name) for name in _PLACES})
        if self._version < _OLDEST:
            raise TargetError(
                f"pip {self._version} is too old: {_OLDEST} or newer is needed",
                hint="leave out `--installer pip`, or upgrade it with `guard install -U pip`",
            )
        if request.uploaded_prior_to and self._version < _WITH_CUTOFF:
            raise UnsupportedError(
                f"pip {self._version} does not know `--uploaded-prior-to`",
                hint=f"leave out `--installer pip`, or upgrade pip to {_WITH_CUTOFF} or newer",
            )

    def _environment(self) -> dict[str, str]:
        return {
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            **_ITSELF,
            **self.configuration().environment,
        }

    def _options(self, request: Request, bounds: Bounds, folder: Path) -> list[str]:
        """Return what decides which files are chosen: the request itself, bounds and switches."""
        options = []
        if words := (*request.specifiers, *self._wanted.of_projects):
            # A file, not arguments: a URL may hold a password.
            (folder / "request.txt").write_text("\n".join(words) + "\n")
            options += ["--requirement", str(folder / "request.txt")]
        for path in request.requirement_files:
            if path.suffix != ".toml":
                options += ["--requirement", str(path)]
        for path in request.constraint_files:
            options += ["--constraint", str(path)]
        if lines := bounds.constraints():
            (folder / "excluded.txt").write_text(lines)
            options += ["--constraint", str(folder / "excluded.txt")]
        # pip has no exceptions from its cut-off: the rules judge what it then sees too much of.
        cutoff = bounds.own if bounds.uncut else bounds.cutoff
        if cutoff and self._version >= _WITH_CUTOFF:
            options += ["--uploaded-prior-to", cutoff.isoformat()]
        if bounds.built is not None:
            options += ["--find-links", str(bounds.built)]
        return options + self._switches(request)

    def _switches(self, request: Request) -> list[str]:
        switches = {
            "--no-index": request.indexes.no_index,
            "--ignore-installed": self._target.alone,
            "--pre": request.pre,
            "--no-deps": request.no_deps,
            "--upgrade": request.upgrade,
            "--force-reinstall": request.reinstall,
            "--no-cache-dir": request.refresh,
        }
        return [name for name, on in switches.items() if on]

    def _place(self, request: Request) -> list[str]:
        place = []
        if self._target.directory:
            place += ["--target", str(self._target.directory)]
            if request.upgrade:
                place.append("--upgrade")
        if self._target.prefix:
            place += ["--prefix", str(self._target.prefix)]
        if self._target.break_system_packages:
            place.append("--break-system-packages")
        return place

    def apply(self, admitted: Sequence[Admitted], request: Request, *, quiet: bool) -> None:
        """Install exactly these files: no index, no configuration, each by its hash."""
        self._refuse_unusable(request)
        with scratch() as folder:
            path = folder / "approved.txt"
            path.write_text(pins(admitted))
            command = [*self._pip, "install", "--no-index", "--no-deps", "--require-hashes"]
            command += ["--no-input", "--no-cache-dir", "--only-binary", ":all:"]
            command += [*self._place(request), "--requirement", str(path)]
            if request.reinstall or any(own(admitted)):
                command.append("--force-reinstall")
            if self._target.prefix:
                # Else pip removes from the environment what it puts below the prefix.
                command.append("--ignore-installed")
            command.append("--quiet")
            environment = without(
                "PIP_", PIP_CONFIG_FILE=os.devnull, PIP_DISABLE_PIP_VERSION_CHECK="1"
            )
            hand_over(command, environment=environment, failed="pip could not install", quiet=quiet)
        self._unmark(admitted)

    def _unmark(self, admitted: Sequence[Admitted]) -> None:
        """Leave pip's mark on what was asked for alone; of a lock, that is all of it."""
        wanted = self._wanted.names | {file.project for file in self._wanted.direct}
        folders = self.description().folders
        if not wanted or folders is None:
            return
        files = [each.verdict.candidate.file for each in admitted]
        with contextlib.suppress(OSError):  # one mark too many does no harm
            requested.unmark(folders.site, [file for file in files if file.project not in wanted])

    def remove(self, projects: Sequence[NormalizedName], *, quiet: bool) -> None:
        """Remove these projects from the target."""
        with scratch() as folder:
            path = folder / "removed.txt"
            path.write_text("".join(f"{name}\n" for name in projects))
            command = [*self._pip, "uninstall", "--yes", "--no-input", "--quiet"]
            command += ["--requirement", str(path)]
            if self._target.break_system_packages:
                command.append("--break-system-packages")
            environment = without(
                "PIP_", PIP_CONFIG_FILE=os.devnull, PIP_DISABLE_PIP_VERSION_CHECK="1"
            )
            hand_over(command, environment=environment, failed="pip could not remove", quiet=quiet)


def _refuse(request: Request) -> None:
    """Refuse what uv can do and pip cannot. Raises `UnsupportedError`."""
    if request.upgrade_packages:
        raise UnsupportedError(
            "pip has no `--upgrade-package`",
            hint="name the package and pass `-U`, or leave out `--installer pip`",
        )
    if request.universal:
        raise UnsupportedError(
            "pip resolves for the platform that it runs on",
            hint="leave out `--installer pip`, or `--universal`",
        )
    if request.offline:
        raise UnsupportedError(
            "pip cannot resolve offline",
            reason="it asks the index each time, whatever is cached",
            hint="leave out `--installer pip`, or install from a lock, which needs no resolving",
        )


def _would_build(error: InstallerError) -> UnsupportedError:
    lines = [line.strip() for line in error.output.splitlines() if _BUILDS not in line]
    return UnsupportedError(
        "pip would have to build something to resolve this",
        reason="a file requires a source by URL or path, and building runs its code unjudged",
        hint=f"leave out what requires it; pip said last: {lines[-1][:200]}" if lines else "",
    )


def _unhashed(error: InstallerError) -> UsageError:
    return UsageError(
        "hashes are required, and not every requirement has one",
        reason=" ".join(error.output.split()),
        hint="add `--hash=sha256:…` to each requirement, its dependencies too",
    )


def _planned(report: Path) -> list[Planned]:
    """Read pip's installation report. Raises `InstallerError`."""
    try:
        document: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
        return [_item(item) for item in document["install"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InstallerError(
            "pip's report could not be read", reason=str(error), exit_code=70
        ) from None


def _item(item: dict[str, Any]) -> Planned:
    url, fragment = urldefrag(item["download_info"]["url"])
    parts = urlsplit(url)
    url = urlunsplit((*parts[:1], parts.netloc.rpartition("@")[2], *parts[2:]))
    archive = item["download_info"].get("archive_info", {})
    hashes = dict(archive.get("hashes", {}))
    algorithm, _, digest = (archive.get("hash") or fragment).partition("=")
    if digest and algorithm in {"sha256", "sha384", "sha512"}:
        hashes.setdefault(algorithm, digest)
    seen = direct_file(unquote(parts.path.rpartition("/")[2]), url)
    file = File(
        project=canonicalize_name(item["metadata"]["name"]),
        version=Version(item["metadata"]["version"]),
        filename=seen.filename,
        kind=seen.kind if "archive_info" in item["download_info"] else FileKind.SOURCE_TREE,
        url=url,
        hashes={name: value.lower() for name, value in hashes.items()},
    )
    return Planned(file=file, direct=bool(item.get("is_direct")))
