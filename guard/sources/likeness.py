"""Which files of different releases can be compared with one another."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

_TOGETHER: Final = timedelta(days=7)
"""From the first file of a release to the last that still came with it."""

_PLATFORM: Final = re.compile(r"(?:many|musl)?(linux|macosx)[_0-9]*_(?=[a-z])")
"""What platform tags say of libraries and versions: a project raises them and stays the same."""


def together(began: datetime | None, uploaded: datetime | None) -> bool:
    """Tell whether a file came with its release; where an index gives no times, all of them did.

    What was added to an old release later proves nothing about it: a stolen token can do that.
    """
    return began is None or uploaded is None or uploaded - began <= _TOGETHER


def tail(filename: str) -> str:
    """Return what two files of different releases have in common: the tags, or the extension."""
    if filename.endswith(".whl"):
        return "-".join(filename.rsplit("-", 3)[1:])
    return extension(filename)


def extension(filename: str) -> str:
    """Return what follows the last point, with it."""
    return filename[filename.rfind(".") :]


def likeness(filename: str, other: str) -> int:
    """Return how much two wheels are meant for the same targets, from 0 to 4.

    Platforms count as the same whatever version of them the tags ask for.
    """
    ours, theirs = _parts(filename), _parts(other)
    return (tail(filename) == tail(other)) + sum(
        not one.isdisjoint(two) for one, two in zip(ours, theirs, strict=False)
    )


def _parts(filename: str) -> list[set[str]]:
    """PEP-425: the interpreters, the ABIs and the platforms."""
    return [
        {_PLATFORM.sub(r"\1_", tag) for tag in part.split(".")}
        for part in tail(filename).removesuffix(".whl").split("-")
    ]
