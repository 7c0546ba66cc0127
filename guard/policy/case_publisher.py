"""Who published the file that a case describes, as if its attestation had been verified."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from guard.model import Absent, Fact
from guard.policy.case_tables import AttestedTable
from guard.publisher import (
    CIRCLECI,
    GITHUB,
    GITLAB,
    GOOGLE,
    Attestation,
    Identity,
    PredicateKind,
    Provenance,
    PublisherKind,
)

_ISSUERS: Final = {
    PublisherKind.GITHUB: GITHUB,
    PublisherKind.GITLAB: GITLAB,
    PublisherKind.GOOGLE: GOOGLE,
    PublisherKind.CIRCLECI: CIRCLECI,
}


def provenance(
    given: AttestedTable | None, invalid: str | None, moment: datetime
) -> Fact[Provenance]:
    """Return what its attestations prove. Raises `ValueError` for nobody in particular."""
    if given is None and invalid is None:
        return Absent("its index lists none")
    attested = () if given is None else (_attestation(given, moment),)
    return Provenance(attestations=attested, invalid=() if invalid is None else (invalid,))


def _attestation(given: AttestedTable, moment: datetime) -> Attestation:
    said = {name: getattr(given, name) for name in given.__struct_fields__ if name != "kind"}
    issuer = said.pop("issuer") or (given.kind and _ISSUERS[given.kind])
    if issuer is None:
        raise ValueError(f"a publisher has a kind ({', '.join(PublisherKind)}) or an issuer")
    identity = said.pop("identity") or (given.repository and f"{issuer}/{given.repository}")
    if not identity:
        raise ValueError("a publisher has a repository or an identity")
    return Attestation(
        identity=Identity(issuer=issuer, identity=identity, **said),
        predicate=PredicateKind.PUBLISH,
        log_index=0,
        integrated_at=moment,
    )
