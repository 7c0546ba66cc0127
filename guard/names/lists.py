"""The names that are known, read once from what the wheel of this project carries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType


@cache
def projects() -> Mapping[str, int]:
    """Return the most downloaded projects with their rank; the first one has rank 1."""
    return MappingProxyType({name: rank for rank, name in enumerate(_lines("projects.txt"), 1)})


@cache
def brands() -> Mapping[str, str | None]:
    """Return names that are imitated, with the project that is meant, where one is known."""
    words = (line.split() for line in _lines("brands.txt"))
    return MappingProxyType({name: project[0] if project else None for name, *project in words})


def _lines(file: str) -> Iterator[str]:
    text = (resources.files(__package__) / file).read_text(encoding="utf-8")
    return (line for line in text.splitlines() if line and not line.startswith("#"))
