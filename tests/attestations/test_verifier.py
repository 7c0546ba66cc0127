"""What the verifier accepts, whom it says it is, and what it says of everything else."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from guard.errors import PolicyError
from guard.publisher import (
    CIRCLECI,
    GITHUB,
    GITLAB,
    GOOGLE,
    PredicateKind,
    Provenance,
    PublisherKind,
)
from guard.publisher import Identity as Found
from guard.sources.trust_root import TrustRoot
from guard.sources.verifier import Verifier
from tests.attestations.minting import (
    COMMIT,
    CONTENT,
    FILENAME,
    SHA256,
    a_signature_bundle,
    proved,
    verified,
)
from tests.local_sigstore import Fault, Identity, LocalSigstore, Predicate, Stage

_CIRCLECI_PIPELINE: Final = (
    "https://circleci.com/api/v2/projects/00000000-0000-4000-8000-000000000001"
    "/pipeline-definitions/00000000-0000-4000-8000-000000000002"
)
_RELEASE: Final = "https://github.com/acme/widget/.github/workflows/release.yml@refs/tags/v1.0"
_SELF_MANAGED: Final = "https://gitlab.example.com"


def _gitlab(issuer: str, repository: str, owner: str) -> Found:
    pipeline = f"{issuer}/{repository}//.gitlab-ci.yml@refs/tags/v1.0"
    return Found(
        issuer=issuer,
        identity=pipeline,
        repository=repository,
        repository_id=3003,
        owner=owner,
        owner_id=4004,
        workflow=".gitlab-ci.yml",
        ref="refs/tags/v1.0",
        digest=COMMIT,
        environment="release",
        trigger="push",
        runner="gitlab-hosted",
        build_signer=pipeline,
        run=f"{issuer}/{repository}/-/jobs/1",
        subject=f"project_path:{repository}:ref:refs/tags/v1.0",
    )


WHO: Final[dict[str, tuple[Identity, Found, PublisherKind | None]]] = {
    "GitHub": (
        Identity.github(environment="release"),
        Found(
            issuer=GITHUB,
            identity=_RELEASE,
            repository="acme/widget",
            repository_id=1001,
            owner="acme",
            owner_id=2002,
            workflow="release.yml",
            ref="refs/tags/v1.0",
            digest=COMMIT,
            environment="release",
            trigger="release",
            runner="github-hosted",
            build_signer=_RELEASE,
            run="https://github.com/acme/widget/actions/runs/1/attempts/1",
            subject="repo:acme/widget:environment:release",
        ),
        PublisherKind.GITHUB,
    ),
    "GitLab": (
        Identity.gitlab("acme/tools/widget", environment="release"),
        _gitlab(GITLAB, "acme/tools/widget", "acme/tools"),
        PublisherKind.GITLAB,
    ),
    "self-managed GitLab": (
        Identity.gitlab(issuer=_SELF_MANAGED, environment="release"),
        _gitlab(_SELF_MANAGED, "acme/widget", "acme"),
        None,
    ),
    "Google": (
        Identity.google(),
        Found(issuer=GOOGLE, identity="publisher@example.com"),
        PublisherKind.GOOGLE,
    ),
    "CircleCI": (
        Identity.circleci(),
        Found(
            issuer=CIRCLECI,
            identity=_CIRCLECI_PIPELINE,
            repository="github.com/acme/widget",
            workflow="https://circleci.com/api/v2/pipeline/00000000-0000-4000-8000-000000000003/config",
            ref="refs/tags/v1.0",
            runner='""',
            build_signer=_CIRCLECI_PIPELINE,
            run="https://app.circleci.com//workflow/1",
        ),
        PublisherKind.CIRCLECI,
    ),
}

UNSUPPORTED: Final = {Fault.REKOR_V2_WITHOUT_TIMESTAMP, Fault.UNKNOWN_PUBLISHER_KIND}
"""What is not understood, which is not to say that it is forged."""

WHOLE: Final = {
    Fault.TRUNCATED_PROVENANCE,
    Fault.UNKNOWN_PROVENANCE_VERSION,
    Fault.NO_BUNDLES,
}
"""Faults of the whole object, in which there is no other bundle."""


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("predicate", ["publish", "slsa"])
def test_every_publisher_is_known_by_every_claim(
    sigstore: LocalSigstore,
    verifier: Verifier,
    who: str,
    predicate: Predicate,
) -> None:
    minted, found, kind = WHO[who]
    result = verified(verifier, sigstore.publish(FILENAME, CONTENT, minted, predicate=predicate))
    assert (result.invalid, result.unsupported) == ((), ())
    (attestation,) = result.attestations
    assert attestation.identity == found
    assert attestation.identity.kind is kind
    assert attestation.integrated_at == datetime(2025, 7, 1, 12, 0, 1, tzinfo=UTC)
    slsa = predicate == "slsa"
    assert attestation.predicate is (
        PredicateKind.SLSA_PROVENANCE if slsa else PredicateKind.PUBLISH
    )
    assert attestation.builder == (found.build_signer if slsa else None)


@pytest.mark.parametrize("fault", Fault)
def test_no_fault_is_accepted(sigstore: LocalSigstore, verifier: Verifier, fault: Fault) -> None:
    raw = sigstore.publish(FILENAME, CONTENT, Identity.github(environment="release"), fault=fault)
    result = verified(verifier, raw)
    assert result.attestations == ()
    said = (bool(result.invalid), bool(result.unsupported))
    if fault.stage is Stage.COUNT:
        assert said == (False, False), "nothing is attested, and nothing is wrong"
    else:
        assert said == (fault not in UNSUPPORTED, fault in UNSUPPORTED)


@pytest.mark.parametrize("fault", sorted(set(Fault) - WHOLE))
def test_a_good_attestation_does_not_make_up_for_a_bad_one(
    sigstore: LocalSigstore, verifier: Verifier, fault: Fault
) -> None:
    """The good one stands first, in a bundle of its own."""
    good = json.loads(sigstore.publish(FILENAME, CONTENT, Identity.gitlab()))
    bad = sigstore.publish(FILENAME, CONTENT, Identity.github(environment="release"), fault=fault)
    good["attestation_bundles"] += json.loads(bad)["attestation_bundles"]
    result = verified(verifier, json.dumps(good).encode())
    assert [found.kind for found in result.identities] == [PublisherKind.GITLAB]
    if fault.stage is not Stage.COUNT:
        assert len(result.invalid + result.unsupported) == 1


@pytest.mark.parametrize("last", [True, False])
def test_an_unknown_kind_of_publisher_hides_no_other_bundle(
    sigstore: LocalSigstore, verifier: Verifier, last: bool
) -> None:
    known = json.loads(sigstore.publish(FILENAME, CONTENT, Identity.github()))
    unknown = {**known["attestation_bundles"][0], "publisher": {"kind": "Unheard-of", "key": 1}}
    known["attestation_bundles"].insert(int(last), unknown)
    result = verified(verifier, json.dumps(known).encode())
    assert [found.repository for found in result.identities] == ["acme/widget"]
    assert result.unsupported == ("a publisher of kind 'Unheard-of'",)
    assert result.invalid == ()


def test_two_attestations_of_one_run_are_one_identity(
    sigstore: LocalSigstore, verifier: Verifier
) -> None:
    both = [
        sigstore.attest(FILENAME, CONTENT, Identity.github(), predicate=each)
        for each in ("publish", "slsa")
    ]
    result = verified(verifier, sigstore.provenance(both))
    assert len(result.attestations) == 2
    assert len(result.identities) == 1


def test_what_is_claimed_of_another_is_invalid(sigstore: LocalSigstore, verifier: Verifier) -> None:
    """An index that calls the signer somebody else's name proves nothing but that."""
    acme, evil = Identity.github(), Identity.github("evil/widget")
    raw = sigstore.publish(FILENAME, CONTENT, evil, publisher=acme.publisher)
    assert verified(verifier, raw) == Provenance(
        invalid=("the index says repository 'acme/widget', the certificate 'evil/widget'",)
    )


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("project_id", "ffffffff-0000-4000-8000-000000000001"),
        ("pipeline_definition_id", "ffffffff-0000-4000-8000-000000000002"),
        ("vcs_origin", "github.com/evil/widget"),
        ("vcs_ref", "refs/heads/main"),
    ],
)
def test_every_claim_of_a_pipeline_is_compared(
    sigstore: LocalSigstore, verifier: Verifier, claim: str, value: str
) -> None:
    identity = Identity.circleci()
    lie = {**identity.publisher, claim: value}
    result = verified(verifier, sigstore.publish(FILENAME, CONTENT, identity, publisher=lie))
    assert result.attestations == ()
    assert result.invalid[0].startswith("the index says ")


@pytest.mark.parametrize("missing", ["repository", "workflow"])
def test_a_claim_that_the_index_leaves_out_is_not_as_in_the_certificate(
    sigstore: LocalSigstore, verifier: Verifier, missing: str
) -> None:
    identity = Identity.github()
    partial = {key: value for key, value in identity.publisher.items() if key != missing}
    result = verified(verifier, sigstore.publish(FILENAME, CONTENT, identity, publisher=partial))
    assert result.attestations == ()
    assert f"the index says {missing} 'none'" in result.invalid[0].lower()


@pytest.mark.parametrize("nothing", [None, ""])
def test_no_environment_is_written_in_two_ways(
    sigstore: LocalSigstore, verifier: Verifier, nothing: str | None
) -> None:
    identity = Identity.github()
    publisher = {**identity.publisher, "environment": nothing}
    raw = sigstore.publish(FILENAME, CONTENT, identity, publisher=publisher)
    assert len(verified(verifier, raw).attestations) == 1


def test_an_environment_that_no_certificate_says_is_left_to_the_policy(
    sigstore: LocalSigstore, verifier: Verifier
) -> None:
    """Certificates before 2026 have no such claim, so that the index cannot be contradicted."""
    identity = replace(Identity.github(environment="release"), deployment_environment=None)
    (attestation,) = verified(verifier, sigstore.publish(FILENAME, CONTENT, identity)).attestations
    assert attestation.identity.environment is None


def test_repositories_are_the_same_in_any_case(sigstore: LocalSigstore, verifier: Verifier) -> None:
    identity = Identity.github()
    publisher = {**identity.publisher, "repository": "Acme/Widget"}
    raw = sigstore.publish(FILENAME, CONTENT, identity, publisher=publisher)
    assert len(verified(verifier, raw).attestations) == 1


@pytest.mark.parametrize("ref", ["refs/tags/widget@1.0.0", "refs/heads/a@b@c", "refs/tags/@"])
@pytest.mark.parametrize("make", [Identity.github, Identity.gitlab])
def test_a_ref_may_have_the_sign_that_comes_before_it(
    sigstore: LocalSigstore, verifier: Verifier, ref: str, make: Any
) -> None:
    """Repositories of several projects tag `widget@1.0.0`."""
    found = proved(sigstore, verifier, make(ref=ref))
    assert found.ref == ref
    assert found.workflow in {"release.yml", ".gitlab-ci.yml"}


def test_a_workflow_that_has_the_sign_in_its_own_name_is_not_another(
    sigstore: LocalSigstore, verifier: Verifier
) -> None:
    found = proved(sigstore, verifier, Identity.github(workflow="release.yml@x.yml"))
    assert found.workflow == "release.yml@x.yml"


def test_a_workflow_may_be_named_by_its_commit(sigstore: LocalSigstore, verifier: Verifier) -> None:
    by_commit = _RELEASE.replace("refs/tags/v1.0", COMMIT)
    found = proved(sigstore, verifier, Identity.github(), build_config_uri=by_commit)
    assert found.workflow == "release.yml"


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("source_repository_uri", "https://gitlab.com/acme/widget"),
        ("build_config_uri", _RELEASE.replace("acme", "evil")),
        ("build_config_uri", _RELEASE.replace("refs/tags", "refs/heads")),
        ("build_config_uri", _RELEASE.partition("@")[0]),
        ("source_repository_identifier", "1001 "),
        ("source_repository_identifier", "-1"),
        ("source_repository_identifier", "1\u066001"),
        ("source_repository_owner_identifier", "0x7d2"),
        ("source_repository_identifier", "9" * 30),
        ("source_repository_identifier", "9" * 5000),
        ("issuer", "https://token.actions.example.com"),
        ("issuer", None),
    ],
)
def test_a_certificate_that_contradicts_itself_proves_nothing(
    sigstore: LocalSigstore, verifier: Verifier, claim: str, value: str | None
) -> None:
    changes: dict[str, Any] = {claim: value}
    identity = replace(Identity.github(), **changes)
    result = verified(verifier, sigstore.publish(FILENAME, CONTENT, identity))
    assert result.attestations == ()
    assert len(result.invalid) == 1


def test_a_certificate_needs_an_issuer(sigstore: LocalSigstore, verifier: Verifier) -> None:
    identity = replace(Identity.google(), issuer=None)
    result = verified(verifier, sigstore.publish(FILENAME, CONTENT, identity))
    assert result.invalid == ("the certificate does not say who issued the identity (ClaimError)",)


def test_another_sigstore_is_not_believed(verifier: Verifier) -> None:
    stranger = LocalSigstore.create().publish(FILENAME, CONTENT, Identity.github())
    assert verified(verifier, stranger).attestations == ()


def test_a_bundle_says_the_same(sigstore: LocalSigstore, verifier: Verifier) -> None:
    minted = sigstore.attest(FILENAME, CONTENT, Identity.github())
    bundle = verifier.bundle(minted.to_bundle_json(), filename=FILENAME, sha256=SHA256)
    single = verifier.attestation(minted.to_json(), filename=FILENAME, sha256=SHA256)
    assert bundle == single == verified(verifier, sigstore.provenance([minted]))


def test_a_bundle_may_sign_the_file_itself(sigstore: LocalSigstore, verifier: Verifier) -> None:
    raw = a_signature_bundle(sigstore, Identity.google(), CONTENT)
    result = verifier.bundle(raw, filename=FILENAME, sha256=SHA256)
    assert [found.identity for found in result.identities] == ["publisher@example.com"]
    other = hashlib.sha256(b"other bytes").hexdigest()
    assert verifier.bundle(raw, filename=FILENAME, sha256=other).attestations == ()


def test_a_root_that_cannot_be_used_is_a_mistake_of_the_configuration() -> None:
    with pytest.raises(PolicyError, match="the trust root `mine` cannot be used"):
        Verifier(TrustRoot(b'{"certificateAuthorities": []}', "mine"))
