"""A request, and what its words mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from guard.model import File, Requested
from guard.request.specifier import Specifier, pin


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexOptions:
    """The index options of a command line or a requirements file, in pip's words."""

    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    no_index: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """PEP-735: a dependency group of one pyproject.toml."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to install, as the user said it."""

    specifiers: tuple[str, ...] = ()
    editable: tuple[str, ...] = ()
    """Those of the specifiers that are folders to be installed in place (PEP 660)."""

    requirement_files: tuple[Path, ...] = ()
    constraint_files: tuple[Path, ...] = ()
    extras: tuple[str, ...] = ()
    """PEP-621: optional dependencies of the pyproject.toml among the files."""

    all_extras: bool = False
    groups: tuple[Group, ...] = ()
    indexes: IndexOptions = field(default_factory=IndexOptions)
    upgrade: bool = False
    upgrade_packages: tuple[str, ...] = ()
    reinstall: bool = False
    pre: bool = False
    no_deps: bool = False
    require_hashes: bool = False
    uploaded_prior_to: datetime | None = None
    """A cut-off of the user's own."""

    offline: bool = False
    refresh: bool = False
    preferences: tuple[tuple[NormalizedName, Version], ...] = ()
    """Versions to keep where they still fit: those of the lock that is to be replaced."""

    universal: bool = False
    """For every platform, not only for the target's: all wheels of each release."""


@dataclass(slots=True)
class Wanted:
    """What the words of a request mean, as far as they can be read without asking anybody."""

    requirements: list[Requirement] = field(default_factory=list)
    hashes: dict[tuple[NormalizedName, Version | None], set[tuple[str, str]]] = field(
        default_factory=dict
    )
    """The digests demanded of a project, of one version or, with `None`, of any."""

    direct: list[File] = field(default_factory=list)
    of_projects: list[str] = field(default_factory=list)
    """What pyproject.toml files ask for, in words that every installer reads."""

    indexes: list[IndexOptions] = field(default_factory=list)
    require_hashes: bool = False
    pre: bool = False

    @property
    def names(self) -> frozenset[NormalizedName]:
        """The projects that were asked for by name."""
        return frozenset(canonicalize_name(requirement.name) for requirement in self.requirements)

    def pins(self) -> Mapping[NormalizedName, frozenset[Version]]:
        """Return the exact versions that were asked for."""
        pins: dict[NormalizedName, set[Version]] = {}
        for requirement in self.requirements:
            if (version := pin(requirement)) is not None:
                pins.setdefault(canonicalize_name(requirement.name), set()).add(version)
        return {name: frozenset(versions) for name, versions in pins.items()}

    def requested(self, file: File) -> Requested:
        """Return how `file` was asked for."""
        pins = self.pins().get(file.project, frozenset())
        demanded = {
            digest
            for (name, version), digests in self.hashes.items()
            if name == file.project and (version is None or _is(version, file.version))
            for digest in digests
        }
        return Requested(
            named=file.project in self.names,
            pinned=any(_is(version, file.version) for version in pins),
            hashes=frozenset(demanded),
        )

    def ask_for(self, specifier: Specifier) -> None:
        """Add one requirement."""
        if specifier.named is not None:
            self.requirements.append(specifier.named)
        if specifier.direct is not None:
            self.direct.append(specifier.direct)
        self.constrain(specifier)

    def constrain(self, specifier: Specifier) -> None:
        """Add one constraint: it asks for nothing, but its digests are demanded all the same."""
        if specifier.digests:
            self.hashes.setdefault(specifier.key, set()).update(specifier.digests)


def _is(pinned: Version, version: Version | None) -> bool:
    """Tell whether `version` is the pinned one.

    PEP-440: where the pin has no local version label, that of a candidate is ignored.
    """
    return version is not None and pinned in {version, Version(version.public)}
