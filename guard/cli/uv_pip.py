"""`guard uv pip install` and `guard uv pip sync`: judged and done by the guard itself.

The environment is the one that uv would take, and what uv is told by its variables counts.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from guard import plan
from guard.cli.native import do
from guard.errors import UnsupportedError, UsageError
from guard.install import uv_configuration
from guard.install.pythons import is_relative
from guard.wrappers.coverage import Classified

_YES: Final = frozenset({"1", "true", "yes", "on", "y", "t"})
_BASES: Final = frozenset({"base", "root"})
"""What conda calls the environment that it is installed in: uv takes it for a system's."""

_TOLD: Final = {
    "UV_BREAK_SYSTEM_PACKAGES": "--break-system-packages",
    "UV_NO_CACHE": "--no-cache",
    "UV_OFFLINE": "--offline",
}
"""The variables of what the guard has an option for, besides which Python is meant."""


def run(found: Classified) -> int:
    """Judge, and install or make the environment exactly that."""
    _set_how(found)
    more = list(_told(found))
    if found.command == ("pip", "install"):
        return do(found, [*more, *_hashes(found)])
    files = [Path(word) for word in found.positionals]
    if not files:
        raise UsageError("`uv pip sync` needs a file", hint="name a requirements file or a lock")
    if any(map(plan.is_lock, files)):
        if len(files) > 1:
            raise UnsupportedError("a lock file is installed alone", hint="name it, and no other")
        return do(found, more)
    from guard.cli import sync_files  # noqa: PLC0415 - one of several ways

    return sync_files.run(found, files, more, hashes=bool(_hashes(found)))


def _set_how(found: Classified) -> None:
    """Hand on how files are put in place: the uv that installs reads it from its variables."""
    for mode in found.values("--link-mode"):
        os.environ["UV_LINK_MODE"] = mode
    for name, value in (("--compile-bytecode", "1"), ("--no-compile-bytecode", "0")):
        if found.has(name):
            os.environ["UV_COMPILE_BYTECODE"] = value


def _told(found: Classified) -> Iterator[str]:
    """Yield the options for what uv's variables and files say; the command line is stronger."""
    if not (found.has("--python") or found.has("--system")):
        yield from _which()
    for variable, option in _TOLD.items():
        if _is_set(variable):
            yield option


def _which() -> Iterator[str]:
    """Yield which Python uv is told, where that is another one than the guard looks for itself."""
    configured = [t["pip"] for t in _tables() if isinstance(t.get("pip"), dict)]
    named = [pip["python"] for pip in configured if isinstance(pip.get("python"), str)]
    if named and is_relative(named[0], Path.cwd()):
        raise UnsupportedError(
            f"uv is configured with `python = {named[0]}` for `uv pip`",
            reason="it is another program in every folder, and uv starts it",
            hint="name the Python: `guard uv pip … --python PYTHON`",
        )
    conda, default = os.environ.get("CONDA_PREFIX"), os.environ.get("CONDA_DEFAULT_ENV")
    if word := os.environ.get("UV_PYTHON") or next(iter(named), None):
        yield f"--python={word}"
    elif _is_set("UV_SYSTEM_PYTHON") or any(pip.get("system") is True for pip in configured[:1]):
        yield "--system"
    elif conda and default not in _BASES and not os.environ.get("VIRTUAL_ENV"):
        yield f"--python={conda}"


def _hashes(found: Classified) -> list[str]:
    wanted = found.has("--require-hashes") or _is_set("UV_REQUIRE_HASHES")
    return ["--require-hashes"] if wanted else []


def _tables() -> Iterator[dict[str, Any]]:
    return uv_configuration.tables(os.environ, folder=Path.cwd())


def _is_set(variable: str) -> bool:
    return os.environ.get(variable, "").lower() in _YES
