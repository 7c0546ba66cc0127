"""The one kind of key that everything here signs with."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


@dataclass(frozen=True)
class SigningKey:
    """A P-256 key that signs with SHA-256, and the names that others know it by."""

    private: ec.EllipticCurvePrivateKey

    @classmethod
    def generate(cls) -> Self:
        """Make a new key, which nobody trusts yet."""
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @cached_property
    def public(self) -> ec.EllipticCurvePublicKey:
        """The key to verify with."""
        return self.private.public_key()

    @cached_property
    def spki(self) -> bytes:
        """The public key as a DER SubjectPublicKeyInfo."""
        return self.public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @cached_property
    def key_id(self) -> bytes:
        """The name that logs and their entries know the key by.

        RFC-6962: the SHA-256 hash of the log's public key, calculated over the DER encoding of
                  the key represented as SubjectPublicKeyInfo
        """
        return hashlib.sha256(self.spki).digest()

    def sign(self, message: bytes) -> bytes:
        """Sign `message`, as a DER ECDSA signature."""
        return self.private.sign(message, ec.ECDSA(hashes.SHA256()))
