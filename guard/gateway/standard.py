"""What the standards say of a project: its requirements, by PEP 621, PEP 735 and PEP 518."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

from guard.errors import UnsupportedError
from guard.gateway.documents import strings, table

Local = Callable[[Requirement], bool]
"""Tells of a requirement by URL whether that is a folder of the user's own."""


def requirements(
    document: Mapping[str, Any], folder: Path, *, local: Local = lambda _: False
) -> Iterator[Requirement]:
    """Yield what the project in `folder` requires, but its own folders.

    Raises `UnsupportedError` for what is on no index.
    """
    project = table(document.get("project"))
    yield from parsed(project.get("dependencies"), folder, local=local)
    optional = table(project.get("optional-dependencies"))
    for group in (*optional.values(), *table(document.get("dependency-groups")).values()):
        yield from parsed(group, folder, local=local)


def check_build(document: Mapping[str, Any], folder: Path) -> None:
    """Raise `UnsupportedError` where the project is built with what is on no index."""
    list(parsed(table(document.get("build-system")).get("requires"), folder))


def parsed(
    entries: object, folder: Path, *, local: Local = lambda _: False
) -> Iterator[Requirement]:
    """Yield the requirements of an array. What is none is left to the tool to complain of."""
    for entry in strings(entries):
        try:
            requirement = Requirement(entry)
        except InvalidRequirement:
            continue
        if requirement.url is None:
            yield requirement
        elif not local(requirement):
            raise unjudged(f"`{requirement.name}`, asked for by URL or path,", folder)


def unjudged(what: str, folder: Path) -> UnsupportedError:
    """Return the refusal of something that the files in `folder` name."""
    return UnsupportedError(
        f"{what} is on no index, so it cannot be judged",
        reason=f"`{folder}` names it",
        hint="use a release from an index, or a folder of your own",
    )
