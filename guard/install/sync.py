"""What has to change for an environment to be what a lock says, and the changing.

What is new is installed first, and only when that has succeeded is anything removed: `uv pip sync`
removes first, and where the installing then fails, the environment has lost both.
"""

from __future__ import annotations

import concurrent.futures
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from packaging.utils import NormalizedName
from packaging.version import InvalidVersion, Version

from guard.artifact.content import Content
from guard.errors import InstallerError, TargetError
from guard.install._base import Installer
from guard.install.integrity import difference
from guard.install.target import Description
from guard.model import Admitted
from guard.request import Request
from guard.sources.installed import Folders, Installed

_KEPT: Final = frozenset({"pip"})
_SEEDS: Final = frozenset({"setuptools", "wheel"})
_SEEDED: Final = Version("3.12")
"""Below this, `python -m venv` and its like put these two into every new environment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One project of the environment that is not as the lock says."""

    project: NormalizedName
    before: str | None
    """The version that is there; `None` where none is."""

    after: str | None
    """The version that will be there; `None` where it is removed."""

    reason: str | None = None
    """Why the same version is installed again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """All that has to change."""

    changes: tuple[Change, ...] = ()
    install: tuple[Admitted, ...] = ()
    """What is new, or takes the place of what is there."""

    @property
    def remove(self) -> tuple[NormalizedName, ...]:
        """The projects that are not in the lock."""
        return tuple(change.project for change in self.changes if change.after is None)

    @property
    def summary(self) -> str:
        """How much changes, as a person would say it."""
        install = sum(change.before is None for change in self.changes)
        remove = len(self.remove)
        counts = {
            "installed": install,
            "replaced": len(self.changes) - install - remove,
            "removed": remove,
        }
        return ", ".join(f"{count} {what}" for what, count in counts.items() if count)


def changes(
    admitted: Sequence[Admitted],
    description: Description,
    *,
    reinstall: bool,
    pool: concurrent.futures.Executor,
) -> Changes:
    """Return what has to change for the environment to hold `admitted`, and nothing else.

    Raises `TargetError` for the guard's own environment, and where what is there cannot be read.
    """
    folders = folders_of(description)
    installed = Installed(folders)
    wanted = {one.verdict.candidate.file.project for one in admitted}
    different = pool.map(
        lambda one: _difference(one, description, installed, reinstall=reinstall), admitted
    )
    found = [(one, change) for one, change in zip(admitted, different, strict=True) if change]
    strange = description.installed.keys() - wanted - _kept(description)
    leaving = [
        Change(project=name, before=description.installed[name], after=None)
        for name in sorted(strange)
    ]
    coming = sorted((change for _, change in found), key=lambda change: change.project)
    return Changes(changes=(*coming, *leaving), install=tuple(one for one, _ in found))


def apply(changes: Changes, installer: Installer, request: Request) -> None:
    """Install, then remove, then look whether that is so. Raises `InstallerError`."""
    if changes.install:
        # Each of them takes the place of whatever is there of the same name.
        installer.apply(changes.install, replace(request, reinstall=True), quiet=True)
    if changes.remove:
        installer.remove(changes.remove, quiet=True)
    installed = Installed(folders_of(installer.description()))
    wrong = [c.project for c in changes.changes if not _is_there(installed, c)]
    if wrong:
        raise InstallerError(
            f"{installer.name} ended well, but the environment is not what the lock says",
            reason=f"as before: {', '.join(wrong)}",
            hint="what is outside of the environment itself cannot be changed: "
            "create it without `--system-site-packages`",
            exit_code=70,
        )


def folders_of(description: Description) -> Folders:
    """Return where everything is. Raises `TargetError` for what must not be synced."""
    if Path(description.prefix).resolve() == Path(sys.prefix).resolve():
        raise TargetError(
            "the guard's own environment is not for syncing",
            reason="it would take away what the guard itself needs while it runs",
            hint="name the environment of the project with `--python`, or install the guard "
            "in one of its own",
        )
    if description.folders is None:
        raise TargetError("there is no environment to sync", hint="name one with `--python`")
    return description.folders


def _kept(description: Description) -> frozenset[str]:
    """Return what is left alone although no lock names it: whoever made the environment put it."""
    seeded = Version(description.environment["python_version"]) < _SEEDED
    return _KEPT | _SEEDS if seeded else _KEPT


def _difference(
    admitted: Admitted, description: Description, installed: Installed, *, reinstall: bool
) -> Change | None:
    """Return how what is installed of a project is not the admitted file."""
    file, content = admitted.verdict.candidate.file, admitted.verdict.candidate.content
    before = description.installed.get(file.project)
    change = Change(project=file.project, before=before, after=str(file.version))
    if before is None or not _same(before, file.version):
        return change
    if reinstall:
        return replace(change, reason="--reinstall")
    found = installed.of(file.project)
    if len(found) != 1:
        return replace(change, reason=f"installed {len(found)} times")
    if not isinstance(content, Content):
        return replace(change, reason="its file could not be opened")
    reason = difference(found[0], admitted.path, content)
    return replace(change, reason=reason) if reason else None


def _same(installed: str, version: Version | None) -> bool:
    try:
        return Version(installed) == version
    except InvalidVersion:
        return False


def _is_there(installed: Installed, change: Change) -> bool:
    """Tell whether a change has come about."""
    found = installed.of(change.project)
    if change.after is None:
        return not found
    return len(found) == 1 and _same(found[0].version or "", Version(change.after))


def described(change: Change) -> Mapping[str, str | None]:
    """Return a change as reports for programs have it."""
    return {
        "name": str(change.project),
        "before": change.before,
        "after": change.after,
        "reason": change.reason,
    }
