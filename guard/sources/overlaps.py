"""Whose files a plan would write over: those of the target, and those of each other.

Every wheel of the plan is compared with every other, and with all that is installed and stays. What
the plan replaces does not count: its new release is in the plan itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from guard.artifact.content import Content
from guard.artifact.defect import DefectKind
from guard.artifact.spot import fold, head, heads, keys, spots
from guard.model import Absent, Fact, File, Overlap, Unknown
from guard.sources.installed import Distribution, Folders, Held, Installed

if TYPE_CHECKING:
    from guard.artifact.listed import Listed

Keys: TypeAlias = tuple[str, ...]
"""What `guard.artifact.spot.keys` gives: the path, and the module if it would be one."""

_PACKAGE: Final = "/__init__.py"

_STUB: Final = 16 << 10
"""Bytes of an `__init__.py` that is looked at: a license in front is the most that a stub has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """A file of the plan, what is inside, and where in quarantine it is."""

    file: File
    content: Fact[Content]
    path: Path | None


def overlaps(plan: Sequence[Coming], folders: Folders | None) -> list[Fact[tuple[Overlap, ...]]]:
    """Return for each file of the plan what it would write over, in a target with `folders`.

    Without any, the files of the plan are compared with each other alone.
    """
    wheels = {
        index: _Wheel(coming.file, coming.content, coming.path)
        for index, coming in enumerate(plan)
        if isinstance(coming.content, Content) and coming.path is not None
    }
    comparison = _Comparison(list(wheels.values()), Installed(folders) if folders else None)
    try:
        found = {index: comparison.of(wheel) for index, wheel in wheels.items()}
    except OSError as error:
        place = f"`{error.filename}`" if error.filename else "a file"
        reason = Unknown(f"{place} could not be read: {error.strerror or error}")
        return [reason for _ in plan]
    return [found.get(i, _unopened(coming.content)) for i, coming in enumerate(plan)]


def _unopened(content: Fact[Content]) -> Absent | Unknown:
    return content if isinstance(content, Absent | Unknown) else Unknown("it is not at hand")


class _Wheel:
    """A wheel of the plan, with what can be asked of its file."""

    def __init__(self, file: File, content: Content, path: Path) -> None:
        self.file = file
        self.project = file.project
        self.heads = heads(content)
        self._content = content
        self._path = path
        # Only where RECORD is right does a hash in it say anything of the file.
        self._recorded = not content.of(DefectKind.RECORD_MISMATCH)

    def below(self, wanted: frozenset[str]) -> list[str]:
        """Return those of its spots that have one of the `wanted` heads."""
        if self.heads.isdisjoint(wanted):
            return []
        return [spot for spot in spots(self._content) if head(spot) in wanted]

    @cached_property
    def _listed(self) -> Listed:
        from guard.artifact.listed import Listed  # noqa: PLC0415 - few plans need it

        return Listed(self._path)

    def hash(self, key: str) -> str | None:
        """Return the hash of the file at `key`, where it can be relied on."""
        return self._listed.hash(key) if self._recorded else None

    def is_stub(self, key: str) -> bool:
        """Tell whether the file at `key` declares a namespace and does nothing else."""
        return _is_stub(self._listed.text(key, _STUB))


class _Comparison:
    """The wheels of one plan, compared with each other and with a target."""

    def __init__(self, wheels: Sequence[_Wheel], installed: Installed | None) -> None:
        self._installed = installed
        self._projects = frozenset(wheel.project for wheel in wheels)
        count = Counter(chain.from_iterable(wheel.heads for wheel in wheels))
        shared = frozenset(start for start, number in count.items() if number > 1)
        self._keys = {wheel: _by_spot(wheel.below(shared)) for wheel in wheels}
        self._coming: dict[str, dict[_Wheel, str]] = {}
        for wheel, by_spot in self._keys.items():
            for spot, found in by_spot.items():
                for key in found:
                    self._coming.setdefault(key, {}).setdefault(wheel, spot)

    def of(self, wheel: _Wheel) -> tuple[Overlap, ...]:
        """Return what `wheel` would write over. Raises `OSError`."""
        found = {(one.owner, one.path): one for one in self._in_plan(wheel)}
        for one in self._in_target(wheel):
            found.setdefault((one.owner, one.path), one)
        return tuple(found[key] for key in sorted(found))

    def _in_plan(self, wheel: _Wheel) -> Iterator[Overlap]:
        for spot, found in self._keys[wheel].items():
            for other, theirs in self._met(found):
                if other.project != wheel.project and not self._is_rightful(wheel, other, spot):
                    yield Overlap(
                        path=theirs,
                        owner=other.file.title,
                        project=other.project,
                        same=fold(theirs) == found[0] and _loses_nothing(wheel, other, found[0]),
                    )

    def _met(self, found: Keys) -> Iterable[tuple[_Wheel, str]]:
        """Return every wheel with one of the keys, and its spot: by path, else as a module."""
        if all(len(self._coming[key]) == 1 for key in found):
            return ()
        met: dict[_Wheel, str] = {}
        for key in found:
            met = self._coming[key] | met
        return met.items()

    def _is_rightful(self, wheel: _Wheel, other: _Wheel, spot: str) -> bool:
        """Tell whether it is plainly `other` that would write over a file of this wheel's.

        What is installed was first. Else both are objected to: no name tells which one belongs.
        """
        return self._had(wheel, spot) and not self._had(other, spot)

    def _had(self, wheel: _Wheel, spot: str) -> bool:
        """Tell whether what is installed of the same project has the file already."""
        if self._installed is None:
            return False
        return any(old.owns(fold(spot)) for old in self._installed.of(wheel.project))

    def _in_target(self, wheel: _Wheel) -> Iterator[Overlap]:
        if (installed := self._installed) is None:
            return
        for spot in wheel.below(frozenset(filter(installed.has, wheel.heads))):
            if self._had(wheel, spot):
                continue
            for held in installed.at(spot):
                if not self._had(wheel, held.spot):
                    yield from self._whose(wheel, fold(spot), held, installed)

    def _whose(
        self, wheel: _Wheel, key: str, held: Held, installed: Installed
    ) -> Iterator[Overlap]:
        theirs = fold(held.spot)
        owners = installed.owners(theirs)
        for owner in owners:
            if owner.project not in self._projects:
                yield Overlap(
                    path=held.spot,
                    owner=owner.title,
                    project=owner.project,
                    same=theirs == key and _is_kept(wheel, owner, held, key),
                )
        if not owners and installed.is_environments(held):
            yield Overlap(path=held.spot, owner="the environment")
        elif not owners and installed.is_library(held):
            yield Overlap(path=held.spot, owner="the standard library")


def _by_spot(spots: Iterable[str]) -> dict[str, Keys]:
    return {spot: keys(spot) for spot in spots}


def _loses_nothing(wheel: _Wheel, other: _Wheel, key: str) -> bool:
    mine = wheel.hash(key)
    if mine is not None and mine == other.hash(key):
        return True
    return key.endswith(_PACKAGE) and wheel.is_stub(key) and other.is_stub(key)


def _is_kept(wheel: _Wheel, owner: Distribution, held: Held, key: str) -> bool:
    """Tell whether what is written is what the RECORD of the file's owner promises there."""
    mine = wheel.hash(key)
    if mine is not None and mine == owner.hash(key):
        return True
    return key.endswith(_PACKAGE) and wheel.is_stub(key) and _is_stub(held.content(_STUB))


def _is_stub(content: bytes | None) -> bool:
    from guard.artifact.namespace import declares_namespace  # noqa: PLC0415 - few plans need it

    return content is not None and declares_namespace(content)
