"""uv: resolves with `uv pip compile`, installs with `uv pip install` of local files."""

from __future__ import annotations

import concurrent.futures
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import uv
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name

from guard import lock_file, plan
from guard.errors import InstallerError
from guard.install import configuration, uv_configuration
from guard.install._base import Bounds, Hint, hand_over, own, pins, run, scratch, without
from guard.install.configuration import Configuration
from guard.install.target import Description, Target
from guard.install.uv_cache import UvCache
from guard.model import Admitted
from guard.plan import Planned
from guard.request import Request, Wanted

_MEETS: Final = re.compile(
    r"DEBUG Adding (?:direct|transitive) dependency(?: for [^:]*)?: "
    r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^]]*\])?(?:\{[^}]*\})?(.*)"
)
"""What uv says when it learns of a project. A hint to fetch it early, and nothing else."""

_HARMLESS: Final = ("UV_COMPILE_BYTECODE", "UV_CONCURRENT_INSTALLS", "UV_LINK_MODE")
_NO_SOLUTION: Final = "uv found no solution"


class Uv:
    """uv, from our own dependency: the target needs nothing."""

    name = "uv"

    def __init__(
        self, target: Target, wanted: Wanted, *, cache: Path, pool: concurrent.futures.Executor
    ) -> None:
        self._target = target
        self._wanted = wanted
        self._cache = cache
        self._uv = uv.find_uv_bin()
        self._built: Path | None = None
        self._described = pool.submit(target.describe)
        self._indexes = configuration.uv_indexes(wanted.indexes, python=target.python)
        self._configured = pool.submit(configuration.for_uv, self._indexes, python=target.python)

    def configuration(self) -> Configuration:
        """Return uv's indexes; pip's where uv's name none."""
        return self._configured.result()

    def description(self) -> Description:
        """Return what the target environment is like."""
        return self._described.result()

    def resolve(self, request: Request, bounds: Bounds, hint: Hint) -> tuple[Planned, ...]:
        """Return the files that `uv pip install` would install.

        A new environment takes one resolution. Otherwise uv is first asked what it would change,
        for only uv knows what it regards as satisfied, and the changes are then pinned.
        """
        self._refuse_place()
        self._built = bounds.built
        with scratch() as folder:
            common = self._common(request, bounds, folder)
            words = "\n".join(request.specifiers)
            if self._target.looks_new() and not request.reinstall:
                stdin = ["-"] if words else []
                planned = self._compile([*common, *_sources(request), *stdin], words, hint, request)
                installed = self.description().installed
                if not any(item.file.project in installed for item in planned):
                    return planned
            changes = self._changes(request, common, words, hint)
            return self._pinned(changes, common, hint, request) if changes else ()

    def _common(self, request: Request, bounds: Bounds, folder: Path) -> list[str]:
        """Return the options that decide which files are chosen."""
        options = ["--no-build", "--python", str(self._target.python), *self._indexes.options]
        if bounds.cutoff:
            options += ["--exclude-newer", bounds.cutoff.isoformat()]
            own = bounds.own.isoformat() if bounds.own else "false"
            for name in sorted(bounds.uncut):
                options += ["--exclude-newer-package", f"{name}={own}"]
        if lines := bounds.constraints():
            (folder / "excluded.txt").write_text(lines)
            options += ["--constraints", str(folder / "excluded.txt")]
        for path in request.constraint_files:
            options += ["--constraints", str(path)]
        if request.pre or self._wanted.pre:
            options += ["--prerelease", "allow"]
        if request.no_deps:
            options.append("--no-deps")
        if request.offline:
            options.append("--offline")
        if request.refresh:
            options.append("--refresh")
        return options

    def _compile(
        self, options: Sequence[str], words: str, hint: Hint, request: Request
    ) -> tuple[Planned, ...]:
        command = [self._uv, "pip", "compile", "--format", "pylock.toml", "--no-header", *options]
        if request.universal:
            python = self.description().environment["python_version"]
            command += ["--universal", "--python-version", python]
        with scratch() as folder:
            # Else it might be a file of the user's, whose configuration can name one.
            output = folder / "pylock.toml"
            if request.preferences:
                output.write_bytes(lock_file.preferences(request.preferences))
            self._run([*command, "--output-file", str(output)], words, hint)
            body = output.read_bytes()
        lock = plan.parse(body, name="uv's plan", own_files=True)
        if request.universal:
            return plan.every(lock, folder=folder)
        description = self.description()
        return plan.select(
            lock,
            environment=description.environment,
            tags=description.tags,
            folder=folder,  # uv writes paths as they are seen from there
        )

    def _run(self, command: Sequence[str], words: str, hint: Hint) -> str:
        """Run uv, and pass on the names of projects as it meets them."""

        def overhear(line: str) -> None:
            if met := _MEETS.match(line):
                hint(canonicalize_name(met[1]), _specifiers(met[2]))

        return run(
            [*command, "--verbose"],
            words=words,
            environment=self._environment(),
            failed=_NO_SOLUTION,
            overhear=overhear,
        )

    def _environment(self) -> dict[str, str]:
        """Return uv's indexes, and what was built here beside what the user has built."""
        environment = dict(self._indexes.environment)
        if self._built is not None:
            links = environment.get("UV_FIND_LINKS") or os.environ.get("UV_FIND_LINKS", "")
            environment["UV_FIND_LINKS"] = ",".join(filter(None, (links, self._built.as_uri())))
        return environment

    def _changes(
        self, request: Request, common: Sequence[str], words: str, hint: Hint
    ) -> list[str]:
        """Ask uv what it would install into the environment as it is, as `name==version`."""
        command = [self._uv, "pip", "install", "--dry-run", "--output-format", "json", *common]
        command += [*self._place(), *_files(request)]
        if request.upgrade:
            command.append("--upgrade")
        for name in request.upgrade_packages:
            command += ["--upgrade-package", name]
        if request.reinstall:
            command.append("--reinstall")
        if words:
            command += ["--requirements", "-"]
        return _installed(self._run(command, words, hint))

    def _pinned(
        self, changes: Sequence[str], common: Sequence[str], hint: Hint, request: Request
    ) -> tuple[Planned, ...]:
        direct = {file.project: f"{file.project} @ {file.url}" for file in self._wanted.direct}
        if {canonicalize_name(c) for c in changes if "==" not in c} - direct.keys():
            direct |= self._folders(common, hint, request)
        words = [direct.get(canonicalize_name(c.partition("==")[0]), c) for c in changes]
        alone = [] if request.no_deps else ["--no-deps"]  # uv takes it once
        planned = self._compile([*common, *alone, "-"], "\n".join(words), hint, request)
        expected = {canonicalize_name(change.partition("==")[0]) for change in changes}
        if {p.file.project for p in planned} != expected:
            raise InstallerError("uv's plan is not what uv said it would change", exit_code=70)
        return planned

    def _folders(
        self, common: Sequence[str], hint: Hint, request: Request
    ) -> dict[NormalizedName, str]:
        """Return what `[tool.uv.sources]` brings in by path: uv's changes do not say from where."""
        stdin = ["-"] if request.specifiers else []
        words = "\n".join(request.specifiers)
        planned = self._compile([*common, *_sources(request), *stdin], words, hint, request)
        return {p.file.project: f"{p.file.project} @ {p.file.url}" for p in planned if p.direct}

    def _refuse_place(self) -> None:
        here = Path.cwd()
        names = ("target", "prefix")
        found = {n: uv_configuration.setting(n, os.environ, folder=here) for n in names}
        self._target.refuse_place("uv", found)

    def _place(self) -> list[str]:
        place = []
        if self._target.directory:
            place += ["--target", str(self._target.directory)]
        if self._target.prefix:
            place += ["--prefix", str(self._target.prefix)]
        if self._target.break_system_packages:
            place.append("--break-system-packages")
        return place

    def apply(self, admitted: Sequence[Admitted], request: Request, *, quiet: bool) -> None:
        """Install exactly these files: offline, without configuration, each by its hash."""
        self._refuse_place()
        with scratch() as folder:
            path = folder / "approved.txt"
            path.write_text(pins(admitted))
            command = [self._uv, "pip", "install", "--no-config", "--offline", "--no-index"]
            command += ["--no-deps", "--require-hashes", "--no-build", "--requirements", str(path)]
            command += ["--python", str(self._target.python), *self._place()]
            if request.reinstall:
                command.append("--reinstall")
            for project in own(admitted):
                command += ["--reinstall-package", project]
            if quiet:
                command.append("--quiet")
            # The user's own cache could hold other bytes under the same name.
            with UvCache(self._cache).sealed(admitted) as cache:
                environment = without("UV_", UV_CACHE_DIR=str(cache), **_kept())
                hand_over(
                    command, environment=environment, failed="uv could not install", quiet=quiet
                )

    def remove(self, projects: Sequence[NormalizedName], *, quiet: bool) -> None:
        """Remove these projects from the target."""
        self._refuse_place()
        with scratch() as folder:
            path = folder / "removed.txt"
            path.write_text("".join(f"{name}\n" for name in projects))
            command = [self._uv, "pip", "uninstall", "--no-config", "--offline", "--no-cache"]
            command += ["--python", str(self._target.python), *self._place()]
            command += ["--requirements", str(path)]
            environment = without("UV_", **_kept())
            hand_over(command, environment=environment, failed="uv could not remove", quiet=quiet)


def _kept() -> dict[str, str]:
    """Return the user's settings of how, not what, uv installs."""
    return {name: os.environ[name] for name in _HARMLESS if name in os.environ}


def _specifiers(text: str) -> SpecifierSet:
    """Return the versions that uv speaks of; all of them where it says so in words of its own."""
    try:
        return SpecifierSet(text.strip().removeprefix("*"))
    except InvalidSpecifier:
        return SpecifierSet()


def _sources(request: Request) -> list[str]:
    """Return the requirements files as `uv pip compile` takes them: bare, never like an option."""
    return [str(path.absolute()) for path in request.requirement_files] + _parts(request)


def _files(request: Request) -> list[str]:
    files = [word for path in request.requirement_files for word in ("--requirements", str(path))]
    return files + _parts(request)


def _parts(request: Request) -> list[str]:
    """Return the options that say which extras and groups of a pyproject.toml are meant."""
    options = ["--all-extras"] if request.all_extras else []
    for extra in request.extras:
        options += ["--extra", extra]
    for group in request.groups:
        options += ["--group", f"{group.path.absolute()}:{group.name}"]
    return options


def _installed(output: str) -> list[str]:
    """Read what `uv pip install --dry-run --output-format json` says would be installed."""
    try:
        changes: list[dict[str, Any]] = json.loads(output)["changes"]
        actions = {change["action"] for change in changes}
        wanted = [_change(each) for each in changes if each["action"] != "uninstalled"]
    except (ValueError, KeyError, TypeError) as error:
        raise _unread(str(error)) from None
    if unknown := actions - {"installed", "uninstalled", "reinstalled"}:
        raise _unread(f"it speaks of {', '.join(sorted(map(str, unknown)))}")
    return wanted


def _change(said: dict[str, str]) -> str:
    """Return `name==version`; of a folder uv says the name alone."""
    return f"{said['name']}=={said['version']}" if "version" in said else said["name"]


def _unread(reason: str) -> InstallerError:
    return InstallerError("uv's answer could not be read", reason=reason, exit_code=70)
