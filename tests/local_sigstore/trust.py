"""The trusted root: which keys and authorities a verifier is to believe."""

from __future__ import annotations

from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from .certificate import COMMON_NAME, ORGANIZATION, CertificateAuthority
from .encoding import JsonObject, b64
from .key import SigningKey
from .log import ORIGIN


def trusted_root(authority: CertificateAuthority, log: SigningKey, start: datetime) -> JsonObject:
    """Describe the `authority`, its certificate log and the key of a transparency `log`.

    protobuf-specs: sigstore_trustroot.proto, TrustedRoot, in its JSON form
    """
    valid_for = {"start": start.strftime("%Y-%m-%dT%H:%M:%SZ")}
    chain = [authority.intermediate, authority.root]
    return {
        "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        "tlogs": [_log(f"https://{ORIGIN}", log, valid_for)],
        "certificateAuthorities": [
            {
                "subject": {"organization": ORGANIZATION, "commonName": COMMON_NAME},
                "uri": f"https://fulcio.{ORGANIZATION}",
                "certChain": {"certificates": [_certificate(each) for each in chain]},
                "validFor": valid_for,
            }
        ],
        "ctlogs": [_log(f"https://ctfe.{ORGANIZATION}", authority.log.key, valid_for)],
        "timestampAuthorities": [],
    }


def _certificate(certificate: x509.Certificate) -> JsonObject:
    return {"rawBytes": b64(certificate.public_bytes(Encoding.DER))}


def _log(url: str, key: SigningKey, valid_for: JsonObject) -> JsonObject:
    return {
        "baseUrl": url,
        "hashAlgorithm": "SHA2_256",
        "publicKey": {
            "rawBytes": b64(key.spki),
            "keyDetails": "PKIX_ECDSA_P256_SHA_256",
            "validFor": valid_for,
        },
        "logId": {"keyId": b64(key.key_id)},
    }
