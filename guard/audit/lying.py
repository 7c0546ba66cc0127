"""What lies in an environment, is in nobody's RECORD, and has an effect there all the same."""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Final

from guard.artifact import startup
from guard.artifact.content import HookKind, StartupHook
from guard.artifact.known import VIRTUALENV
from guard.artifact.spot import COMMANDS, SITE
from guard.audit.distribution import Distribution
from guard.audit.files import digest, words
from guard.audit.hooks import hooks_of
from guard.audit.recorded import places
from guard.model import Fact, Unknown, Unowned
from guard.sources.installed import Folders, Held, Installed

_EXTENSIONS: Final = (".so", ".pyd", ".fwork")
_INIT: Final = "__init__"


def unowned(everything: Iterable[Distribution], folders: Folders) -> Fact[tuple[Unowned, ...]]:
    """Return what is nobody's and runs at a start, or in the place of what was installed."""
    owned = {place for distribution in everything for _, place in places(distribution)}
    try:
        found = [*_startup(owned, folders), *_modules(owned, folders), *_commands(owned, folders)]
    except OSError as error:
        return Unknown(f"`{error.filename}` could not be read: {words(error)}")
    return tuple(dict.fromkeys(found))


def _startup(owned: Collection[Path], folders: Folders) -> Iterator[Unowned]:
    for site in folders.site:
        for entry in _listed(site):
            package = startup.runs_at_start(f"{entry.name}/{_INIT}.py") and entry.is_dir()
            for path in _listed(entry) if package else [entry]:
                if path in owned or path.is_dir():
                    continue
                name = path.relative_to(site).as_posix()
                for hook in hooks_of(name, path, {}):
                    if hook.sha256 not in VIRTUALENV:
                        yield Unowned(path=SITE + name, what=_effect(hook), sha256=hook.sha256)


def _effect(hook: StartupHook) -> str:
    match hook.kind:
        case HookKind.MODULE:
            return "it is imported at every start of Python"
        case HookKind.PATH:
            return f"at every start of Python it adds the path {hook.text!r}"
        case HookKind.LINE | HookKind.START:
            return f"at every start of Python it runs {hook.text!r}"


def _modules(owned: Collection[Path], folders: Folders) -> Iterator[Unowned]:
    """Yield modules that an import finds before one of the same name that was installed.

    Of one folder, Python takes a package before a module, and an extension before a source.
    """
    by_folder: dict[Path, set[str]] = defaultdict(set)
    for place in owned:
        if place.suffix == ".py" and any(place.is_relative_to(site) for site in folders.site):
            by_folder[place.parent].add(place.stem)
    for folder, names in by_folder.items():
        for entry in _listed(folder):
            if entry.name.partition(".")[0] not in names:
                continue
            is_package = entry.name in names and entry.is_dir()
            for path in _initials(entry) if is_package else [entry]:
                wins = is_package or path.name.endswith(_EXTENSIONS)
                if wins and path not in owned:
                    yield _shadow(path, folders)


def _initials(package: Path) -> list[Path]:
    return [path for path in _listed(package) if path.name.partition(".")[0] == _INIT]


def _shadow(path: Path, folders: Folders) -> Unowned:
    site = next(site for site in folders.site if path.is_relative_to(site))
    return Unowned(
        path=SITE + path.relative_to(site).as_posix(),
        what="it is imported in the place of what was installed",
        sha256=digest(path, "sha256")[1].hex(),
    )


def _commands(owned: Collection[Path], folders: Folders) -> Iterator[Unowned]:
    """Yield commands that come before the system's own, once the environment is activated."""
    installed = Installed(folders)
    if any(folders.scripts.is_relative_to(place) for place in os.defpath.split(os.pathsep)):
        return  # these are the system's own
    for path in _listed(folders.scripts):
        if path in owned or installed.is_environments(Held(COMMANDS + path.name, path)):
            continue
        other = shutil.which(path.name, path=os.defpath)
        if other is not None and path.is_file():
            yield Unowned(
                path=COMMANDS + path.name,
                what=f"it takes the place of {other}",
                sha256=digest(path, "sha256")[1].hex(),
            )


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
