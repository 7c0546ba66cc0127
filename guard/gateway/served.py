"""The indexes as the child sees them: of metadata files, those that the gateway has served."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from guard.gateway.metadata import Metadata
from guard.model import Absent, Fact, File, Index, Listing, Unknown
from guard.sources.index import IndexSource, Located
from guard.sources.pages import Pages


class ServedIndexes(IndexSource):
    """Says of each wheel which metadata a resolver behind the gateway was given in its place."""

    def __init__(self, source: Pages, indexes: Sequence[Index], metadata: Metadata) -> None:
        super().__init__(source, indexes)
        self._metadata = metadata

    @property
    def metadata(self) -> Metadata:
        """The metadata files that are served."""
        return self._metadata

    def locate(self, file: File, *, sidecar: bool = False) -> Located:
        """Return what the indexes say of `file`, and what the gateway said in their stead."""
        located = super().locate(file)
        if not sidecar or isinstance(located.listing, Absent | Unknown):
            return located
        listing = located.listing
        return replace(located, listing=replace(listing, core_metadata=self._given(file, listing)))

    def _given(self, file: File, listing: Listing) -> Fact[str]:
        """Return the digest of what was read; of the page's own promise, where nothing was."""
        hashes = {**listing.hashes, **file.hashes}
        served = self._metadata.served(replace(file, hashes=hashes))
        if served is not None:
            return served
        if isinstance(listing.core_metadata, Unknown):
            return Absent("no resolver has read a metadata file of it")
        return listing.core_metadata
