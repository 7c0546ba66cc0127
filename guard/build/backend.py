"""What a source says of how it is built: `[build-system]` of its pyproject.toml (PEP 517, 518)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from packaging.requirements import InvalidRequirement, Requirement

from guard.errors import BuildError

_LIMIT: Final = 10_000_000
_MOST: Final = 500
"""Requirements of one build; the most known are about twenty."""

_LEGACY: Final = "setuptools.build_meta:__legacy__"
_DEFAULT: Final = ("setuptools >= 40.8.0",)
"""PEP-517: what is meant where there is no `[build-system]`; `wheel` is needed no more."""

_OBJECT: Final = re.compile(r"\w+(?:\.\w+)*(?::\w+(?:\.\w+)*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """A build backend: where its object is, and what must be installed to call it."""

    name: str = _LEGACY
    """PEP-517: `module.path:object.path`."""

    path: tuple[str, ...] = ()
    """Folders within the source to import it from."""

    requires: tuple[str, ...] = _DEFAULT


def backend_of(folder: Path, title: str) -> Backend:
    """Return the backend of the source in `folder`. Raises `BuildError`, which names `title`."""
    path = folder / "pyproject.toml"
    if not path.is_file():
        return Backend()
    try:
        with path.open("rb") as stream:
            body = stream.read(_LIMIT + 1)
        document: Mapping[str, Any] = tomllib.loads(body.decode("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise unbuildable(title, f"its pyproject.toml cannot be read: {error}") from None
    if len(body) > _LIMIT:
        raise unbuildable(title, f"its pyproject.toml is larger than {_LIMIT} bytes")
    if "build-system" not in document:
        return Backend()
    return _read(document["build-system"], title)


def _read(table: object, title: str) -> Backend:
    if not isinstance(table, dict) or "requires" not in table:
        raise unbuildable(title, "its [build-system] has no `requires` (PEP 518)")
    name, path = table.get("build-backend"), table.get("backend-path", [])
    if name is not None and not (isinstance(name, str) and _OBJECT.fullmatch(name)):
        raise unbuildable(title, "its build-backend is no object of a module (PEP 517)")
    inside = isinstance(path, list) and all(map(_is_inside, path))
    if not inside or (path and name is None):
        raise unbuildable(title, "its backend-path leads out of the source (PEP 517)")
    requires = requirements(table["requires"], title, "its [build-system]")
    return Backend(name=name or _LEGACY, path=tuple(path), requires=requires)


def requirements(given: object, title: str, who: str) -> tuple[str, ...]:
    """Return a list of requirements that `who` gave, each in its normal form.

    Raises `BuildError`. A requirement by URL is one as well: it is the rules that deny it.
    """
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise unbuildable(title, f"{who} requires what is no list of texts")
    if len(given) > _MOST:
        raise unbuildable(title, f"{who} requires {len(given)} projects, more than {_MOST}")
    try:
        return tuple(dict.fromkeys(str(Requirement(text)) for text in given))
    except (InvalidRequirement, RecursionError) as error:
        raise unbuildable(title, f"{who} requires what is no requirement: {error}") from None


def _is_inside(folder: object) -> bool:
    if not isinstance(folder, str):
        return False
    path = PurePosixPath(folder)
    return not path.is_absolute() and ".." not in path.parts and "\\" not in folder


def unbuildable(title: str, reason: str) -> BuildError:
    """Return the error that the source `title` is none that could be built."""
    return BuildError(f"{title} cannot be built", reason=reason, exit_code=1)
