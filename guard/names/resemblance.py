"""Which well-known name another name could be mistaken for, and how."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import takewhile
from typing import Final

from packaging.utils import NormalizedName

from guard.names.affixes import EDITIONS, SERVICES, cores
from guard.names.confusables import skeleton
from guard.names.lists import brands, projects

REACH: Final = 2_500
"""The rank up to which a name is worth a typing error. Of the names that nobody mistakes, ranks
5,001 to 15,000, one in 67 has such a neighbour; with 5,000 it would be one in 40."""

_SKELETON: Final = 4
_EDITED: Final = 5
_CORE: Final = 4
"""The fewest letters of a name, or of the word in it that is changed: short ones are all alike."""


class Kind(enum.StrEnum):
    """How one name resembles another; the first that holds is the one."""

    SKELETON = "skeleton"
    """Other characters that look the same: `rnatplotlib`."""

    SEPARATORS = "separators"
    """The same but for hyphens: `pythondateutil`."""

    EDIT = "edit"
    """A letter more, a letter less, or another one: `request`."""

    TRANSPOSITION = "transposition"
    """Two letters in each other's place: `reqeusts`."""

    AFFIX = "affix"
    """The name with a word that adds nothing: `requests-lite`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resemblance:
    """A well-known name that a name could be mistaken for."""

    kind: Kind
    name: str
    rank: int | None
    """`None` for a brand that is no well-known project."""

    project: str | None
    """The project that whoever mistook the name is likely to want; `None` where none is known."""

    difference: str
    """What was changed in the well-known name, in words: `'u' added`."""


@dataclass(frozen=True, slots=True)
class _Known:
    skeletons: Mapping[str, str]
    close: tuple[str, ...]
    """What an edit may lead to, the most popular first."""


@cache
def _known() -> _Known:
    popular = tuple(projects())
    others = tuple(brand for brand in brands() if brand not in projects())
    seen = (name for name in reversed(popular + others) if len(name) >= _SKELETON)
    return _Known(
        skeletons={skeleton(name): name for name in seen},
        close=tuple(name for name in popular[:REACH] + others if len(name) >= _EDITED),
    )


@lru_cache(4096)  # a millisecond, for each file of a project
def nearest(name: NormalizedName) -> Resemblance | None:
    """Return what `name` could be mistaken for; `None` for what is itself known.

    Of several names the one that is most alike counts, and of these the most popular.
    """
    if name in projects() or name in brands():
        return None
    return _same_look(name) or _one_edit(name) or _same_core(name)


def _same_look(name: str) -> Resemblance | None:
    other = _known().skeletons.get(skeleton(name))
    if other is None:
        return None
    if other.replace("-", "") == name.replace("-", ""):
        return _resemblance(Kind.SEPARATORS, other, "only hyphens differ")
    return _resemblance(Kind.SKELETON, other, _difference(name, other))


def _one_edit(name: str) -> Resemblance | None:
    for other in _known().close:
        # One edit leaves at least two letters at one of the ends as they were.
        if name[:2] != other[:2] and name[-2:] != other[-2:]:
            continue
        kind = _edit(name, other)
        if kind and len(_changed_word(name, other)) >= _EDITED:
            return _resemblance(kind, other, _difference(name, other))
    return None


def _edit(name: str, other: str) -> Kind | None:
    """Return the kind of the one edit between two different names; `None` if it takes more.

    That is a distance of 1 by optimal string alignment (restricted Damerau-Levenshtein), with `cl`
    as one letter where the other name has a `d`: alike in some fonts, too often by chance to deny.
    """
    start = _common(name, other)
    ours, theirs = name[start:], other[start:]
    if ours[1:] == theirs[1:] or ours[1:] == theirs or ours == theirs[1:]:
        return Kind.EDIT
    if (ours[:2], theirs[:1]) == ("cl", "d") and ours[2:] == theirs[1:]:
        return Kind.EDIT
    if (ours[:1], theirs[:2]) == ("d", "cl") and ours[1:] == theirs[2:]:
        return Kind.EDIT
    swapped = ours[:2] == theirs[1::-1] and ours[2:] == theirs[2:]
    return Kind.TRANSPOSITION if swapped else None


def _same_core(name: str) -> Resemblance | None:
    found = {core for core in cores(name, EDITIONS) if len(core) >= _CORE and _in_reach(core)}
    found |= {core for core in cores(name, SERVICES) if core in brands()}
    if not found:
        return None
    other = max(found, key=lambda core: (len(core), core))
    added = [part for part in name.partition(other)[::2] if part]
    return _resemblance(Kind.AFFIX, other, f"{' and '.join(map(ascii, added))} added")


def _resemblance(kind: Kind, other: str, difference: str) -> Resemblance:
    rank = projects().get(other)
    project = other if rank else brands()[other]
    return Resemblance(kind=kind, name=other, rank=rank, project=project, difference=difference)


def _in_reach(name: str) -> bool:
    return name in brands() or projects().get(name, REACH + 1) <= REACH


def _difference(name: str, other: str) -> str:
    """Say what in `name` is not as in `other`, between what both begin and end with."""
    start = _common(name, other)
    end = _common(name[start:][::-1], other[start:][::-1])
    ours, theirs = name[start : len(name) - end], other[start : len(other) - end]
    if not ours:
        return f"{theirs!a} left out"
    return f"{ours!a} in place of {theirs!a}" if theirs else f"{ours!a} added"


def _changed_word(name: str, other: str) -> str:
    """Return the word of `other` that an edit has made into a part of `name`.

    Names of a family differ in one short word: `aws-cdk-aws-ec2` and `aws-cdk-aws-ecr`.
    """
    place = min(_common(name, other), len(other) - 1)
    return other[other.rfind("-", 0, place) + 1 :].partition("-")[0]


def _common(one: str, two: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, two, strict=False)))
