"""The release that a young file is compared with: chosen from its project page, fetched, read.

Nothing of it is ever handed to an installer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from guard.artifact import headers
from guard.artifact.content import Content
from guard.artifact.defect import DefectKind
from guard.model import Absent, Baseline, Fact, File, FileKind, Unknown
from guard.quarantine import Quarantine, TooLargeError
from guard.simple import PageError, PageFile, ProjectPage
from guard.simple.page import version_of
from guard.sources import sidecar
from guard.sources.contents import Contents
from guard.sources.earlier import earlier_wheel, only_yanked
from guard.sources.http import FetchError, Http
from guard.sources.index import IndexSource, Located, listing_of

LIMIT: Final = 2 << 30
"""Bytes of a file to compare with; what is larger is not fetched for that."""

_SMALL: Final = 1 << 20
"""Bytes of a wheel that costs little more than its metadata would."""

_METADATA: Final = "METADATA"
_UNREAD: Final = (
    DefectKind.AMBIGUOUS_ARCHIVE,
    DefectKind.OVERSIZED_ARCHIVE,
    DefectKind.SUSPICIOUS_CODE,
)
"""Defects for which an archive has no content, or only a part of it is known."""


@dataclass(frozen=True, slots=True)
class Baselines:
    """Finds earlier releases and reads them. Used by many threads."""

    index: IndexSource
    http: Http
    quarantine: Quarantine
    contents: Contents

    def of(self, file: File, place: Located, settled: timedelta) -> Fact[Baseline]:
        """Return what `file` is to be compared with, as the page describes it.

        `settled` is how long that must have been up when `file` came.
        """
        if isinstance(place.listing, Absent | Unknown):
            return place.listing
        if isinstance(place.origin, Absent | Unknown):
            return Unknown("not known which index it comes from")
        page = self.index.page_on(place.origin.url, file.project)
        if isinstance(page, Absent | Unknown):
            return page
        came = place.listing.upload_time
        moment = None if isinstance(came, Absent | Unknown) else came
        try:
            found = earlier_wheel(page, file, moment, settled)
        except PageError as error:
            return Unknown(f"earlier files could not be read: {error}")
        if found is None and only_yanked(page, file):
            return Unknown("every other release is yanked: there is nothing to compare it with")
        return _baseline(found, page, place.origin.url) if found else _NONE

    def requiring(self, baseline: Baseline) -> Baseline:
        """Return `baseline` with its requirements, at the price of one small request at most.

        They are in the metadata file beside the wheel (PEP 658). Where the page has no digest of
        one, only a small wheel is fetched for what would be no more than a warning.
        """
        file, sha256 = baseline.file, baseline.listing.core_metadata
        if self._known(file) is not None:
            return self.opened(baseline)
        if not isinstance(sha256, Absent | Unknown):
            return replace(baseline, requires_dist=self._sidecar(file, sha256))
        if file.size is not None and file.size <= _SMALL:
            return self.opened(baseline)
        none = Absent("its index offers no metadata file, and the wheel is large")
        return replace(baseline, requires_dist=none)

    def opened(self, baseline: Baseline) -> Baseline:
        """Return `baseline` with all that is inside, fetched unless it was read before."""
        content = self._content(baseline.file)
        required = content if isinstance(content, Absent | Unknown) else content.requires_dist
        return replace(baseline, content=content, requires_dist=required)

    def _sidecar(self, file: File, sha256: str) -> Fact[tuple[str, ...]]:
        path = self._fetch(sidecar.address(file.url), _METADATA, sha256, limit=sidecar.LIMIT)
        if isinstance(path, Unknown):
            return path
        try:
            return headers.parse(path.read_bytes()).values("Requires-Dist")
        except OSError as error:
            return Unknown(f"it could not be read: {error.strerror or error}")

    def _content(self, file: File) -> Fact[Content]:
        if (known := self._known(file)) is not None:
            return _whole(known)
        sha256 = file.hashes.get("sha256")
        if sha256 is None:
            return Unknown("its index promises no sha256 of it")
        path = self._fetch(file.url, file.filename, sha256, limit=LIMIT, size=file.size)
        if isinstance(path, Unknown):
            return path
        return _whole(self.contents.of(path, sha256, file.kind))

    def _known(self, file: File) -> Content | None:
        sha256 = file.hashes.get("sha256")
        return self.contents.known(sha256, file.filename) if sha256 else None

    def _fetch(
        self, url: str, name: str, sha256: str, *, limit: int, size: int | None = None
    ) -> Path | Unknown:
        """Return where the bytes of `sha256` lie in quarantine, fetched if they are not there."""
        if held := self.quarantine.find(sha256, name):
            return held.path
        if size is not None and size > limit:
            return Unknown(f"it has {size} bytes, more than are fetched to compare with")
        limit = limit if size is None else size
        try:
            arrival = self.http.fetch(
                url, lambda chunks: self.quarantine.receive(name, chunks, limit=limit)
            )
        except FetchError as error:
            return Unknown(f"it could not be fetched: {error}")
        except TooLargeError:
            return Unknown(f"more bytes came than the {limit} that it may have")
        if arrival.digests["sha256"] != sha256:
            return Unknown("other bytes came than its index promises")
        return arrival.path


def _whole(content: Fact[Content]) -> Fact[Content]:
    """Return `content` if all of it was read: what is missing would seem to be new elsewhere."""
    match content:
        case Absent() | Unknown():
            return content
        case found:
            unread = [defect for kind in _UNREAD for defect in found.of(kind)]
            return Unknown(f"it could not be read: {unread[0].message}") if unread else found


_NONE: Final = Absent("there is no earlier release with a wheel")


def _baseline(entry: PageFile, page: ProjectPage, index: str) -> Baseline:
    file = File(
        project=page.name,
        version=version_of(entry.filename, page.name),
        filename=entry.filename,
        kind=FileKind.WHEEL,
        url=entry.url,
        hashes=entry.hashes,
        size=entry.size,
    )
    return Baseline(file=file, listing=listing_of(entry, index))
