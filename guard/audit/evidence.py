"""Which file an installed release was installed from, and whether that was let in.

A name and a version prove nothing: there are many files by them. What is installed came from a
wheel if both RECORDs list the same files with the same hashes; commands are left out of that, for
an installer writes those itself.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Final, Protocol

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from guard.approval import Approvals
from guard.artifact.container import ArchiveError
from guard.artifact.listed import Listed
from guard.artifact.record import Record, digest_of
from guard.artifact.spot import SITE, fold
from guard.audit.distribution import Distribution
from guard.model import Absent, Fact, Unknown
from guard.quarantine import Arrival, Quarantine
from guard.simple.page import version_of

_ADDED: Final = re.compile(
    r"[^/]+\.dist-info/(?:RECORD|RECORD\.jws|RECORD\.p7s|INSTALLER|REQUESTED|direct_url\.json"
    r"|uv_cache\.json|uv_build\.json)",
    re.IGNORECASE,
)
"""PEP-376, PEP-610: what an installer writes beside what it unpacks."""

_BYTECODE: Final = ".pyc"

Named = tuple[str, str]
"""The name and the sha256 of a file."""


class Admissions(Protocol):
    """Somebody who remembers what was let in."""

    def of(self, project: NormalizedName, version: Version) -> tuple[Named, ...]:
        """Return the files of a release that were let in."""


@dataclass(frozen=True, slots=True)
class Approved:
    """What the approvals of a policy let in, as long as they hold."""

    approvals: Approvals
    now: datetime

    def of(self, project: NormalizedName, version: Version) -> tuple[Named, ...]:
        """Return the approved files of a release."""
        return tuple(
            (file.filename, file.sha256)
            for entry in self.approvals.of(project)
            if entry.version == version and not entry.expired(self.now)
            for file in entry.files
        )


@dataclass(frozen=True, slots=True)
class Annex(Quarantine):
    """Where an audit keeps what it fetches: what was only looked at was not let in."""

    main: Quarantine

    def find(self, sha256: str, filename: str, algorithms: Iterable[str] = ()) -> Arrival | None:
        """Return the file if it is here, or in the quarantine itself."""
        here = Quarantine(self.root).find(sha256, filename, algorithms)
        return here or self.main.find(sha256, filename, algorithms)


class Quarantined:
    """The wheels that are in quarantine now."""

    def __init__(self, *quarantines: Quarantine) -> None:
        self._files: dict[str, list[Named]] = {}
        for path in chain.from_iterable(each.entries() for each in quarantines):
            project = canonicalize_name(path.name.partition("-")[0])
            self._files.setdefault(project, []).append((path.name, path.parent.name))

    def of(self, project: NormalizedName, version: Version) -> tuple[Named, ...]:
        """Return the wheels of a release."""
        named = self._files.get(project, ())
        return tuple(
            each
            for each in named
            if each[0].endswith(".whl") and version_of(each[0], project) == version
        )


@dataclass(frozen=True, slots=True)
class Bundled:
    """The wheels of `ensurepip`, which came with the interpreter: `python -m venv` installs them.

    Only where the environment is another place: what can be written there must not vouch for it.
    """

    folders: Sequence[Path] = ()
    environment: Path | None = None

    def of(self, project: NormalizedName, version: Version) -> Iterator[Path]:
        """Yield the wheels of a release. Raises `OSError`."""
        for folder in self.folders:
            place = Path(os.path.realpath(folder))
            if self.environment is None or place.is_relative_to(self.environment):
                continue
            for path in sorted(place.glob("*.whl")):
                if version_of(path.name, project) == version and path.is_file():
                    yield path


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is at hand to compare with."""

    admissions: Sequence[Admissions]
    quarantine: Quarantine
    at_hand: Quarantined
    """The wheels to compare with, whether they were let in or not."""

    bundled: Bundled = field(default_factory=Bundled)

    def of(self, distribution: Distribution) -> tuple[Fact[Named], Fact[str]]:
        """Return the file that was installed, and the one of those let in that it is.

        Raises `OSError` where a wheel cannot be read.
        """
        project, version = distribution.project, distribution.version
        found, direct = distribution.record, distribution.direct
        if direct is not None and direct.editable:
            absent = Absent(f"an editable install of {direct.url}, which nobody has judged")
            return absent, absent
        if version is None:
            none = Unknown("its version is none")
            return none, none
        admitted = self._admitted(project, version)
        if not isinstance(found, Record):
            unread = Unknown("nothing lists its files")
            return unread, unread if admitted else _never(distribution)
        files = {*admitted, *self.at_hand.of(project, version)}
        same = [named for named in sorted(files) if self._same(named, found)]
        wheel: Fact[Named] = same[0] if same else Unknown("no wheel here has the same RECORD")
        return wheel, self._own(project, version, found) or self._let_in(
            distribution, admitted, same
        )

    def _own(self, project: NormalizedName, version: Version, found: Record) -> str | None:
        """Return the wheel of `ensurepip` that it is, if it is one: the environment's own."""
        unpacked = _unpacked(found)
        same = (p for p in self.bundled.of(project, version) if unpacked == _promised(p))
        return next((path.name for path in same if unpacked), None)

    def _admitted(self, project: NormalizedName, version: Version) -> set[Named]:
        return {named for each in self.admissions for named in each.of(project, version)}

    def _let_in(
        self, distribution: Distribution, admitted: set[Named], same: Sequence[Named]
    ) -> Fact[str]:
        if not admitted:
            return _never(distribution)
        for named in same:
            if named in admitted:
                return named[0]
        absent = sorted(name for name, sha256 in admitted if not self._path(name, sha256))
        if absent and not same:
            return Unknown(f"{absent[0]} was, and is not at hand to be compared with")
        others = ", ".join(sorted({name for name, _ in admitted})[:3])
        return Absent(f"its RECORD is not that of {others}, which was let in")

    def _same(self, named: Named, found: Record) -> bool:
        path = self._path(*named)
        unpacked = _unpacked(found)
        return path is not None and bool(unpacked) and unpacked == _promised(path)

    def _path(self, filename: str, sha256: str) -> Path | None:
        arrival = self.quarantine.find(sha256, filename)
        return arrival.path if arrival else None


def _never(distribution: Distribution) -> Absent:
    title = f"{distribution.project} {distribution.version}"
    return Absent(f"no file of {title} was ever let in")


def _unpacked(found: Record) -> dict[str, bytes]:
    """Return the files in a site folder that an installer took from a wheel, by folded spot."""
    return {
        fold(SITE + path): row.digest
        for path, row in found.rows.items()
        if not path.startswith(("..", "/")) and not _is_added(path)
    }


def _promised(path: Path) -> dict[str, bytes]:
    """Return the same of a wheel. Raises `OSError`."""
    try:
        hashes = Listed(path).hashes
    except ArchiveError:
        return {}
    return {
        key: digest_of(written)
        for key, written in hashes.items()
        if key.startswith(SITE) and not _is_added(key.removeprefix(SITE))
    }


def _is_added(path: str) -> bool:
    return _ADDED.fullmatch(path) is not None or path.endswith(_BYTECODE)
