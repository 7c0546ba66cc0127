"""Lock files as they are written: PEP 751, in one form for the same files, whoever asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from packaging.markers import Marker
from packaging.pylock import Package, PackageArchive, PackageSdist, PackageWheel, Pylock
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName
from packaging.version import Version

from guard import attestation_identities
from guard.errors import UnsupportedError
from guard.model import Absent, Admitted, Built, Candidate, Fact, Listing, Origin, Unknown
from guard.plan import Planned
from guard.publisher import Provenance

_VERSION = Version("1.0")


def lock(
    admitted: Sequence[Admitted],
    *,
    python: str,
    planned: Sequence[Planned] = (),
    environments: Sequence[Marker] = (),
    tool: Mapping[str, Any] | None = None,
) -> Pylock:
    """Return the lock of exactly these files, with their publishers as they were verified.

    `planned` says where a package is wanted, `environments` where the whole lock is.
    PEP-751: `attestation-identities` SHOULD be recorded where they are known.
    """
    wanted: dict[tuple[str, Version | None], list[Marker | None]] = {}
    for item in planned:
        wanted.setdefault((item.file.project, item.file.version), []).append(item.marker)
    packages: dict[tuple[str, Version | None, str], list[Admitted]] = {}
    for one in sorted(admitted, key=lambda one: one.verdict.candidate.file.filename):
        candidate = one.verdict.candidate
        index = candidate.origin.url if isinstance(candidate.origin, Origin) else ""
        key = (candidate.file.project, candidate.file.version, index)
        packages.setdefault(key, []).append(one)
    return Pylock(
        lock_version=_VERSION,
        created_by="guard",
        requires_python=SpecifierSet(f">={python}"),
        environments=list(environments) or None,
        packages=[
            _package(packages[key], _either(wanted.get(key[:2], [])))
            for key in sorted(packages, key=lambda key: (key[0], str(key[1]), key[2]))
        ],
        tool=tool,
    )


def preferences(versions: Sequence[tuple[NormalizedName, Version]]) -> bytes:
    """Return a lock of nothing but versions, which uv keeps where they fit."""
    packages = [Package(name=name, version=version) for name, version in sorted(versions)]
    return serialize(Pylock(lock_version=_VERSION, created_by="guard", packages=packages))


def serialize(lock: Pylock) -> bytes:
    """Return `lock` as TOML."""
    import tomli_w  # noqa: PLC0415 - only for writing

    return tomli_w.dumps(lock.to_dict()).encode()


def _either(markers: Iterable[Marker | None]) -> Marker | None:
    """Return the marker of a package that is wanted where one of these holds."""
    different = dict.fromkeys(markers)
    known = [marker for marker in different if marker is not None]
    if len(known) < len(different) or not known:
        return None
    return known[0] if len(known) == 1 else Marker(" or ".join(f"({m})" for m in known))


def _package(admitted: Sequence[Admitted], marker: Marker | None) -> Package:
    first = admitted[0].verdict.candidate
    identities: list[dict[str, str]] = []
    for one in admitted:
        proved = one.verdict.candidate.provenance
        known = proved.identities if isinstance(proved, Provenance) else ()
        identities += [t for t in attestation_identities.tables(known) if t not in identities]
    if isinstance(first.built, Built):
        return replace(_of_source(first, first.built), marker=marker)
    direct = first.requested.direct_url is not None
    return Package(
        name=first.file.project,
        version=first.file.version,
        marker=marker,
        index=first.origin.url if isinstance(first.origin, Origin) else None,
        archive=_written_archive(admitted[0]) if direct else None,
        wheels=None if direct else [_written_wheel(one) for one in admitted],
        attestation_identities=identities or None,
    )


def _of_source(wheel: Candidate, built: Built) -> Package:
    """Return the package of what was built here: what others can have of it is its source."""
    file, proved = built.source.file, wheel.provenance
    if built.sha256 is None:
        raise UnsupportedError(
            f"a lock has no place for `{wheel.file.project}`, a folder of your own",
            hint="lock its dependencies: `guard lock -r pyproject.toml`",
        )
    known = proved.identities if isinstance(proved, Provenance) else ()
    return Package(
        name=file.project,
        version=file.version,
        index=wheel.origin.url if isinstance(wheel.origin, Origin) else None,
        sdist=PackageSdist(
            name=file.filename,
            url=file.url,
            size=file.size,
            upload_time=_uploaded(wheel.listing),
            hashes={"sha256": built.sha256},
        ),
        attestation_identities=attestation_identities.tables(known) or None,
    )


def _uploaded(listing: Fact[Listing]) -> datetime | None:
    uploaded = listing.upload_time if isinstance(listing, Listing) else listing
    return None if isinstance(uploaded, Absent | Unknown) else uploaded


def _written_wheel(admitted: Admitted) -> PackageWheel:
    file, listing = admitted.verdict.candidate.file, admitted.verdict.candidate.listing
    return PackageWheel(
        name=file.filename,
        url=file.url,
        size=admitted.path.stat().st_size,
        upload_time=_uploaded(listing),
        hashes={"sha256": admitted.sha256},
    )


def _written_archive(admitted: Admitted) -> PackageArchive:
    return PackageArchive(
        url=admitted.verdict.candidate.file.url,
        size=admitted.path.stat().st_size,
        hashes={"sha256": admitted.sha256},
    )
