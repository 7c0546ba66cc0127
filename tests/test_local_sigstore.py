"""To the real verifiers the local Sigstore is a real one, and each fault is the fault it says."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from pypi_attestations import Attestation, AttestationType, Distribution, Provenance
from sigstore.errors import VerificationError
from sigstore.models import Bundle, TrustedRoot
from sigstore.verify import Verifier
from sigstore.verify.policy import UnsafeNoOp

from tests.local_sigstore import (
    ACCEPTED_BY_LIBRARIES,
    PROVENANCE_FAULTS,
    SIGNED_AT,
    Fault,
    Identity,
    LocalSigstore,
    Predicate,
    Stage,
)
from tests.local_sigstore.identity import claim_oid
from tests.local_sigstore.plain import StoppedError, claims, subject_alternative_name
from tests.local_sigstore.plain import verify as plain_verify

FILENAME = "widget-1.0-py3-none-any.whl"
CONTENT = b"the bytes of a wheel"
SHA256 = hashlib.sha256(CONTENT).hexdigest()

RELEASE = Identity.github(environment="release")
IDENTITIES = {
    "github": Identity.github(),
    "github-environment": RELEASE,
    "gitlab": Identity.gitlab(),
    "gitlab-subgroup": Identity.gitlab("acme/tools/widget", environment="release"),
    "google": Identity.google(),
    "circleci": Identity.circleci(),
    "circleci-webhook": Identity.circleci(vcs_origin=None, vcs_ref=None),
}
PREDICATES: dict[Predicate, AttestationType] = {
    "publish": AttestationType.PYPI_PUBLISH_V1,
    "slsa": AttestationType.SLSA_PROVENANCE_V1,
}
CLAIMS = {field.name: field.metadata["arc"] for field in fields(Identity) if field.metadata}

each_identity = pytest.mark.parametrize("identity", IDENTITIES.values(), ids=IDENTITIES)
each_fault = pytest.mark.parametrize("fault", Fault)


@pytest.fixture(scope="module")
def sigstore() -> LocalSigstore:
    return LocalSigstore.create()


@pytest.fixture
def verifier(sigstore: LocalSigstore, tmp_path: Path) -> Verifier:
    path = tmp_path / "trusted_root.json"
    path.write_bytes(sigstore.trusted_root_json())
    return Verifier(trusted_root=TrustedRoot.from_file(str(path)))


def verify(verifier: Verifier, raw: bytes) -> None:
    plain_verify(verifier, raw, FILENAME, SHA256)


def certificate_of(attestation: bytes) -> x509.Certificate:
    material = Attestation.model_validate_json(attestation).verification_material
    return x509.load_der_x509_certificate(material.certificate)


@pytest.fixture
def library(verifier: Verifier, monkeypatch: pytest.MonkeyPatch) -> None:
    """`Attestation.verify` takes no trusted root, so ours stands in for production's."""
    monkeypatch.setattr(Verifier, "production", lambda *, offline: verifier if offline else None)


def library_verify(raw: bytes) -> None:
    distribution = Distribution(name=FILENAME, digest=SHA256)
    for bundle in Provenance.model_validate_json(raw).attestation_bundles:
        for attestation in bundle.attestations:
            attestation.verify(bundle.publisher, distribution, offline=True)


@each_identity
@pytest.mark.parametrize("predicate", PREDICATES)
@pytest.mark.usefixtures("library")
def test_good_provenance_verifies(
    sigstore: LocalSigstore, verifier: Verifier, identity: Identity, predicate: Predicate
) -> None:
    raw = sigstore.publish(FILENAME, CONTENT, identity, predicate=predicate)
    verify(verifier, raw)
    library_verify(raw)


@pytest.mark.parametrize("predicate", PREDICATES)
def test_bundle_verifies(sigstore: LocalSigstore, verifier: Verifier, predicate: Predicate) -> None:
    minted = sigstore.attest(FILENAME, CONTENT, RELEASE, predicate=predicate)
    bundle = Bundle.from_json(minted.to_bundle_json())
    _, payload = verifier.verify_dsse(bundle, UnsafeNoOp())
    assert json.loads(payload)["predicateType"] == PREDICATES[predicate]


def test_file_can_be_given_by_its_digest(sigstore: LocalSigstore, verifier: Verifier) -> None:
    verify(verifier, sigstore.publish(FILENAME, SHA256, RELEASE))


def test_time_of_signing_can_be_chosen(sigstore: LocalSigstore, verifier: Verifier) -> None:
    later = SIGNED_AT + timedelta(days=30)
    minted = sigstore.attest(FILENAME, CONTENT, RELEASE, signed_at=later)
    assert certificate_of(minted.to_json()).not_valid_before_utc == later
    verify(verifier, sigstore.provenance([minted]))


def test_every_place_in_the_log_is_proved(sigstore: LocalSigstore, verifier: Verifier) -> None:
    """More entries than a shard has, so that trees of all shapes occur."""
    for _ in range(12):
        verify(verifier, sigstore.publish(FILENAME, CONTENT, RELEASE))


@each_identity
def test_certificate_states_the_identity(sigstore: LocalSigstore, identity: Identity) -> None:
    minted = sigstore.attest(FILENAME, CONTENT, identity).to_json()
    certificate = certificate_of(minted)
    assert claims(certificate) == identity.claims
    assert subject_alternative_name(certificate) == identity.san
    library_claims = Attestation.model_validate_json(minted).certificate_claims
    expected = {claim_oid(arc): value for arc, value in identity.claims.items() if arc <= 22}
    assert library_claims == expected


@pytest.mark.parametrize(("claim", "arc"), CLAIMS.items(), ids=CLAIMS)
def test_any_claim_can_be_absent(
    sigstore: LocalSigstore, verifier: Verifier, claim: str, arc: int
) -> None:
    absent: dict[str, Any] = {claim: None}
    identity = replace(RELEASE, **absent)
    minted = sigstore.attest(FILENAME, CONTENT, identity)
    assert claims(certificate_of(minted.to_json())).keys() == RELEASE.claims.keys() - {arc}
    verifier.verify_dsse(Bundle.from_json(minted.to_bundle_json()), UnsafeNoOp())


@pytest.mark.usefixtures("library")
def test_self_managed_gitlab_is_no_publisher(sigstore: LocalSigstore, verifier: Verifier) -> None:
    """A publisher names no issuer, so only who knows the identity can accept this one."""
    identity = Identity.gitlab(issuer="https://gitlab.example.com")
    raw = sigstore.publish(FILENAME, CONTENT, identity)
    with pytest.raises(StoppedError, match=Stage.PUBLISHER):
        verify(verifier, raw)
    with pytest.raises(ValueError, match="OIDCIssuerV2"):
        library_verify(raw)


@each_fault
def test_fault_is_stopped_at_its_stage(
    sigstore: LocalSigstore, verifier: Verifier, fault: Fault
) -> None:
    raw = sigstore.publish(FILENAME, CONTENT, RELEASE, fault=fault)
    with pytest.raises(StoppedError, match=f"^{fault.stage}$"):
        verify(verifier, raw)


@each_fault
@pytest.mark.usefixtures("library")
def test_libraries_accept_no_other_faults(sigstore: LocalSigstore, fault: Fault) -> None:
    raw = sigstore.publish(FILENAME, CONTENT, RELEASE, fault=fault)
    if fault in ACCEPTED_BY_LIBRARIES:
        library_verify(raw)
    else:
        with pytest.raises(Exception):  # noqa: B017, PT011 - of any kind: see `plain.stopping_at`
            library_verify(raw)


@each_identity
@pytest.mark.parametrize(
    "fault", [Fault.OTHER_PUBLISHER_KIND, Fault.OTHER_PUBLISHER, Fault.OTHER_WORKFLOW]
)
def test_any_publisher_can_be_misclaimed(
    sigstore: LocalSigstore, verifier: Verifier, identity: Identity, fault: Fault
) -> None:
    if fault is Fault.OTHER_WORKFLOW and "email" in identity.publisher:
        with pytest.raises(ValueError, match="a Google publisher has none of: workflow"):
            sigstore.publish(FILENAME, CONTENT, identity, fault=fault)
        return
    raw = sigstore.publish(FILENAME, CONTENT, identity, fault=fault)
    with pytest.raises(StoppedError, match=Stage.PUBLISHER):
        verify(verifier, raw)


def test_good_attestation_does_not_hide_a_bad_one(
    sigstore: LocalSigstore, verifier: Verifier
) -> None:
    good = sigstore.attest(FILENAME, CONTENT, RELEASE)
    bad = sigstore.attest(FILENAME, CONTENT, RELEASE, fault=Fault.WRONG_DIGEST)
    verify(verifier, sigstore.provenance([good, good]))
    with pytest.raises(StoppedError, match=Stage.STATEMENT):
        verify(verifier, sigstore.provenance([good, bad]))


def test_each_publisher_has_one_bundle(sigstore: LocalSigstore, verifier: Verifier) -> None:
    github, gitlab = IDENTITIES["github"], IDENTITIES["gitlab"]
    minted = [sigstore.attest(FILENAME, CONTENT, who) for who in (github, gitlab, github)]
    raw = sigstore.provenance(minted)
    verify(verifier, raw)
    bundles = Provenance.model_validate_json(raw).attestation_bundles
    assert [(b.publisher.kind, len(b.attestations)) for b in bundles] == [
        ("GitHub", 2),
        ("GitLab", 1),
    ]


def test_claimed_publisher_can_be_chosen(sigstore: LocalSigstore, verifier: Verifier) -> None:
    impostor = Identity.github("elsewhere/widget")
    raw = sigstore.publish(FILENAME, CONTENT, impostor, publisher=RELEASE.publisher)
    with pytest.raises(StoppedError, match=Stage.PUBLISHER):
        verify(verifier, raw)


@pytest.mark.parametrize("fault", sorted(fault for fault in PROVENANCE_FAULTS if fault))
def test_attestation_has_no_fault_of_the_provenance(sigstore: LocalSigstore, fault: Fault) -> None:
    with pytest.raises(ValueError, match="fault of a provenance object"):
        sigstore.attest(FILENAME, CONTENT, RELEASE, fault=fault)


def test_one_local_sigstore_does_not_trust_another(verifier: Verifier) -> None:
    minted = LocalSigstore.create().attest(FILENAME, CONTENT, RELEASE)
    with pytest.raises(VerificationError):
        verifier.verify_dsse(Bundle.from_json(minted.to_bundle_json()), UnsafeNoOp())
