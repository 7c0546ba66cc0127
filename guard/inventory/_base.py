"""What every reader comes to."""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from packaging.utils import NormalizedName
from packaging.version import Version

from guard.errors import UsageError
from guard.model import File
from guard.publisher import IdentityPattern

MOST: Final = 100_000
"""Entries of one document; the largest known have a twentieth of that."""

_SHOWN: Final = 120


class Format(enum.StrEnum):
    """The kinds of document that can be read."""

    PYLOCK = "pylock.toml"
    UV = "uv.lock"
    POETRY = "poetry.lock"
    PDM = "pdm.lock"
    REQUIREMENTS = "requirements.txt"
    CYCLONEDX = "CycloneDX"
    SPDX = "SPDX"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One release that a document names."""

    project: NormalizedName
    version: Version | None
    """`None` where the document leaves it open, or says something that is no version."""

    files: tuple[File, ...] = ()
    """Those that the document names, for any platform; `url` is empty where it says none."""

    hashes: frozenset[tuple[str, str]] = frozenset()
    """Digests that it accepts, where it does not say of which file."""

    index: str | None = None
    """The index that it names, in the form of `guard.model.index_url`."""

    direct_url: str | None = None
    """The URL, repository or path it comes from instead of an index; without credentials."""

    identities: tuple[IdentityPattern, ...] = ()
    """PEP-751: `attestation-identities`."""

    local: bool = False
    """The user's own project: a workspace member, editable, virtual, or what an SBOM is about."""

    line: int | None = None
    """Where its entry begins, counted from 1; `None` where that cannot be known."""

    path: Path | None = None
    """The file in which it stands, where that is one which the document includes."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something in a document that is no Python package, in a line."""

    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What one document names."""

    path: Path
    format: Format
    listed: tuple[Listed, ...]
    skipped: tuple[str, ...] = ()
    """What is in the document and is no Python package, one line each."""


def collected(
    path: Path, form: Format, found: Iterable[Listed | Skipped], *, most: int = MOST
) -> Inventory:
    """Return what was found, each release once. Raises `UsageError` on more than `most` of it."""
    alike: dict[object, list[Listed]] = defaultdict(list)
    skipped: list[str] = []
    for count, item in enumerate(found, 1):
        if count > most:
            raise UsageError(
                f"`{path}` has more than {most} entries", hint="split it, and audit each part"
            )
        if isinstance(item, Skipped):
            skipped.append(item.what)
        else:
            alike[_key(item)].append(item)
    listed = tuple(map(_joined, alike.values()))
    return Inventory(path=path, format=form, listed=listed, skipped=tuple(skipped))


def _key(item: Listed) -> object:
    """Return what tells one entry from another; one that accepts any bytes stays by itself."""
    return (
        (item.project, item.version and str(item.version), item.index, item.direct_url),
        (item.identities, item.local, item.path, bool(item.hashes)),
    )


def _joined(items: Sequence[Listed]) -> Listed:
    first = items[0]
    if len(items) == 1:
        return first
    files = {_file_key(file): file for item in items for file in item.files}
    hashes = frozenset(digest for item in items for digest in item.hashes)
    return replace(first, files=tuple(files.values()), hashes=hashes)


def _file_key(file: File) -> object:
    return (file.filename, file.url, file.size, *sorted(file.hashes.items()))


def shown(text: object) -> str:
    """Return what a document says so that it can stand in one line of a message."""
    words = str(text)
    return repr(words if len(words) <= _SHOWN else f"{words[:_SHOWN]}…")[1:-1]
