"""What is covered here and what is not, as far as it can be seen from outside a shell."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from guard.errors import GuardError
from guard.shell import adopt, shims, startup
from guard.shell.functions import Shell
from guard.wrappers.names import TOOLS
from guard.wrappers.tools import candidates, find, is_shim

SCHEMA: Final = 1

HOW_TO_CHECK: Final[Mapping[Shell, str]] = {
    Shell.BASH: "type pip",
    Shell.ZSH: "whence -w pip",
    Shell.FISH: "type pip",
    Shell.POWERSHELL: "Get-Command pip",
}
"""What to type to see whether the functions are defined: a function is what must be named first."""

NOT_COVERED: Final = (
    "`python -m pip` in scripts, Makefiles and notebooks: `guard shell adopt ENV`",
    "an active environment's own `pip` there: `guard shell adopt ENV`",
    "programs named by their path, such as `.venv/bin/pip`: `guard shell adopt ENV`",
    "`pip-compile`, which resolves by itself: `guard uv pip compile`",
    "what runs with another PATH: sudo, cron, services, an editor started from the desktop",
    "code that installs by itself: `import pip`, ensurepip, conda, plugins of a build tool",
)
"""What no shim and no function sees, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A startup file of a shell and the state of the block in it."""

    shell: str
    path: str
    block: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What a name comes to on the PATH that scripts inherit."""

    name: str
    first: str | None
    """The program that PATH comes to first, if there is one."""

    covered: bool
    """Whether that is one of our shims; a name that nothing has is no way past."""

    real: str | None
    """The real tool, which the guard would find past the shims."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """All of it."""

    shims: str
    faults: tuple[str, ...]
    on_path: str
    """`first`, `later` or `absent`."""

    files: tuple[File, ...]
    tools: tuple[Resolved, ...]
    environment: str | None
    """The environment that is active, or `.venv` here."""

    adopted: bool | None
    """Whether its own pip goes through the guard; `None` where it has no pip."""

    @property
    def covered(self) -> bool:
        """Whether every tool that a script would find is a shim that works."""
        return not self.faults and all(tool.covered for tool in self.tools)

    def document(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        own = asdict(self) | {"not_covered": NOT_COVERED}
        return {"schema": SCHEMA, "covered": self.covered, **own}


def status(folder: Path, path: str, here: Path, active: str | None) -> Status:
    """Return what is covered for a script that is started `here` with this PATH."""
    environment = _environment(here, active)
    return Status(
        shims=str(folder),
        faults=tuple(shims.faults(folder)),
        on_path=_on_path(folder, path),
        files=tuple(_files(folder)),
        tools=tuple(_resolved(name, path) for name in TOOLS),
        environment=str(environment) if environment else None,
        adopted=adopt.is_adopted(environment) if environment else None,
    )


def _files(folder: Path) -> Iterator[File]:
    for shell in Shell:
        for place in dict.fromkeys((*startup.files(shell), *startup.with_block(shell))):
            state = startup.state(shell, place, folder)
            yield File(shell=str(shell), path=str(place), block=state)


def _on_path(folder: Path, path: str) -> str:
    entries = path.split(os.pathsep)
    if entries[0] == str(folder):
        return "first"
    return "later" if str(folder) in entries else "absent"


def _resolved(name: str, path: str) -> Resolved:
    first = next(candidates(name, path), None)
    try:
        real = str(find(name, path=path).path)
    except GuardError:
        real = None
    return Resolved(
        name=name,
        first=None if first is None else str(first),
        covered=first is None or is_shim(first),
        real=real,
    )


def _environment(here: Path, active: str | None) -> Path | None:
    if active:
        return Path(active)
    beside = here / ".venv"
    return beside if (beside / "pyvenv.cfg").is_file() else None
