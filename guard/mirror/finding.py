"""Finds a file by its name and digest: on the page of its project's owner, and nowhere else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from packaging.utils import NormalizedName, canonicalize_name, parse_sdist_filename
from packaging.version import Version

from guard.admission import Asked
from guard.admission.sift import requested
from guard.mirror.judging import Judge
from guard.mirror.mirror import Mirror
from guard.mirror.owners import Owners
from guard.mirror.records import PRIVATE, Key, Listed
from guard.model import Absent, File, FileKind, Index, Unknown
from guard.simple import PageError, PageFile
from guard.simple.page import version_of

_WHEEL: Final = re.compile(r"([A-Za-z0-9._]{1,200})-([^-]+)-(?:[^-]+-)?[^-]+-[^-]+-[^-]+\.whl")


@dataclass(frozen=True, slots=True)
class Missing:
    """There is no such file on the page of the project's owner."""

    reason: str


@dataclass(frozen=True, slots=True)
class Found:
    """A file, its entry on the page, and the index whose page that is."""

    owner: Index
    entry: PageFile
    file: File
    document: bytes | None = None
    """The provenance object that is kept of it, where it was uploaded here."""

    @property
    def asked(self) -> Asked:
        """How it is judged: what was uploaded here, no index has anything to say of."""
        return Asked(self.file, requested(self.entry), local=self.owner.url == PRIVATE)

    @property
    def listed(self) -> Listed:
        """What is written down of it."""
        return Listed(
            key=Key(self.entry.hashes["sha256"], self.entry.filename),
            project=self.file.project,
            version=str(self.file.version),
            kind=self.file.kind,
            origin=self.owner.url,
            url=self.entry.url,
            size=self.entry.size,
            upload_time=self.entry.upload_time,
            requires_python=self.entry.requires_python,
        )


class Finder:
    """Finds files. Used by many threads at once."""

    def __init__(self, mirror: Mirror, judge: Judge, owners: Owners) -> None:
        self._mirror = mirror
        self._judge = judge
        self._owners = owners

    def find(self, key: Key) -> Found | Missing | Unknown:
        """Return the file of that name and digest, if the page of its own project lists it.

        Raises `MirrorError`.
        """
        named = project_of(key.filename)
        if named is None:
            return Missing("it is no name of a wheel or a source distribution")
        project, version = named
        match self._owners.of(project):
            case Absent(reason):
                return Missing(reason)
            case Unknown() as unknown:
                return unknown
            case Index(url=url) as owner if url == PRIVATE:
                return self._uploaded(key, owner)
            case owner:
                return self._listed(key, owner, project, version)

    def _listed(
        self, key: Key, owner: Index, project: NormalizedName, version: Version
    ) -> Found | Missing | Unknown:
        page = self._judge.admission(owner).index.page(owner, project)
        if isinstance(page, Unknown):
            return page
        try:
            entry = None if isinstance(page, Absent) else page.file(key.filename)
        except PageError as error:
            return Unknown(str(error))
        listed = entry is not None and version_of(key.filename, project) == version
        if entry is None or not listed or entry.hashes.get("sha256") != key.sha256:
            return Missing(f"{owner.url} does not list it")
        return Found(owner, entry, file_of(entry, project, version))

    def _uploaded(self, key: Key, owner: Index) -> Found | Missing:
        """Return a file that was uploaded here: it is what its record says, and in the store."""
        record = self._mirror.files.find(key)
        if record is None or record.listed.origin != PRIVATE:
            return Missing("nobody has uploaded it")
        listed = record.listed
        entry = PageFile(
            filename=key.filename,
            url=listed.url,
            hashes={"sha256": key.sha256},
            size=listed.size,
            upload_time=listed.upload_time,
            requires_python=listed.requires_python,
        )
        proved = record.held.provenance if record.held else None
        document = self._mirror.store.get(proved) if proved else None
        file = file_of(entry, listed.project, Version(listed.version))
        return Found(owner, entry, file, document)


def file_of(entry: PageFile, project: NormalizedName, version: Version) -> File:
    """Return the file that an entry is about."""
    wheel = entry.filename.endswith(".whl")
    return File(
        project=project,
        version=version,
        filename=entry.filename,
        kind=FileKind.WHEEL if wheel else FileKind.SDIST,
        url=entry.url,
        hashes=entry.hashes,
        size=entry.size,
    )


def project_of(filename: str) -> tuple[NormalizedName, Version] | None:
    """Return the project and version in a file's name, or `None` where it is no such name.

    The tags of a wheel are not read: all that they name together may be a great many.
    """
    try:
        if not filename.endswith(".whl"):
            return parse_sdist_filename(filename)
        match = _WHEEL.fullmatch(filename)
        return (canonicalize_name(match[1]), Version(match[2])) if match else None
    except ValueError:
        return None
