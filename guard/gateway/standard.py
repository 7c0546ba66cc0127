"""What the standards say of a project: its requirements, by PEP 621, PEP 735 and PEP 518."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from packaging.requirements import InvalidRequirement, Requirement

from guard.errors import UnsupportedError
from guard.gateway.documents import strings, table

_ROOT: Final = "${PROJECT_ROOT}"
"""How pdm writes the folder of the project."""


def requirements(document: Mapping[str, Any], folder: Path) -> Iterator[Requirement]:
    """Yield what the project in `folder` requires, but the user's own folders.

    Raises `UnsupportedError` for what is on no index.
    """
    for entries in _groups(document):
        yield from parsed(entries, folder)


def folders(document: Mapping[str, Any], folder: Path) -> Iterator[Path]:
    """Yield the user's own folders that the project in `folder` requires by their URLs."""
    for entries in _groups(document):
        for entry in strings(entries):
            with contextlib.suppress(InvalidRequirement):
                if (found := _own(Requirement(entry).url or "", folder)) is not None:
                    yield found


def _groups(document: Mapping[str, Any]) -> Iterator[object]:
    project = table(document.get("project"))
    yield project.get("dependencies")
    yield from table(project.get("optional-dependencies")).values()
    yield from table(document.get("dependency-groups")).values()


def _own(url: str, folder: Path) -> Path | None:
    """Return the folder at a `file:` URL; `None` for anything else."""
    if not url.startswith("file:"):
        return None
    path = unquote(url.removeprefix("file:").replace(f"///{_ROOT}", str(folder)))
    found = Path(path.removeprefix("//"))
    return found if found.is_dir() else None


def check_build(document: Mapping[str, Any], folder: Path) -> None:
    """Raise `UnsupportedError` where the project is built with what is on no index."""
    list(parsed(table(document.get("build-system")).get("requires"), folder))


def parsed(entries: object, folder: Path) -> Iterator[Requirement]:
    """Yield the requirements of an array. What is none is left to the tool to complain of."""
    for entry in strings(entries):
        try:
            requirement = Requirement(entry)
        except InvalidRequirement:
            continue
        if requirement.url is None:
            yield requirement
        elif _own(requirement.url, folder) is None:
            raise unjudged(f"`{requirement.name}`, asked for by URL or path,", folder)


def unjudged(what: str, folder: Path) -> UnsupportedError:
    """Return the refusal of something that the files in `folder` name."""
    return UnsupportedError(
        f"{what} is on no index, so it cannot be judged",
        reason=f"`{folder}` names it",
        hint="use a release from an index, or a folder of your own",
    )
