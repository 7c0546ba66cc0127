"""What a pyproject.toml asks for: its dependencies, its extras (PEP 621), its groups (PEP 735)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from packaging.dependency_groups import DependencyGroupInclude, DependencyGroupResolver
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name

from guard.errors import UnsupportedError, UsageError
from guard.request import lines
from guard.request.wanted import Group

_NAME: Final = "pyproject.toml"
_DEEPEST: Final = 50
"""Groups within groups, and extras within extras; nobody nests them deeper who means well."""


class Project:
    """The tables of one pyproject.toml. Everything raises `UsageError`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._document: dict[str, Any] = tomllib.loads(lines.text_of(path))
        except (ValueError, RecursionError) as error:
            raise UsageError(f"`{path}` is not TOML", reason=str(error)) from None

    def dependencies(self, extras: Sequence[str], *, all_extras: bool) -> Iterator[str]:
        """Yield the requirements of the project, and those of its extras."""
        self._refuse_computed("dependencies")
        yield from _texts(
            self._project.get("dependencies", []), self._named("project.dependencies")
        )
        if extras or all_extras:
            self._refuse_computed("optional-dependencies")
        wanted = list(self._extras) if all_extras else list(map(canonicalize_name, extras))
        for extra in wanted:
            yield from self._extra(extra, ())

    def group(self, name: str) -> Iterator[str]:
        """Yield the requirements of a dependency group, and of those that it includes."""
        done: set[NormalizedName] = set()
        yield from self._included(canonicalize_name(name), (), done)

    @cached_property
    def _project(self) -> Mapping[str, Any]:
        project = self._document.get("project")
        return project if isinstance(project, dict) else {}

    @cached_property
    def _extras(self) -> Mapping[NormalizedName, list[str]]:
        where = self._named("project.optional-dependencies")
        given = self._project.get("optional-dependencies", {})
        if not isinstance(given, dict):
            raise UsageError(f"{where} is no table")
        return {
            canonicalize_name(name): _texts(items, f"{where}.{name}")
            for name, items in given.items()
        }

    def _extra(self, extra: NormalizedName, above: tuple[NormalizedName, ...]) -> Iterator[str]:
        """Yield what an extra asks for; where it names the project itself, what is meant by that.

        An index may have a project of the same name, which is another one.
        """
        if extra not in self._extras:
            raise UsageError(
                f"`{self._path}` has no extra `{extra}`",
                hint=f"it has {', '.join(self._extras) or 'none'}",
            )
        if extra in above or len(above) > _DEEPEST:
            return
        for text in self._extras[extra]:
            own = self._itself(text)
            if own is None:
                yield text
                continue
            for inner in sorted(own.extras):
                for found in self._extra(canonicalize_name(inner), (*above, extra)):
                    yield _only_if(found, own)

    def _itself(self, text: str) -> Requirement | None:
        """Return the requirement if it is one of the project itself."""
        try:
            requirement = Requirement(text)
        except (InvalidRequirement, RecursionError):
            return None  # whoever reads it will say so
        name = self._project.get("name")
        same = isinstance(name, str) and canonicalize_name(name) == canonicalize_name(
            requirement.name
        )
        return requirement if same else None

    def _included(
        self, name: NormalizedName, above: tuple[NormalizedName, ...], done: set[NormalizedName]
    ) -> Iterator[str]:
        if name in above or len(above) > _DEEPEST:
            raise UsageError(f"{self._named('dependency-groups')}: `{name}` includes itself")
        if name in done:
            return
        done.add(name)
        for item in self._looked_up(name):
            if isinstance(item, DependencyGroupInclude):
                yield from self._included(
                    canonicalize_name(item.include_group), (*above, name), done
                )
            else:
                yield str(item)

    def _looked_up(self, name: NormalizedName) -> Sequence[Requirement | DependencyGroupInclude]:
        try:
            return self._groups.lookup(name)
        except ExceptionGroup as errors:
            reasons = "; ".join(str(error) for error in errors.exceptions[:3])
            raise UsageError(
                f"`{self._path}` has no dependency group `{name}` that can be read",
                reason=reasons.partition("\n")[0],
                hint=f"it has {', '.join(self._groups.dependency_groups) or 'none'}",
            ) from None
        except RecursionError:
            raise UsageError(f"`{self._path}`: the group `{name}` is nested too deep") from None

    @cached_property
    def _groups(self) -> DependencyGroupResolver:
        where = self._named("dependency-groups")
        given = self._document.get("dependency-groups", {})
        if not isinstance(given, dict):
            raise UsageError(f"{where} is no table")
        try:
            return DependencyGroupResolver(given)
        except ExceptionGroup as errors:
            raise UsageError(f"{where} cannot be read", reason=str(errors.exceptions[0])) from None

    def _refuse_computed(self, field: str) -> None:
        if field in _texts(self._project.get("dynamic", []), self._named("project.dynamic")):
            raise UnsupportedError(
                f"`{self._path}` computes its {field} when it is built",
                reason="building would run its backend before anything is judged",
                hint="lock its dependencies into a requirements file or a pylock.toml",
            )

    def _named(self, table: str) -> str:
        return f"`{self._path}`: {table}"


def groups(words: Sequence[str], files: Sequence[Path]) -> tuple[Group, ...]:
    """Return the dependency groups that the words after `--group` name: `dev` or `PATH:dev`.

    Without a path it is a group of the one pyproject.toml among `files`, else of the one here.
    """
    named = [path for path in files if path.name == _NAME]
    if len(named) > 1 and any(":" not in word for word in words):
        raise UsageError(
            "it is not clear which pyproject.toml has the group",
            hint=f"write `--group {named[0]}:NAME`",
        )
    own = named[0] if named else Path(_NAME)
    return tuple(_group(word, own) for word in words)


def _group(word: str, own: Path) -> Group:
    path, colon, name = word.rpartition(":")
    if colon and Path(path).name != _NAME:
        raise UsageError(
            f"`--group {word}`: `{path}` is no pyproject.toml",
            hint="write `--group NAME` or `--group PATH/pyproject.toml:NAME`",
        )
    return Group(Path(path) if colon else own, name)


def _texts(given: object, where: str) -> list[str]:
    if not isinstance(given, list) or not all(isinstance(item, str) for item in given):
        raise UsageError(f"{where} is no list of strings")
    for text in given:
        if not text.isprintable():
            raise UsageError(f"{where}: {text!r} is not a requirement")
    return given


def _only_if(text: str, outer: Requirement) -> str:
    """Return a requirement that holds only where the one that led to it does."""
    if outer.marker is None:
        return text
    try:
        inner = Requirement(text)
    except (InvalidRequirement, RecursionError):
        return text
    marker = outer.marker if inner.marker is None else f"({inner.marker}) and ({outer.marker})"
    inner.marker = None
    return f"{inner} ; {marker}"
