"""The verification that a `Stage` is a stage of, done with the real libraries.

It does what any verifier of provenance has to do, and no more: it says which faults Sigstore and
`pypi_attestations` find, and which are left to their caller.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cryptography import x509
from cryptography.hazmat import asn1
from pypi_attestations import (
    Attestation,
    AttestationType,
    CircleCIPublisher,
    GitHubPublisher,
    GitLabPublisher,
    GooglePublisher,
    Provenance,
    Publisher,
)
from sigstore.verify import Verifier
from sigstore.verify.policy import UnsafeNoOp

from .fault import Stage
from .identity import (
    CIRCLECI_ISSUER,
    CLAIMS_OID,
    GITHUB_ISSUER,
    GITLAB_ISSUER,
    GOOGLE_ISSUER,
)
from .statement import PAYLOAD_TYPE


class StoppedError(Exception):
    """Something is wrong with a provenance object; the first argument is the stage."""


@contextmanager
def stopping_at(stage: Stage) -> Iterator[None]:
    """Turn whatever is wrong into a `StoppedError` at this `stage`."""
    try:
        yield
    # Everything: for some faults the libraries let binascii.Error and the like through.
    except Exception as error:
        raise StoppedError(stage) from error


def verify(verifier: Verifier, raw: bytes, filename: str, sha256: str) -> None:
    """Accept a provenance object of which every attestation is about this file, or stop."""
    with stopping_at(Stage.PARSE):
        provenance = Provenance.model_validate_json(raw)
    with stopping_at(Stage.COUNT):
        assert provenance.attestation_bundles
        assert all(bundle.attestations for bundle in provenance.attestation_bundles)
    subject = {"name": filename, "digest": {"sha256": sha256}}
    for bundle in provenance.attestation_bundles:
        for attestation in bundle.attestations:
            _verify_attestation(verifier, attestation, bundle.publisher, subject)


def claims(certificate: x509.Certificate) -> dict[int, str]:
    """Read the claims .8 and up, all of which must be DER strings."""
    prefix = f"{CLAIMS_OID}."
    values = {
        int(extension.oid.dotted_string.removeprefix(prefix)): extension.value.public_bytes()
        for extension in certificate.extensions
        if extension.oid.dotted_string.startswith(prefix)
    }
    return {arc: asn1.decode_der(str, value) for arc, value in values.items() if arc >= 8}


def subject_alternative_name(certificate: x509.Certificate) -> str:
    """Read the one address or URI that the certificate is for."""
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    (name,) = names
    return str(name.value)


def _verify_attestation(
    verifier: Verifier, attestation: Attestation, publisher: Publisher, subject: dict[str, Any]
) -> None:
    with stopping_at(Stage.CONVERT):
        bundle = attestation.to_bundle()
    with stopping_at(Stage.VERIFY):
        payload_type, payload = verifier.verify_dsse(bundle, UnsafeNoOp())
    with stopping_at(Stage.STATEMENT):
        assert payload_type == PAYLOAD_TYPE
        statement = json.loads(payload)
        assert statement["_type"] == "https://in-toto.io/Statement/v1"
        assert statement["subject"] == [subject]
        AttestationType(statement["predicateType"])
    with stopping_at(Stage.PUBLISHER):
        certificate = bundle.signing_certificate
        expected = _expected_claims(publisher, certificate)
        present = claims(certificate)
        assert {arc: present.get(arc) for arc in expected} == expected


def _expected_claims(publisher: Publisher, certificate: x509.Certificate) -> dict[int, str | None]:
    """Say what the certificate of `publisher` claims; None is a claim that must be absent."""
    ref = claims(certificate).get(14)
    match publisher:
        case GitHubPublisher():
            uri = f"https://github.com/{publisher.repository}"
            build = f"{uri}/.github/workflows/{publisher.workflow}@{ref}"
            return {8: GITHUB_ISSUER, 12: uri, 18: build, 23: publisher.environment}
        case GitLabPublisher():
            uri = f"{GITLAB_ISSUER}/{publisher.repository}"
            build = f"{uri}//{publisher.workflow_filepath}@{ref}"
            return {8: GITLAB_ISSUER, 12: uri, 18: build, 23: publisher.environment}
        case GooglePublisher():
            assert subject_alternative_name(certificate) == publisher.email
            return {8: GOOGLE_ISSUER}
        case CircleCIPublisher():
            project = f"https://circleci.com/api/v2/projects/{publisher.project_id}"
            signer = f"{project}/pipeline-definitions/{publisher.pipeline_definition_id}"
            origin = {12: publisher.vcs_origin, 14: publisher.vcs_ref}
            return {8: CIRCLECI_ISSUER, 9: signer, **origin}
