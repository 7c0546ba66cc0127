"""What is signed: an in-toto statement that one file was published."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

from pypi_attestations import AttestationType

from .encoding import JsonObject
from .fault import Fault
from .identity import Identity

Predicate: TypeAlias = Literal["publish", "slsa"]

PAYLOAD_TYPE = "application/vnd.in-toto+json"

_PREDICATE_TYPES: Mapping[Predicate, str] = {
    "publish": AttestationType.PYPI_PUBLISH_V1.value,
    "slsa": AttestationType.SLSA_PROVENANCE_V1.value,
}

_OTHER_DIGEST = hashlib.sha256(b"other bytes").hexdigest()
_OTHER_SHA512 = hashlib.sha512(b"other bytes").hexdigest()
_OTHER_FILENAME = "other-1.0.tar.gz"


def payload(
    filename: str, sha256: str, predicate: Predicate, identity: Identity, fault: Fault | None
) -> bytes:
    """Write the statement to be signed, with `fault` if it is one of a statement."""
    if fault is Fault.PAYLOAD_NOT_JSON:
        return b"not JSON"
    body = _slsa_predicate(identity) if predicate == "slsa" else None
    statement: JsonObject = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": filename, "digest": {"sha256": sha256}}],
        "predicateType": _PREDICATE_TYPES[predicate],
        "predicate": body,
    }
    if fault in _CHANGES:
        _CHANGES[fault](statement)
    return encoded(statement)


def encoded(statement: JsonObject) -> bytes:
    """Write `statement` as the publishing tools do."""
    return json.dumps(statement, separators=(",", ":")).encode()


def change_digest(statement: JsonObject) -> None:
    """Make `statement` speak of other bytes."""
    statement["subject"][0]["digest"]["sha256"] = _OTHER_DIGEST


def pae(body: bytes) -> bytes:
    """Encode `body` for signing.

    DSSE: PAE(type, body) = "DSSEv1" + SP + LEN(type) + SP + type + SP + LEN(body) + SP + body
    """
    return b"DSSEv1 %d %b %d %b" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(body), body)


def _slsa_predicate(identity: Identity) -> JsonObject:
    """Describe the build by the few fields that SLSA provenance v1 requires."""
    return {
        "buildDefinition": {
            "buildType": "https://actions.github.io/buildtypes/workflow/v1",
            "externalParameters": {"workflow": {"path": identity.build_config_uri}},
        },
        "runDetails": {
            "builder": {"id": identity.build_signer_uri},
            "metadata": {"invocationId": identity.run_invocation_uri},
        },
    }


def _add_subject(statement: JsonObject) -> None:
    other = {"name": _OTHER_FILENAME, "digest": {"sha256": _OTHER_DIGEST}}
    statement["subject"].append(other)


def _change_filename(statement: JsonObject) -> None:
    statement["subject"][0]["name"] = _OTHER_FILENAME


def _drop_name(statement: JsonObject) -> None:
    statement["subject"][0]["name"] = None


def _drop_sha256(statement: JsonObject) -> None:
    statement["subject"][0]["digest"] = {"sha512": _OTHER_SHA512}


def _change_type(statement: JsonObject) -> None:
    statement["_type"] = "https://in-toto.io/Statement/v0.1"


def _change_predicate_type(statement: JsonObject) -> None:
    statement["predicateType"] = "https://example.com/attestations/unheard-of/v1"


_CHANGES: Mapping[Fault | None, Callable[[JsonObject], None]] = {
    Fault.WRONG_DIGEST: change_digest,
    Fault.WRONG_FILENAME: _change_filename,
    Fault.TWO_SUBJECTS: _add_subject,
    Fault.NO_SUBJECT_NAME: _drop_name,
    Fault.NO_SHA256: _drop_sha256,
    Fault.UNKNOWN_STATEMENT_TYPE: _change_type,
    Fault.UNKNOWN_PREDICATE_TYPE: _change_predicate_type,
}
