"""The sources of the guard over a loopback index, put together as a session does it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from guard.model import File, FileKind, Index, index_url
from guard.sources.cache import PageCache
from guard.sources.http import Http
from guard.sources.identities import KnownIdentities
from guard.sources.index import IndexSource, Located
from guard.sources.pages import Pages
from guard.sources.provenance import ProvenanceSource
from guard.sources.publication import Publication, Publications
from guard.sources.trust_root import TrustRoot
from tests.builders import a_file
from tests.fakes import LoopbackIndex
from tests.local_sigstore import Fault, Identity, LocalSigstore
from tests.wheels import Artifact, a_wheel

FIRST: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""When version 0 of everything was uploaded."""


def tagged(version: str, *, repository: str = "acme/widget", **changes: str) -> Identity:
    """The release workflow of a repository, at the tag of a version."""
    return Identity.github(repository, ref=f"refs/tags/v{version}", **changes)


@dataclass(frozen=True)
class Place:
    """An index, what it lists, and what the guard knows of it."""

    index: LoopbackIndex
    sigstore: LocalSigstore
    root: TrustRoot
    http: Http
    folder: Path

    @property
    def url(self) -> str:
        return index_url(self.index.url)

    @property
    def known(self) -> KnownIdentities:
        return KnownIdentities(self.folder / "identities")

    def add(
        self,
        version: str,
        identity: Identity | None,
        *,
        day: int | None = None,
        fault: Fault | None = None,
    ) -> Artifact:
        """List a wheel, attested by `identity` or by nobody; one a day where none is named."""
        wheel = a_wheel("widget", version)
        moment = FIRST + timedelta(days=len(self.index._listings) if day is None else day)
        provenance = None
        if identity is not None:
            provenance = self.sigstore.publish(wheel.filename, wheel.content, identity, fault=fault)
        self.index.add(wheel, uploaded=moment, provenance=provenance)
        return wheel

    def pages(self) -> Pages:
        return Pages(self.http, PageCache(self.folder / "pages"), refresh=True)

    def provenance(self, *, use_results: bool = True) -> ProvenanceSource:
        return ProvenanceSource(
            self.pages(),
            self.folder / "verified",
            lambda _: self.root,
            use_results=use_results,
        )

    def publications(self) -> Publications:
        indexes = [Index(url=self.url)]
        return Publications(IndexSource(self.pages(), indexes), self.provenance(), self.known)

    def located(self, wheel: Artifact) -> tuple[File, Located]:
        """What a resolver names, and what the index says of it."""
        file = a_file(
            wheel.name,
            wheel.version,
            filename=wheel.filename,
            kind=FileKind.WHEEL,
            url=self.index.file_url(wheel.filename),
            hashes={"sha256": wheel.sha256},
        )
        return file, self.publications().index.locate(file)

    def published(self, wheel: Artifact) -> Publication:
        """Everything that is known of who published `wheel`."""
        file, located = self.located(wheel)
        return self.publications().verified(file, located)
