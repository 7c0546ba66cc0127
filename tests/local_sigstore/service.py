"""The whole local Sigstore, and the signer and the index that use it."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Self

from .attestation import MintedAttestation
from .certificate import CertificateAuthority, profile
from .certificate_log import CertificateLog
from .encoding import JsonObject, b64
from .envelope import Signed, dsse_body, hashedrekord_body
from .fault import Fault
from .identity import Identity, Publisher
from .key import SigningKey
from .log import TransparencyLog
from .provenance import PROVENANCE_FAULTS, provenance
from .statement import Predicate, pae, payload
from .tampering import TAMPERINGS
from .trust import trusted_root

TRUSTED_FROM = datetime(2025, 1, 1, tzinfo=UTC)
"""In the past of any clock: verifiers drop authorities and logs that are yet to come."""

SIGNED_AT = datetime(2025, 7, 1, 12, tzinfo=UTC)
"""When attestations are signed, unless a test says otherwise. They never expire."""

_LOGGED_AFTER = timedelta(seconds=1)
_LOGGED_TOO_LATE_OR_EARLY: Mapping[Fault | None, timedelta] = {
    Fault.EXPIRED_CERTIFICATE: timedelta(hours=1),
    Fault.PREMATURE_CERTIFICATE: timedelta(hours=-1),
}


@dataclass(frozen=True, slots=True)
class LocalSigstore:
    """A certificate authority and a transparency log, with keys that only tests trust."""

    authority: CertificateAuthority
    log: TransparencyLog

    @classmethod
    def create(cls) -> Self:
        """Make a Sigstore with keys of its own: one per test session is enough."""
        authority = CertificateAuthority.create(CertificateLog.create(), TRUSTED_FROM)
        return cls(authority, TransparencyLog.create())

    def trusted_root_json(self) -> bytes:
        """Write the `trusted_root.json` that makes a verifier believe this Sigstore."""
        return json.dumps(trusted_root(self.authority, self.log.key, TRUSTED_FROM)).encode()

    def attest(
        self,
        filename: str,
        content: bytes | str,
        identity: Identity,
        *,
        predicate: Predicate = "publish",
        publisher: Publisher | None = None,
        signed_at: datetime = SIGNED_AT,
        fault: Fault | None = None,
    ) -> MintedAttestation:
        """Attest that `identity` published a file; `content` is its bytes, or their hex SHA-256.

        The `publisher` is what an index would claim; by default, the truth.
        """
        if fault in PROVENANCE_FAULTS:
            raise ValueError(f"{fault} is a fault of a provenance object, not of an attestation")
        sha256 = content if isinstance(content, str) else hashlib.sha256(content).hexdigest()
        statement = payload(filename, sha256, predicate, identity, fault)
        signed = self._sign(statement, identity, signed_at, fault)
        document = {
            "version": 1,
            "verification_material": {
                "certificate": b64(signed.der),
                "transparency_entries": [self._log(signed, identity, signed_at, fault)],
            },
            "envelope": {"statement": b64(signed.payload), "signature": b64(signed.signature)},
        }
        if fault in TAMPERINGS:
            TAMPERINGS[fault](document)
        return MintedAttestation(document, identity.publisher if publisher is None else publisher)

    def provenance(
        self, attestations: Iterable[MintedAttestation], *, fault: Fault | None = None
    ) -> bytes:
        """Write a PEP 740 provenance object, with one bundle for each claimed publisher."""
        return provenance(attestations, fault)

    def publish(
        self,
        filename: str,
        content: bytes | str,
        identity: Identity,
        *,
        predicate: Predicate = "publish",
        publisher: Publisher | None = None,
        signed_at: datetime = SIGNED_AT,
        fault: Fault | None = None,
    ) -> bytes:
        """Attest one file and write its provenance object, with any `fault` where it belongs."""
        around = fault if fault in PROVENANCE_FAULTS else None
        inside = None if around else fault
        attestation = self.attest(
            filename,
            content,
            identity,
            predicate=predicate,
            publisher=publisher,
            signed_at=signed_at,
            fault=inside,
        )
        return self.provenance([attestation], fault=around)

    def _sign(
        self, statement: bytes, identity: Identity, at: datetime, fault: Fault | None
    ) -> Signed:
        """Sign `statement` with a new key that is certified to be that of `identity`."""
        authority = self.authority
        if fault is Fault.UNTRUSTED_CA:
            authority = CertificateAuthority.create(authority.log, TRUSTED_FROM)
        key = SigningKey.generate()
        certificate = authority.issue(key, identity, at, profile(fault))
        signer = SigningKey.generate() if fault is Fault.SIGNED_BY_OTHER_KEY else key
        return Signed(statement, signer.sign(pae(statement)), certificate)

    def _log(
        self, signed: Signed, identity: Identity, at: datetime, fault: Fault | None
    ) -> JsonObject:
        """Record `signed`, or what `fault` has in its place."""
        recorded = self._recorded(signed, identity, at, fault)
        log = TransparencyLog.create() if fault is Fault.UNKNOWN_LOG else self.log
        body = hashedrekord_body if fault is Fault.REKOR_V2_WITHOUT_TIMESTAMP else dsse_body
        delay = _LOGGED_TOO_LATE_OR_EARLY.get(fault, _LOGGED_AFTER)
        entry = log.record(body(recorded), at + delay)
        proof = entry["inclusionProof"]
        proof["checkpoint"]["envelope"] = self._checkpoint(proof, fault)
        return entry

    def _recorded(
        self, signed: Signed, identity: Identity, at: datetime, fault: Fault | None
    ) -> Signed:
        """Take `signed`, or the other thing of which `fault` has the log entry be."""
        match fault:
            case Fault.ENTRY_OF_OTHER_ENVELOPE:
                return replace(signed, payload=signed.payload + b"\n")
            case Fault.ENTRY_OF_OTHER_SIGNATURE:
                return replace(signed, signature=SigningKey.generate().sign(signed.payload))
            case Fault.ENTRY_OF_OTHER_CERTIFICATE:
                other = self.authority.issue(SigningKey.generate(), identity, at)
                return replace(signed, certificate=other)
            case _:
                return signed

    def _checkpoint(self, proof: JsonObject, fault: Fault | None) -> str:
        """Take the checkpoint of `proof`, or the one that `fault` has in its place."""
        size, root = int(proof["treeSize"]), b64decode(proof["rootHash"])
        match fault:
            case Fault.CHECKPOINT_OF_OTHER_TREE:
                return self.log.checkpoint(size, hashlib.sha256(b"another tree").digest())
            case Fault.CHECKPOINT_BY_OTHER_KEY:
                return TransparencyLog.create().checkpoint(size, root)
            case _:
                return str(proof["checkpoint"]["envelope"])
