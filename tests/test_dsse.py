"""Envelopes: what is signed, by whom, and that nothing else passes for it."""

from __future__ import annotations

import json
import subprocess
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from guard.dsse import PrivateKey, PublicKey, SealError, opened, private_key, public_key, unopened
from tests.evidence.leaving import a_key, a_key_file

PAYLOAD = b'{"_type": "https://in-toto.io/Statement/v1"}'


@pytest.fixture
def key(tmp_path: Path) -> PrivateKey:
    return a_key(tmp_path)


@pytest.fixture
def other(tmp_path: Path) -> PublicKey:
    return a_key(tmp_path, 2).public


def test_what_was_sealed_is_opened_by_whoever_knows_the_key(
    key: PrivateKey, other: PublicKey
) -> None:
    envelope = key.seal(PAYLOAD).encode()
    assert opened(envelope, [other, key.public]) == (PAYLOAD, key.public)
    assert unopened(envelope) == PAYLOAD


def test_a_stranger_s_signature_is_none(key: PrivateKey, other: PublicKey) -> None:
    with pytest.raises(SealError, match="signed by another key"):
        opened(key.seal(PAYLOAD).encode(), [other])
    with pytest.raises(SealError, match="signed by another key"):
        opened(key.seal(PAYLOAD).encode(), [])


def test_a_stranger_does_not_pass_by_claiming_the_id_of_another(
    key: PrivateKey, other: PublicKey
) -> None:
    document = json.loads(key.seal(PAYLOAD))
    document["signatures"][0]["keyid"] = other.id
    with pytest.raises(SealError, match="does not hold"):
        opened(json.dumps(document).encode(), [other])


def test_any_of_several_signatures_will_do(key: PrivateKey, tmp_path: Path) -> None:
    first, second = json.loads(key.seal(PAYLOAD)), json.loads(a_key(tmp_path, 2).seal(PAYLOAD))
    first["signatures"] = second["signatures"] + first["signatures"]
    assert opened(json.dumps(first).encode(), [key.public])[0] == PAYLOAD


def test_the_type_is_signed_too(key: PrivateKey) -> None:
    """A signature over the bare payload, or over one of another type, is not one over this."""
    for message in (PAYLOAD, b"DSSEv1 4 text %d %s" % (len(PAYLOAD), PAYLOAD)):
        document = json.loads(key.seal(PAYLOAD))
        signature = b64encode(key.key.sign(message)).decode()
        document["signatures"][0]["sig"] = signature
        with pytest.raises(SealError, match="does not hold"):
            opened(json.dumps(document).encode(), [key.public])


@pytest.mark.parametrize(
    "change",
    [
        {"payloadType": "text/plain"},
        {"signatures": []},
        {"signatures": None},
        {"signatures": [{"sig": ""}]},
        {"signatures": ["sig"]},
        {"signatures": [{"keyid": "", "sig": "", "cert": ""}]},
        {"signatures": [{"keyid": "", "sig": ""}] * 17},
        {"payload": "not base64!"},
        {"payload": 7},
        {"payload": "QR=="},  # the same byte as QQ==, written in another way
        {"more": 1},
    ],
)
def test_what_is_no_envelope_is_refused(change: dict[str, Any], key: PrivateKey) -> None:
    document = json.loads(key.seal(PAYLOAD)) | change
    with pytest.raises(SealError):
        opened(json.dumps(document).encode(), [key.public])


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"a": 1, "a": 2}', "[" * 100_000, "\xff", "1" * 5000]
)
def test_what_is_no_json_is_refused(text: str, key: PrivateKey) -> None:
    with pytest.raises(SealError):
        opened(text.encode("latin-1"), [key.public])


@given(data=st.data())
def test_no_byte_can_be_changed(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    key = a_key(tmp_path_factory.getbasetemp())
    envelope = bytearray(key.seal(PAYLOAD).encode())
    place = data.draw(st.integers(0, len(envelope) - 1))
    value = data.draw(st.integers(0, 255).filter(lambda value: value != envelope[place]))
    envelope[place] = value
    with pytest.raises(SealError):
        opened(bytes(envelope), [key.public])


def test_keys_of_openssl_are_read(tmp_path: Path) -> None:
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    made = ["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(private)]
    subprocess.run(made, check=True, timeout=60)
    told = ["openssl", "pkey", "-in", str(private), "-pubout", "-out", str(public)]
    subprocess.run(told, check=True, timeout=60)
    assert private_key(private).public.id == public_key(public).id


def test_keys_that_cannot_be_used_say_why_and_nothing_else(tmp_path: Path) -> None:
    foreign = ec.generate_private_key(ec.SECP256R1())
    locked = a_key(tmp_path).key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    )
    bad = {
        "foreign": foreign.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        "locked": locked,
        "public": a_key_file(tmp_path).with_suffix(".pub").read_bytes(),
        "empty": b"",
        "garbage": b"-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n",
    }
    for name, content in bad.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(SealError) as error:
            private_key(tmp_path / name)
        assert "secret" not in str(error.value)
    with pytest.raises(SealError, match="No such file"):
        private_key(tmp_path / "missing")
    other = foreign.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "other.pub").write_bytes(other)
    with pytest.raises(SealError, match="no Ed25519 key"):
        public_key(tmp_path / "other.pub")
    with pytest.raises(SealError, match="no public key"):
        public_key(a_key_file(tmp_path))


def test_a_private_key_is_never_shown(key: PrivateKey) -> None:
    assert "key=" not in repr(key)
