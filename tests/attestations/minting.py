"""What the local Sigstore has no constructor for: statements and certificates of one's own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import Encoding
from pypi_attestations import AttestationType

from guard.publisher import Identity as Found
from guard.publisher import Provenance
from guard.sources.verifier import Verifier
from tests.local_sigstore import SIGNED_AT, Identity, LocalSigstore, MintedAttestation
from tests.local_sigstore.certificate import Profile
from tests.local_sigstore.encoding import b64
from tests.local_sigstore.envelope import Signed
from tests.local_sigstore.key import SigningKey
from tests.local_sigstore.statement import pae

FILENAME: Final = "widget-1.0-py3-none-any.whl"
CONTENT: Final = b"the bytes of a wheel"
SHA256: Final = hashlib.sha256(CONTENT).hexdigest()

COMMIT: Final = "0123456789abcdef0123456789abcdef01234567"


def a_statement(**changes: Any) -> dict[str, Any]:
    """An in-toto statement about the wheel; a change to `...` leaves a key out."""
    statement: dict[str, Any] = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": FILENAME, "digest": {"sha256": SHA256}}],
        "predicateType": AttestationType.PYPI_PUBLISH_V1.value,
        "predicate": None,
    }
    return {key: value for key, value in (statement | changes).items() if value is not ...}


def signed(
    sigstore: LocalSigstore, payload: bytes, identity: Identity | None = None
) -> MintedAttestation:
    """Sign and log `payload`, whatever it is, as anyone with a workflow can."""
    identity = identity or Identity.github()
    made = sigstore._sign(payload, identity, SIGNED_AT, None)
    return _attestation(sigstore, made, identity)


def certified(
    sigstore: LocalSigstore, identity: Identity, raw_claims: Mapping[str, bytes]
) -> MintedAttestation:
    """Attest the wheel under a certificate whose claims are these bytes."""
    payload = json.dumps(a_statement()).encode()
    key = SigningKey.generate()
    profile = Profile(raw_claims=raw_claims)
    certificate = sigstore.authority.issue(key, identity, SIGNED_AT, profile)
    return _attestation(sigstore, Signed(payload, key.sign(pae(payload)), certificate), identity)


def a_signature_bundle(sigstore: LocalSigstore, identity: Identity, content: bytes) -> bytes:
    """A Sigstore bundle with a signature over the file itself, as `sigstore sign` makes them."""
    key = SigningKey.generate()
    certificate = sigstore.authority.issue(key, identity, SIGNED_AT)
    signature = key.sign(content)
    body = {
        "apiVersion": "0.0.1",
        "kind": "hashedrekord",
        "spec": {
            "data": {"hash": {"algorithm": "sha256", "value": hashlib.sha256(content).hexdigest()}},
            "signature": {
                "content": b64(signature),
                "publicKey": {"content": b64(certificate.public_bytes(Encoding.PEM))},
            },
        },
    }
    entry = sigstore.log.record(body, SIGNED_AT)
    bundle = {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "certificate": {"rawBytes": b64(certificate.public_bytes(Encoding.DER))},
            "tlogEntries": [entry],
        },
        "messageSignature": {
            "messageDigest": {
                "algorithm": "SHA2_256",
                "digest": b64(hashlib.sha256(content).digest()),
            },
            "signature": b64(signature),
        },
    }
    return json.dumps(bundle).encode()


def verified(verifier: Verifier, raw: bytes) -> Provenance:
    """What the guard makes of a provenance object of the wheel."""
    return verifier.provenance(raw, filename=FILENAME, sha256=SHA256)


def proved(
    sigstore: LocalSigstore, verifier: Verifier, identity: Identity, **changes: Any
) -> Found:
    """Who the guard says `identity` is, with some claims changed by their names in Fulcio."""
    raw = sigstore.publish(FILENAME, CONTENT, replace(identity, **changes))
    (attestation,) = verified(verifier, raw).attestations
    return attestation.identity


def _attestation(sigstore: LocalSigstore, made: Signed, identity: Identity) -> MintedAttestation:
    document = {
        "version": 1,
        "verification_material": {
            "certificate": b64(made.der),
            "transparency_entries": [sigstore._log(made, identity, SIGNED_AT, None)],
        },
        "envelope": {"statement": b64(made.payload), "signature": b64(made.signature)},
    }
    return MintedAttestation(document, identity.publisher)
