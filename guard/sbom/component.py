"""A part as a component of CycloneDX: what it is, what it holds, who proved to have published it.

Whatever is not proved has no field of its own: an author or a home page in METADATA is a claim.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from cyclonedx.model import (
    ExternalReference,
    ExternalReferenceType,
    HashAlgorithm,
    HashType,
    XsUri,
)
from cyclonedx.model.bom_ref import BomRef
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.component_evidence import (
    AnalysisTechnique,
    ComponentEvidence,
    Identity,
    IdentityField,
    Method,
)
from packageurl import PackageURL

from guard import publisher
from guard.model import Absent, Listing, Unknown, Verdict
from guard.publisher import Provenance
from guard.sbom.cleaning import clean, public_url
from guard.sbom.described import Part
from guard.sbom.licenses import licenses
from guard.sbom.properties import TOOL, of_part, properties, proved_by

_HASHES: Final = {
    "sha256": HashAlgorithm.SHA_256,
    "sha384": HashAlgorithm.SHA_384,
    "sha512": HashAlgorithm.SHA_512,
}
_CERTAIN: Final = Decimal(1)


def component(part: Part, purl: PackageURL) -> Component:
    """Return what is known of a part, and the verdict on it."""
    proved = proved_by(part.verdict)
    content = part.content
    return Component(
        type=ComponentType.LIBRARY,
        bom_ref=str(purl),
        purl=purl,
        name=clean(part.name),
        version=purl.version,
        publisher=clean(_title(proved.identities)) if proved else None,
        hashes=_hashes(part.verdict),
        licenses=licenses(content.licensing) if content else [],
        external_references=_references(part.verdict),
        evidence=_evidence(part.verdict, proved) if proved else None,
        properties=properties(of_part(part)),
    )


def _title(identities: Sequence[publisher.Identity]) -> str:
    """Return the repositories that published, or the people."""
    return " and ".join(dict.fromkeys(each.repository or each.identity for each in identities))


def _seen(verdict: Verdict | Unknown) -> Mapping[str, str]:
    """Return the digests of the bytes in quarantine; nothing where nobody has them."""
    if isinstance(verdict, Unknown):
        return {}
    digests = verdict.candidate.digests
    return {} if isinstance(digests, Absent | Unknown) else digests


def _hashes(verdict: Verdict | Unknown) -> list[HashType]:
    """Return the digests of the bytes that were judged, and no promised ones."""
    return [
        HashType(alg=_HASHES[name], content=digest)
        for name, digest in _seen(verdict).items()
        if name in _HASHES
    ]


def _references(verdict: Verdict | Unknown) -> list[ExternalReference]:
    if isinstance(verdict, Unknown):
        return []
    candidate = verdict.candidate
    found = [(ExternalReferenceType.DISTRIBUTION, candidate.file.url)]
    if (proved := proved_by(verdict)) is not None:
        found += [(ExternalReferenceType.VCS, url) for url in _repositories(proved)]
        if isinstance(candidate.listing, Listing) and candidate.listing.provenance_url:
            found.append((ExternalReferenceType.ATTESTATION, candidate.listing.provenance_url))
    return [
        ExternalReference(type=kind, url=XsUri(url))
        for kind, given in found
        if (url := public_url(given)) is not None
    ]


def _repositories(proved: Provenance) -> Iterator[str]:
    """Yield the repositories that the certificates name; a bare name is one at its issuer's."""
    for identity in proved.identities:
        if identity.repository is None:
            continue
        if "://" in identity.repository:
            yield identity.repository
        elif identity.kind is publisher.PublisherKind.GITHUB:
            yield f"https://github.com/{identity.repository}"
        elif identity.kind in {publisher.PublisherKind.GITLAB, None}:
            yield f"{identity.issuer}/{identity.repository}"


def _evidence(verdict: Verdict | Unknown, proved: Provenance) -> ComponentEvidence | None:
    """Return that the digest is the one that was attested, and by whom: no more is proved."""
    sha256 = _seen(verdict).get("sha256")
    if sha256 is None:
        return None
    methods = [
        Method(
            technique=AnalysisTechnique.ATTESTATION,
            confidence=_CERTAIN,
            value=clean(f"{given.predicate} by {given.identity.title}"),
        )
        for given in proved.attestations
    ]
    identity = Identity(
        field=IdentityField.HASH,
        confidence=_CERTAIN,
        concluded_value=sha256,
        methods=methods,
        tools=[BomRef(TOOL)],
    )
    return ComponentEvidence(identity=[identity])
