"""The attestation as it is handed over: a PEP 740 object, or the same as a Sigstore bundle."""

from __future__ import annotations

import json
from dataclasses import dataclass

from .encoding import JsonObject
from .identity import Publisher
from .statement import PAYLOAD_TYPE


@dataclass(frozen=True, slots=True)
class MintedAttestation:
    """One attestation, good or with the fault that was asked for."""

    document: JsonObject
    """The PEP 740 attestation object."""

    publisher: Publisher
    """Who published it, as the index claims: the publisher of the bundle it belongs in."""

    def to_json(self) -> bytes:
        """Write the attestation object, as a `.publish.attestation` file has it."""
        return json.dumps(self.document).encode()

    def to_bundle_json(self) -> bytes:
        """Write the same as a Sigstore bundle, version 0.3."""
        material, envelope = self.document["verification_material"], self.document["envelope"]
        bundle = {
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "certificate": {"rawBytes": material["certificate"]},
                "tlogEntries": material["transparency_entries"],
            },
            "dsseEnvelope": {
                "payload": envelope["statement"],
                "payloadType": PAYLOAD_TYPE,
                "signatures": [{"sig": envelope["signature"]}],
            },
        }
        return json.dumps(bundle).encode()
