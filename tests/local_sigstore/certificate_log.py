"""A certificate transparency log, as far as a certificate shows of it: its timestamps."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from .key import SigningKey

_V1 = 0
_CERTIFICATE_TIMESTAMP = 0
_PRECERT_ENTRY = 1
_NO_EXTENSIONS = b"\0\0"
_SHA256_WITH_ECDSA = b"\x04\x03"


@dataclass(frozen=True, slots=True)
class CertificateLog:
    """A log that says of every certificate that it has seen it."""

    key: SigningKey

    @classmethod
    def create(cls) -> Self:
        """Make a log with a key of its own."""
        return cls(SigningKey.generate())

    def timestamp(self, body: bytes, issuer: SigningKey, at: datetime) -> bytes:
        """Promise that a certificate with this `body`, from this `issuer`, was seen `at` a time.

        RFC-6962: 3.2. Structure of the Signed Certificate Timestamp
        """
        time = struct.pack("!Q", int(at.timestamp() * 1000))
        signature = self.key.sign(
            bytes((_V1, _CERTIFICATE_TIMESTAMP))
            + time
            + struct.pack("!H", _PRECERT_ENTRY)
            + issuer.key_id
            + len(body).to_bytes(3, "big")
            + body
            + _NO_EXTENSIONS
        )
        return (
            bytes((_V1,))
            + self.key.key_id
            + time
            + _NO_EXTENSIONS
            + _SHA256_WITH_ECDSA
            + _vector(signature)
        )


def timestamp_list(timestamps: Iterable[bytes]) -> bytes:
    """Write `timestamps` as a certificate has them.

    RFC-6962: SerializedSCT sct_list <1..2^16-1>
    """
    return _vector(b"".join(_vector(timestamp) for timestamp in timestamps))


def _vector(raw: bytes) -> bytes:
    """Write `raw` as a TLS vector, after two bytes of length."""
    return struct.pack("!H", len(raw)) + raw
