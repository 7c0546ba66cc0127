"""Whether a lock is exactly what its requirements need: nothing is missing, nothing is besides.

Nothing is resolved: each locked release says itself what it requires. Constraints, overrides and
the like, which a resolver would have heeded, are not known here, so they can only be complained of.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from packaging.markers import Environment
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """One release of a lock, and what it requires, as its METADATA writes it."""

    version: Version | None
    requires_dist: tuple[str, ...]


def shortcomings(
    requirements: Iterable[Requirement],
    lock: Mapping[NormalizedName, Locked],
    environment: Environment,
) -> Iterator[str]:
    """Yield what is wrong with `lock`, for `requirements` in `environment`; nothing if it is right.

    PEP-751 gives a lock no way to say so itself, and whoever edits one could write it anyway.
    """
    walk = _Walk(lock, environment)
    for requirement in requirements:
        yield from walk.need(requirement, "the requirements want", "")
    while walk.waiting:
        name, extra = walk.waiting.pop()
        locked = lock[name]
        for inner in _read(locked.requires_dist):
            yield from walk.need(inner, f"{name} {locked.version or ''}".strip() + " wants", extra)
    for name in sorted(lock.keys() - {reached for reached, _ in walk.reached}):
        yield f"nothing wants {name} {lock[name].version or ''}".rstrip()


class _Walk:
    """What was reached of a lock, each project once for itself and once for each extra."""

    def __init__(self, lock: Mapping[NormalizedName, Locked], environment: Environment) -> None:
        self._lock = lock
        self._environment = environment
        self.reached: set[tuple[NormalizedName, str]] = set()
        self.waiting: list[tuple[NormalizedName, str]] = []

    def need(self, requirement: Requirement, whose: str, extra: str) -> Iterator[str]:
        """Go where `requirement` leads, for one extra of whoever has it; say why that fails."""
        if not self._holds(requirement, extra):
            return
        name = canonicalize_name(requirement.name)
        locked = self._lock.get(name)
        if locked is None:
            yield f"{whose} {requirement}, which is not locked"
            return
        within = requirement.specifier.contains
        if locked.version is None or not within(locked.version, prereleases=True):
            yield f"{whose} {requirement}, locked is {locked.version}"
        for each in ("", *map(canonicalize_name, requirement.extras)):
            if (name, each) not in self.reached:
                self.reached.add((name, each))
                self.waiting.append((name, each))

    def _holds(self, requirement: Requirement, extra: str) -> bool:
        if requirement.marker is None:
            return extra == ""
        environment = cast("dict[str, str]", {**self._environment, "extra": extra})
        try:
            # For an extra only what it adds: the rest was reached without it.
            return requirement.marker.evaluate(environment)
        except ValueError:  # an unknown variable, or a comparison that means nothing
            return True


def _read(requires_dist: Sequence[str]) -> Iterator[Requirement]:
    """Yield what can be read. What cannot leads nowhere, so what was meant is complained of."""
    for text in requires_dist:
        try:
            yield Requirement(text)
        except (InvalidRequirement, RecursionError):
            continue
