"""Everything that is to be known of who published a file, now and before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Final

from packaging.version import Version

from guard.model import Absent, Fact, File, Listing, Origin, Prior, Unknown
from guard.publisher import Identity, Provenance
from guard.simple import PageFile
from guard.sources.identities import KnownIdentities
from guard.sources.index import IndexSource, Located, listing_of
from guard.sources.provenance import ProvenanceSource

_ASKED: Final = 3
"""Earlier releases to ask, of which one at least should verify."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """Who published a file, who the one before it, and who the one installed here last."""

    provenance: Fact[Provenance]
    prior: Fact[Prior]
    remembered: Fact[tuple[Identity, ...]]
    sha256: str | None = None
    """The digest for which `provenance` was verified: the promised one, before the bytes came."""

    def of_bytes(self, digests: Fact[Mapping[str, str]]) -> Publication:
        """Return the same of the bytes that came: an attestation of others proves nothing here."""
        if not isinstance(self.provenance, Provenance) or isinstance(digests, Absent | Unknown):
            return self
        if digests["sha256"] == self.sha256:
            return self
        other = Provenance(invalid=("it is about other bytes than those that came",))
        return replace(self, provenance=other)


@dataclass(frozen=True, slots=True)
class Publications:
    """Brings together the pages, the provenance and the records. Used by many threads."""

    index: IndexSource
    provenance: ProvenanceSource
    known: KnownIdentities

    def listed(self, file: File, place: Located) -> Publication:
        """Return what the project page alone says: enough to see that an attestation is missing."""
        if not isinstance(place.origin, Origin) or not isinstance(place.listing, Listing):
            return _nowhere(place)
        own: Fact[Provenance] = Unknown("not looked at yet")
        if place.listing.provenance_url is None:
            own = Absent("its index lists no attestations")
        return Publication(
            provenance=own,
            prior=self._prior(file, place.origin.url, compared=False),
            remembered=self.known.of(file.project, place.origin.url),
        )

    def verified(self, file: File, place: Located) -> Publication:
        """Return what the attestations prove. One small request, two where there is a past."""
        if not isinstance(place.origin, Origin) or not isinstance(place.listing, Listing):
            return _nowhere(place)
        index = place.origin.url
        sha256 = file.hashes.get("sha256") or place.listing.hashes.get("sha256")
        own = self.provenance.of(place.listing, index=index, filename=file.filename, sha256=sha256)
        return Publication(
            provenance=own,
            prior=self._prior(file, index, compared=isinstance(own, Provenance)),
            remembered=self.known.of(file.project, index),
            sha256=sha256,
        )

    def _prior(self, file: File, index: str, *, compared: bool) -> Fact[Prior]:
        """Return the earlier attested file; its own attestations only if they will be compared.

        One that turns out not to verify proves nothing, so the one before it is asked.
        """
        found = self.index.earlier(file, index)
        if isinstance(found, Absent):
            return self._installed_before(file, index) or found
        if isinstance(found, Unknown):
            return found
        if not compared:
            return _prior(*max(found, key=itemgetter(0)), Absent("not compared with"))
        for version, entry in found[:_ASKED]:
            proved = self.provenance.of(
                listing_of(entry, index),
                index=index,
                filename=entry.filename,
                sha256=entry.hashes.get("sha256"),
            )
            if isinstance(proved, Unknown) or (
                isinstance(proved, Provenance) and proved.attestations
            ):
                return _prior(version, entry, proved)
        if len(found) >= _ASKED:
            return Unknown(f"no attestation of the {_ASKED} releases before it verifies")
        return Absent("no attestation of an earlier release verifies")

    def _installed_before(self, file: File, index: str) -> Prior | None:
        """Return the attested release that was installed here: an index may forget, we do not."""
        version = self.known.attested_version(file.project, index)
        if version is None or file.version is None or version >= file.version:
            return None
        return Prior(
            version=version,
            filename="installed here before",
            upload_time=None,
            provenance=Absent("its index lists it no more"),
        )


def _prior(version: Version, entry: PageFile, provenance: Fact[Provenance]) -> Prior:
    return Prior(
        version=version,
        filename=entry.filename,
        upload_time=entry.upload_time,
        provenance=provenance,
    )


def _nowhere(place: Located) -> Publication:
    """Return what follows for a file without a listing: its publisher is as unknown as that."""
    match place.listing:
        case Listing():
            nothing: Absent | Unknown = Unknown("not known which index it comes from")
        case reason:
            nothing = reason
    return Publication(provenance=nothing, prior=nothing, remembered=nothing)
