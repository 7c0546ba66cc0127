"""A signed statement, and how the two versions of Rekor write it down."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from .encoding import JsonObject, b64, canonical_json
from .statement import PAYLOAD_TYPE, pae


@dataclass(frozen=True, slots=True)
class Signed:
    """A payload, its signature, and the certificate of the key that made it."""

    payload: bytes
    signature: bytes
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        """The certificate as DER."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def envelope(self) -> JsonObject:
        """The DSSE envelope."""
        return {
            "payload": b64(self.payload),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"sig": b64(self.signature)}],
        }


def dsse_body(signed: Signed) -> JsonObject:
    """Write the body of a Rekor v1 entry, of the kind dsse 0.0.1."""
    pem = signed.certificate.public_bytes(Encoding.PEM)
    return {
        "apiVersion": "0.0.1",
        "kind": "dsse",
        "spec": {
            "envelopeHash": _sha256(canonical_json(signed.envelope)),
            "payloadHash": _sha256(signed.payload),
            "signatures": [{"signature": b64(signed.signature), "verifier": b64(pem)}],
        },
    }


def hashedrekord_body(signed: Signed) -> JsonObject:
    """Write the body of a Rekor v2 entry, which knows envelopes only by their hash."""
    digest = hashlib.sha256(pae(signed.payload)).digest()
    verifier = {
        "keyDetails": "PKIX_ECDSA_P256_SHA_256",
        "x509Certificate": {"rawBytes": b64(signed.der)},
    }
    return {
        "apiVersion": "0.0.2",
        "kind": "hashedrekord",
        "spec": {
            "hashedRekordV002": {
                "data": {"algorithm": "SHA2_256", "digest": b64(digest)},
                "signature": {"content": b64(signed.signature), "verifier": verifier},
            }
        },
    }


def _sha256(raw: bytes) -> JsonObject:
    return {"algorithm": "sha256", "value": hashlib.sha256(raw).hexdigest()}
