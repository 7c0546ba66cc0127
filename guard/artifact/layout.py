"""Where the files of a wheel would land, whatever part of the archive brings them there."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from guard.artifact.place import SITE, Place, Scheme

_SCHEMES: Final = {scheme.value: scheme for scheme in Scheme}
_MODULE: Final = re.compile(r"([^/.]+)(?:\.[^/]*)?\.(?:py|pyc|so|pyd)")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything goes, and what goes nowhere or where something else goes too."""

    places: Mapping[str, Place]
    """By name of the member."""

    homeless: tuple[str, ...]
    """Members of a `.data` folder that name no scheme: pip stops there, half installed."""

    collisions: tuple[tuple[str, str], ...]
    """Members that would be one file, or a file and its folder: installers differ in the result."""


def lay_out(names: Sequence[str], data: str, *, pure: bool) -> Layout:
    """Return where the files `names` would land; `data` is the wheel's own `.data` folder."""
    root = Scheme.PURELIB if pure else Scheme.PLATLIB
    places: dict[str, Place] = {}
    homeless: list[str] = []
    for name in names:
        folder, _, rest = name.partition("/")
        if folder != data:
            places[name] = Place(root, name)
            continue
        key, _, path = rest.partition("/")
        if key in _SCHEMES and path:
            places[name] = Place(_SCHEMES[key], path)
        else:
            homeless.append(name)
    return Layout(places, tuple(homeless), tuple(_collisions(places)))


def top_levels(places: Iterable[Place]) -> tuple[str, ...]:
    """Return the names that could be imported: folders and modules at the root of a site folder."""
    found = set()
    for place in places:
        if place.scheme not in SITE:
            continue
        first, slash, _ = place.path.partition("/")
        if slash:
            if not first.endswith(".dist-info"):
                found.add(first)
        elif module := _MODULE.fullmatch(first):
            found.add(module[1])
    return tuple(sorted(found))


def _collisions(places: Mapping[str, Place]) -> Iterator[tuple[str, str]]:
    """Yield the pairs of members that meet only where they land.

    In a virtual environment purelib and platlib are one folder, and the data scheme has a way into
    it. Names that meet in the archive already are the archive's own defect.
    """
    if all(name == place.path for name, place in places.items()):
        return
    files: dict[tuple[str, ...], str] = {}
    for name, place in places.items():
        first = files.setdefault(_spot(place), name)
        if first.casefold() != name.casefold():
            yield first, name
    for spot, name in files.items():
        for depth in range(2, len(spot)):
            if (file := files.get(spot[:depth])) is not None:
                yield file, name


def _spot(place: Place) -> tuple[str, ...]:
    """Return one key for all ways of writing the folder and the path that `place` means."""
    folder, path = place.scheme.value, place.path
    if place.in_site:
        folder, path = "site", place.site_path or path
    return (folder, *unicodedata.normalize("NFC", path).casefold().split("/"))
