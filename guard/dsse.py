"""DSSE: some bytes in an envelope, and the signatures of those who vouch for them.

Signed is never the payload alone but its type as well, so that no document passes for one of
another kind. Keys are Ed25519, in PEM, as `openssl genpkey -algorithm ed25519` makes them.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

IN_TOTO: Final = "application/vnd.in-toto+json"
"""The type of a payload that is an in-toto statement."""

STATEMENT: Final = "https://in-toto.io/Statement/v1"

_KEY_LIMIT: Final = 100_000
_MOST: Final = 16
"""Signatures that one envelope may have."""


class SealError(ValueError):
    """An envelope, a signature or a key is not what it should be."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key to verify with; `id` is the sha256 of its SubjectPublicKeyInfo."""

    key: Ed25519PublicKey = field(repr=False)
    id: str

    def signed(self, message: bytes, signature: bytes) -> bool:
        """Tell whether `signature` is this key's, over `message`."""
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - 42 ms, see below

        try:
            self.key.verify(signature, message)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A key to sign with. Never shown."""

    key: Ed25519PrivateKey = field(repr=False)
    public: PublicKey

    def seal(self, payload: bytes) -> str:
        """Return the envelope around an in-toto statement, as one line of JSON without its end."""
        signature = self.key.sign(_authenticated(payload))
        return json.dumps(
            {
                "payload": _text(payload),
                "payloadType": IN_TOTO,
                "signatures": [{"keyid": self.public.id, "sig": _text(signature)}],
            },
            separators=(",", ":"),
        )


def private_key(path: Path) -> PrivateKey:
    """Return the key in the PEM file at `path`. Raises `SealError`; says nothing of its content."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - 42 ms, rarely used
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    content = _content(path)
    try:
        key = load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise SealError("it is no private key in PEM without a passphrase") from None
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise SealError("it is no Ed25519 key")
    return PrivateKey(key, _named(key.public_key()))


def public_key(path: Path) -> PublicKey:
    """Return the key in the PEM file at `path`. Raises `SealError`."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_public_key  # noqa: PLC0415

    content = _content(path)
    try:
        key = load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm):
        raise SealError("it is no public key in PEM") from None
    if not isinstance(key, ed25519.Ed25519PublicKey):
        raise SealError("it is no Ed25519 key")
    return _named(key)


def public_key_of(spki: bytes) -> PublicKey:
    """Return the key that a SubjectPublicKeyInfo is. Raises `SealError`."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_der_public_key  # noqa: PLC0415

    try:
        key = load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm):
        raise SealError("it is no public key") from None
    if not isinstance(key, ed25519.Ed25519PublicKey):
        raise SealError("it is no Ed25519 key")
    return _named(key)


def opened(envelope: bytes, keys: Sequence[PublicKey]) -> tuple[bytes, PublicKey]:
    """Return the payload, and which of `keys` has signed it. Raises `SealError`.

    Nothing of the payload is read before its signature holds.
    """
    payload, signatures = _parsed(envelope)
    message = _authenticated(payload)
    known = {key.id: key for key in keys}
    signers = [(known[name], signature) for name, signature in signatures if name in known]
    if not signers:
        raise SealError("it is signed by another key")
    for key, signature in signers:
        if key.signed(message, signature):
            return payload, key
    raise SealError("the signature does not hold")


def unopened(envelope: bytes) -> bytes:
    """Return the payload, whoever has signed it. Raises `SealError`."""
    return _parsed(envelope)[0]


def json_object(raw: bytes) -> dict[str, Any]:
    """Return a JSON object in which no key is given twice. Raises `SealError`."""
    try:
        document = json.loads(raw.decode("utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise SealError("it is not JSON, or says something twice") from None
    if not isinstance(document, dict):
        raise SealError("it is no JSON object")
    return document


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(_KEY_LIMIT)
    except OSError as error:
        raise SealError(f"it could not be read: {error.strerror}") from None


def _named(key: Ed25519PublicKey) -> PublicKey:
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - as above
        Encoding,
        PublicFormat,
    )

    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return PublicKey(key, hashlib.sha256(spki).hexdigest())


def _authenticated(payload: bytes) -> bytes:
    """Return what is signed: DSSE's pre-authentication encoding of an in-toto statement."""
    return b"DSSEv1 %d %s %d %s" % (len(IN_TOTO), IN_TOTO.encode(), len(payload), payload)


def _parsed(envelope: bytes) -> tuple[bytes, list[tuple[str, bytes]]]:
    document = json_object(envelope)
    signatures = document.get("signatures")
    if document.keys() != {"payload", "payloadType", "signatures"} or not signatures:
        raise SealError("it is no DSSE envelope")
    if document["payloadType"] != IN_TOTO:
        raise SealError("it is about something else than an in-toto statement")
    if not isinstance(signatures, list) or len(signatures) > _MOST:
        raise SealError("it is no DSSE envelope")
    return _bytes(document["payload"]), [_signature(given) for given in signatures]


def _signature(given: object) -> tuple[str, bytes]:
    if not isinstance(given, dict) or given.keys() != {"keyid", "sig"}:
        raise SealError("it is no DSSE envelope")
    return str(given["keyid"]), _bytes(given["sig"])


def _text(content: bytes) -> str:
    return b64encode(content).decode("ascii")


def _bytes(text: object) -> bytes:
    """Return what base64 says, if it says it in the one way."""
    try:
        content = b64decode(str(text), validate=True)
    except ValueError:
        raise SealError("it is no DSSE envelope") from None
    if _text(content) != text:
        raise SealError("it is no DSSE envelope")
    return content


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a key is given twice")
    return document
