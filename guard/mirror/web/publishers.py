"""Who published what is served, as its receipts say, and what a release changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from packaging.metadata import RawMetadata, parse_email
from packaging.version import InvalidVersion, Version

from guard.admission import Standing
from guard.errors import MirrorError
from guard.mirror.mirror import Mirror
from guard.mirror.records import FileRecord, Key, State
from guard.model import FileKind

_LOOKED_AT: Final = 20
"""Releases of one project whose receipts are read for its history."""

_SHOWN: Final = ("repository", "workflow", "environment", "identity")


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """What the receipt of one file says of whoever published it."""

    names: tuple[str, ...] = ()
    """As verified: `acme/frob release.yml pypi`."""

    standing: str = Standing.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One release in the history of a project's publishers."""

    version: str
    publisher: Publisher
    changed: bool
    """The release before it was published by somebody else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What a file says otherwise than one of the release before it."""

    version: str
    """The release before."""

    added: tuple[str, ...] = ()
    """Requirements."""

    removed: tuple[str, ...] = ()
    python: tuple[str, str] | None = None
    """What it needed of Python, and what it needs now."""

    size: tuple[int, int] | None = None


def publisher(mirror: Mirror, record: FileRecord) -> Publisher:
    """Return who published a file that was admitted."""
    receipt = record.held.receipt if record.held else None
    said = _predicate(mirror, receipt) if receipt else {}
    claims = said.get("publishers")
    names = tuple(_name(each) for each in claims) if isinstance(claims, list) else ()
    standing = said.get("standing")
    return Publisher(
        names=names, standing=standing if isinstance(standing, str) else str(Standing.UNKNOWN)
    )


def history(mirror: Mirror, records: Iterable[FileRecord]) -> list[Published]:
    """Return who published the releases that are served, the newest first."""
    releases: dict[Version, FileRecord] = {}
    for record in records:
        version = version_of(record)
        if record.state is State.ADMITTED and record.held and version is not None:
            releases.setdefault(version, record)
    found: list[Published] = []
    before: Publisher | None = None
    for version in sorted(releases, reverse=True)[:_LOOKED_AT][::-1]:
        own = publisher(mirror, releases[version])
        changed = before is not None and before.names != own.names
        found.append(Published(version=str(version), publisher=own, changed=changed))
        before = own
    return found[::-1]


def difference(
    mirror: Mirror, record: FileRecord, others: Mapping[Key, FileRecord]
) -> Difference | None:
    """Return what a wheel says otherwise than one of the release before; `None` if not known."""
    before = _before(record, others.values())
    if before is None:
        return None
    new, old = _metadata(mirror, record), _metadata(mirror, before)
    if new is None or old is None:
        return None
    needs, needed = _requires(new), _requires(old)
    python = (old.get("requires_python", "any"), new.get("requires_python", "any"))
    sizes = (before.held.size, record.held.size) if before.held and record.held else None
    return Difference(
        version=before.listed.version,
        added=tuple(each for each in needs if each not in needed),
        removed=tuple(each for each in needed if each not in needs),
        python=python if python[0] != python[1] else None,
        size=sizes,
    )


def version_of(record: FileRecord) -> Version | None:
    """Return the version of a file, if it is one."""
    try:
        return Version(record.listed.version)
    except InvalidVersion:
        return None


def _before(record: FileRecord, others: Iterable[FileRecord]) -> FileRecord | None:
    own = version_of(record)
    earlier = [
        (version, other)
        for other in others
        if other.listed.kind is FileKind.WHEEL
        and other.held is not None
        and (version := version_of(other)) is not None
        and own is not None
        and version < own
    ]
    return max(earlier, key=lambda pair: pair[0])[1] if earlier else None


def _metadata(mirror: Mirror, record: FileRecord) -> RawMetadata | None:
    sha256 = record.held.metadata if record.held else None
    if sha256 is None:
        return None
    try:
        return parse_email(mirror.store.get(sha256))[0]
    except MirrorError:
        return None


def _requires(metadata: RawMetadata) -> Sequence[str]:
    return tuple(
        dict.fromkeys(" ".join(each.split()) for each in metadata.get("requires_dist", []))
    )


def _predicate(mirror: Mirror, receipt: str) -> Mapping[str, Any]:
    """Return the guard's own words in a receipt; nothing where it cannot be read."""
    try:
        document = msgspec.json.decode(mirror.store.get(receipt))
        said = document["predicate"]["wheelguard"]
    except (MirrorError, msgspec.DecodeError, KeyError, TypeError):
        return {}
    return said if isinstance(said, dict) else {}


def _name(claims: object) -> str:
    if not isinstance(claims, dict):
        return "not readable"
    parts = [str(claims[key]) for key in _SHOWN[:-1] if claims.get(key)]
    return " ".join(parts) or str(claims.get("identity", "not readable"))
