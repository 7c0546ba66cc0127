"""Which part needs which: the requirements of all of them, evaluated for one environment.

Essential reading: PEP 508 (markers, extras). A requirement counts if its marker holds without an
extra, or with one that somebody asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias, cast

from packaging.markers import Environment, UndefinedEnvironmentName
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

_MOST: Final = 100_000
"""Markers that are evaluated for one part; the largest honest project needs half of that."""

Node: TypeAlias = tuple[NormalizedName, tuple[str, ...] | None]
"""A name and its requirements; `None` where they are not known."""

Wanted: TypeAlias = Mapping[NormalizedName, frozenset[str]]
"""Names, each with the extras that are asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """Who needs whom, by position."""

    roots: tuple[int, ...]
    edges: tuple[tuple[int, ...] | None, ...]
    """For each node those that it needs; `None` where its requirements are not known."""

    incomplete: frozenset[int]
    """Nodes that need something which is not among them, or which nobody could evaluate."""


def graph(nodes: Sequence[Node], environment: Environment, wanted: Wanted | None) -> Graph:
    """Return who needs whom; without `wanted`, the roots are what nobody else needs."""
    found = _Evaluation(nodes, environment)
    found.ask(wanted or {})
    edges = tuple(found.edges(position) for position in range(len(nodes)))
    if wanted is None:
        roots = tuple(_roots(edges))
    else:
        roots = tuple(n for n, (name, _) in enumerate(nodes) if name in wanted)
    return Graph(roots=roots, edges=edges, incomplete=frozenset(found.incomplete))


@dataclass(slots=True)
class _Evaluated:
    """What was found out about one node: which of its requirements hold, and with which extras."""

    extras: set[str] = field(default_factory=set)
    needs: set[NormalizedName] = field(default_factory=set)
    evaluations: int = 0


class _Evaluation:
    """Follows the extras until nobody asks for another one."""

    def __init__(self, nodes: Sequence[Node], environment: Environment) -> None:
        self._nodes = nodes
        self._environment = environment
        self._places: dict[NormalizedName, list[int]] = {}
        for position, (name, _) in enumerate(nodes):
            self._places.setdefault(name, []).append(position)
        self._evaluated = [_Evaluated() for _ in nodes]
        self._requirements: dict[int, list[Requirement]] = {}
        self.incomplete: set[int] = set()

    def ask(self, wanted: Wanted) -> None:
        """Evaluate every node without an extra, and with each one that turns out to be wanted."""
        waiting = [(position, "") for position in range(len(self._nodes))]
        waiting += [
            (position, extra)
            for name, extras in wanted.items()
            for position in self._places.get(name, ())
            for extra in map(canonicalize_name, extras)
        ]
        while waiting:
            position, extra = waiting.pop()
            known = self._evaluated[position]
            if extra not in known.extras:
                known.extras.add(extra)
                waiting += self._with(position, extra)

    def edges(self, position: int) -> tuple[int, ...] | None:
        """Return the nodes that one needs, without itself."""
        if self._nodes[position][1] is None:
            return None
        needs = self._evaluated[position].needs
        if any(name not in self._places for name in needs):
            self.incomplete.add(position)
        places = {place for name in needs for place in self._places.get(name, ())}
        return tuple(sorted(places - {position}))

    def _with(self, position: int, extra: str) -> Iterator[tuple[int, str]]:
        """Add what a node needs with an extra, and yield the extras that it asks for in turn."""
        known = self._evaluated[position]
        for requirement in self._parsed(position):
            known.evaluations += requirement.marker is not None
            if known.evaluations > _MOST:
                self.incomplete.add(position)
                return
            if not self._holds(requirement, extra, position):
                continue
            name = canonicalize_name(requirement.name)
            known.needs.add(name)
            for place in self._places.get(name, ()):
                for other in requirement.extras:
                    yield place, canonicalize_name(other)

    def _holds(self, requirement: Requirement, extra: str, position: int) -> bool:
        if requirement.marker is None:
            return True
        values = cast("dict[str, str]", {**self._environment, "extra": extra})
        try:
            return requirement.marker.evaluate(values)
        except (ValueError, UndefinedEnvironmentName):  # a comparison that has no answer
            self.incomplete.add(position)
            return False

    def _parsed(self, position: int) -> list[Requirement]:
        """Return the requirements of a node; the reader has bounded and parsed them before."""
        if position not in self._requirements:
            parsed = self._requirements[position] = []
            for text in self._nodes[position][1] or ():
                try:
                    parsed.append(Requirement(text))
                except ValueError:
                    self.incomplete.add(position)
        return self._requirements[position]


def _roots(edges: Sequence[tuple[int, ...] | None]) -> Iterator[int]:
    """Yield the nodes that no other needs, and one of each circle that nobody else leads to."""
    needed = {place for places in edges for place in places or ()}
    reached: set[int] = set()
    for candidates in ((n for n in range(len(edges)) if n not in needed), range(len(edges))):
        for position in candidates:
            if position not in reached:
                yield position
                _reach(edges, (position,), reached)


def _reach(
    edges: Sequence[tuple[int, ...] | None], start: Iterable[int], reached: set[int]
) -> None:
    waiting = list(start)
    while waiting:
        position = waiting.pop()
        if position not in reached:
            reached.add(position)
            waiting += edges[position] or ()
