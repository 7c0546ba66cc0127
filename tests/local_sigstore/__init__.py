"""A Sigstore of our own for tests: what it mints, the real verifiers accept offline.

`LocalSigstore` is a certificate authority, a certificate log and a transparency log in one object,
with the `trusted_root.json` that names them. It shares no code with the verifiers that it is there
to test, opens no socket and reads no clock, so a test decides what is signed and when:

    sigstore = LocalSigstore.create()
    raw = sigstore.publish("widget-1.0.tar.gz", content, Identity.github())

Every `Fault` spoils exactly one thing and knows the `Stage` of verification that has to notice;
`plain` is that verification.

Essential reading, in order:

* PEP 740 (attestation and provenance objects)
* the Sigstore client specification, "Verification"
* RFC 6962 (Merkle trees, signed certificate timestamps)
* Fulcio's `docs/oid-info.md` (what a certificate says about its owner)
"""

from __future__ import annotations

from .attestation import MintedAttestation
from .fault import ACCEPTED_BY_LIBRARIES, Fault, Stage
from .identity import Identity
from .provenance import PROVENANCE_FAULTS
from .service import SIGNED_AT, LocalSigstore
from .statement import Predicate

__all__ = [
    "ACCEPTED_BY_LIBRARIES",
    "PROVENANCE_FAULTS",
    "SIGNED_AT",
    "Fault",
    "Identity",
    "LocalSigstore",
    "MintedAttestation",
    "Predicate",
    "Stage",
]
