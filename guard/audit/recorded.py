"""RECORD compared with what lies there: which files of a release are not what was installed.

Nothing outside the environment is read, wherever a line of RECORD leads.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from guard.artifact.record import ALGORITHMS, UNLISTED, Record, Row
from guard.audit.distribution import Distribution
from guard.audit.files import digest, words
from guard.model import Absent, Altered, Fact, Unknown
from guard.sources.installed import Folders

_UNHASHED: Final = UNLISTED | {"RECORD"}
_BYTECODE: Final = ".pyc"


def altered(distribution: Distribution, folders: Folders) -> Fact[tuple[Altered, ...]]:
    """Return the files that are not as RECORD lists them, those that are not there last."""
    found = distribution.record
    if isinstance(found, Absent | Unknown):
        return found
    several = list(_altered(distribution, found, folders))
    return tuple(sorted(several, key=lambda each: each.missing))


def places(distribution: Distribution) -> Iterator[tuple[str, Path]]:
    """Yield the path of each file as RECORD writes it, and where that is."""
    found = distribution.record
    if not isinstance(found, Absent | Unknown):
        home = distribution.info.parent
        for path in found.rows:
            yield path, Path(os.path.normpath(home / path))


def _altered(distribution: Distribution, found: Record, folders: Folders) -> Iterator[Altered]:
    if distribution.contradiction:
        yield Altered(path=distribution.info.name, what=distribution.contradiction)
    for path, why in found.problems:
        if path is None or why == "listed twice":
            yield Altered(path=path or f"{distribution.info.name}/RECORD", what=why)
    roots = (*folders.site, folders.scripts, folders.data)
    for path, place in places(distribution):
        if not any(place.is_relative_to(root) for root in roots):
            yield Altered(path=path, what="listed outside of the environment; not looked at")
        elif what := _difference(path, place, found.rows[path], distribution.info):
            yield what


def _difference(path: str, place: Path, row: Row, info: Path) -> Altered | None:
    if not row.algorithm and (path.endswith(_BYTECODE) or _is_unhashed(place, info)):
        return None
    if row.algorithm not in ALGORITHMS or not row.digest:
        what = "listed without a sha256 or stronger, so nothing can be compared"
        return Altered(path=path, what=what)
    try:
        size, found = digest(place, row.algorithm)
    except (FileNotFoundError, NotADirectoryError):
        return Altered(path=path, what="listed in RECORD, but not there", missing=True)
    except OSError as error:
        return Altered(path=path, what=f"it could not be read: {words(error)}")
    what = ""
    if found != row.digest:
        what = f"its {row.algorithm} is {found.hex()}, not RECORD's"
    elif row.size not in {None, size}:
        what = f"it has {size} bytes, RECORD says {row.size}"
    return Altered(path=path, what=what) if what else None


def _is_unhashed(place: Path, info: Path) -> bool:
    """Tell whether it is RECORD itself, or a signature made of it."""
    return place.parent == info and place.name in _UNHASHED
