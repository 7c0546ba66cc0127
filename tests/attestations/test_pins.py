"""What a pin can demand: each claim of the certificate, exactly, and each mistake in writing it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from guard.model import Decision, Requested
from guard.publisher import Identity as Found
from guard.publisher import IdentityPattern, PublisherKind
from guard.sources.verifier import Verifier
from tests.attestations.minting import CONTENT, FILENAME, proved, verified
from tests.attestations.publishers import ACME, EVIL, acme, attested, pinned, widget
from tests.builders import a_policy, a_verdict
from tests.local_sigstore import Identity, LocalSigstore

RELEASE: Final = replace(
    Identity.github(environment="release"), publisher=Identity.github().publisher
)
"""From an environment, of which the index says nothing, as for most projects."""

_WORKFLOW: Final = "https://github.com/acme/widget/.github/workflows/release.yml@refs/tags"
_REUSABLE: Final = "https://github.com/evil/actions/.github/workflows/publish.yml@refs/heads/main"


def acmes(claims: str) -> str:
    """The same, to acme's repository and whatever else `claims` say."""
    return pinned(f'kind = "GitHub", repository = "acme/widget", {claims}')


_PIPELINE: Final = (
    'kind = "CircleCI", build-signer = "https://circleci.com/api/v2/projects/'
    '00000000-0000-4000-8000-000000000001/**"'
)

GAPS: Final[dict[str, tuple[dict[str, Any], str, str]]] = {
    "environment": (
        {"deployment_environment": "evil"},
        'environment = "release"',
        "environment is evil, not release",
    ),
    "ref": (
        {
            "source_repository_ref": "refs/heads/evil",
            "build_config_uri": _WORKFLOW.replace("tags", "heads/evil"),
        },
        'ref = "refs/tags/*"',
        "ref is refs/heads/evil, not refs/tags/*",
    ),
    "trigger": (
        {"build_trigger": "pull_request_target"},
        'trigger = "release"',
        "trigger is pull_request_target, not release",
    ),
    "repository id": (
        {"source_repository_identifier": "666"},
        "repository-id = 1001",
        "repository-id is 666, not 1001",
    ),
    "owner id": (
        {"source_repository_owner_identifier": "667"},
        "owner-id = 2002",
        "owner-id is 667, not 2002",
    ),
    "runner": (
        {"runner_environment": "self-hosted"},
        'runner = "github-hosted"',
        "runner is self-hosted, not github-hosted",
    ),
    "build signer": (
        {"build_signer_uri": _REUSABLE},
        f'build-signer = "{_WORKFLOW}/*"',
        f"build-signer is {_REUSABLE}, not {_WORKFLOW}/*",
    ),
    "identity": (
        {"san": _REUSABLE},
        f'identity = "{_WORKFLOW}/*"',
        f"identity is {_REUSABLE}, not {_WORKFLOW}/*",
    ),
}
"""What `pypi_attestations` accepts as acme/widget: the claim, a pin, and its objection."""


@pytest.mark.parametrize(
    ("changes", "pin", "objection"), [pytest.param(*gap, id=name) for name, gap in GAPS.items()]
)
def test_what_the_libraries_accept_is_denied_by_a_pin_on_the_claim(
    sigstore: LocalSigstore,
    verifier: Verifier,
    changes: dict[str, Any],
    pin: str,
    objection: str,
) -> None:
    """The same index, claiming the same publisher, with the right certificate and the wrong one."""
    right = attested(proved(sigstore, verifier, RELEASE))
    wrong = attested(proved(sigstore, verifier, RELEASE, **changes))
    assert a_verdict(widget(provenance=right), acmes(pin)).findings == ()
    verdict = a_verdict(widget(provenance=wrong), acmes(pin))
    assert verdict.decision is Decision.DENIED
    (finding,) = verdict.findings
    assert (finding.rule, finding.unknown) == ("unexpected-publisher", False)
    assert finding.message.endswith(f": {objection}")
    assert a_verdict(widget(provenance=wrong), acmes('owner = "acme"')).findings == (), (
        "a pin that does not name the claim cannot tell"
    )


def decided(pin: str, found: Found) -> Decision:
    return a_verdict(widget(provenance=attested(found)), pin).decision


@pytest.mark.parametrize(
    ("glob", "ref", "fits"),
    [
        ("refs/tags/*", "refs/tags/v1.0", True),
        ("refs/tags/*", "refs/tags/a/b", False),
        ("refs/tags/*", "refs/tags", False),
        ("refs/tags/*", "refs/heads/refs/tags/v1", False),
        ("refs/tags/*", "xrefs/tags/v1", False),
        ("refs/tags/**", "refs/tags/a/b", True),
        ("refs/**/v1", "refs/tags/a/v1", True),
        ("refs/**/v1", "refs/v1", True),
        ("refs/**/v1", "refs/tags/v1/x", False),
        ("**", "refs/tags/a/b", True),
        ("refs/tags/v1", "refs/tags/v1.0", False),
        ("refs/tags/v1", "refs/tags/v1\n", False),
        ("refs/tags/v?", "refs/tags/v1", True),
        ("refs/tags/v?", "refs/tags/v", False),
        ("refs/tags/v[0-9].*", "refs/tags/v1.0", True),
        ("refs/tags/v[0-9].*", "refs/tags/vx.0", False),
        ("refs/tags/v.*", "refs/tags/vx0", False),
        ("refs/tags/V1", "refs/tags/v1", False),
    ],
)
def test_a_glob_covers_whole_segments_and_the_whole_ref(glob: str, ref: str, fits: bool) -> None:
    decision = decided(acmes(f'ref = "{glob}"'), acme(ref=ref))
    assert decision is (Decision.ADMITTED if fits else Decision.DENIED)


@pytest.mark.parametrize("written", ["acme/widget", "Acme/Widget", "ACME/WIDGET", "acme/*", "*/*"])
def test_a_repository_is_the_same_in_any_case(written: str) -> None:
    assert decided(pinned(f'kind = "GitHub", repository = "{written}"'), ACME) is Decision.ADMITTED


@pytest.mark.parametrize("written", ["acme", "acme/widget2", "acme/widge", "widget", "*", "acme/"])
def test_a_part_of_a_repository_is_another(written: str) -> None:
    assert decided(pinned(f'kind = "GitHub", repository = "{written}"'), ACME) is Decision.DENIED


@pytest.mark.parametrize("claim", ["workflow", "environment", "trigger", "ref"])
def test_other_claims_are_not_the_same_in_another_case(claim: str) -> None:
    identity = acme(environment="release")
    value = str(getattr(identity, claim))
    assert decided(acmes(f'{claim} = "{value}"'), identity) is Decision.ADMITTED
    assert decided(acmes(f'{claim} = "{value.upper()}"'), identity) is Decision.DENIED


@pytest.mark.parametrize(("written", "fits"), [("1001", True), ("[7, 1001]", True), ("100", False)])
def test_an_id_is_a_number(written: str, fits: bool) -> None:
    decision = decided(pinned(f'kind = "GitHub", repository-id = {written}'), ACME)
    assert decision is (Decision.ADMITTED if fits else Decision.DENIED)


def test_one_of_several_values_is_enough() -> None:
    pin = acmes('trigger = ["release", "workflow_dispatch"], ref = ["refs/tags/*"]')
    assert decided(pin, ACME) is Decision.ADMITTED
    assert decided(pin, acme(trigger="workflow_dispatch")) is Decision.ADMITTED
    assert decided(pin, acme(trigger="push")) is Decision.DENIED


def test_one_of_several_identities_is_enough_and_it_must_fit_alone() -> None:
    pin = pinned(
        'kind = "GitHub", repository = "acme/widget", workflow = "release.yml"',
        'kind = "GitHub", repository = "acme/gadget", workflow = "other.yml"',
    )
    assert decided(pin, ACME) is Decision.ADMITTED
    assert decided(pin, acme(repository="acme/gadget", workflow="other.yml")) is Decision.ADMITTED
    assert decided(pin, acme(workflow="other.yml")) is Decision.DENIED
    assert decided(pin, acme(repository="acme/gadget")) is Decision.DENIED


def test_every_table_for_the_name_must_be_satisfied() -> None:
    both = acmes('trigger = "release"') + pinned(
        'kind = "GitHub", repository = "acme/*", ref = "refs/tags/*"', name="wid*"
    )
    assert decided(both, ACME) is Decision.ADMITTED
    assert decided(both, acme(trigger="push")) is Decision.DENIED
    assert decided(both, acme(ref="refs/heads/main")) is Decision.DENIED


@pytest.mark.parametrize("name", ["widget", "Widget", "WID*", "w*t"])
def test_a_pin_is_for_the_name_however_it_is_written(name: str) -> None:
    pin = pinned('kind = "GitHub", repository = "acme/widget"', name=name)
    assert decided(pin, ACME) is Decision.ADMITTED
    assert decided(pin, EVIL) is Decision.DENIED


@pytest.mark.parametrize("name", ["widge", "widget-extra", "w", "idget", "gadget"])
def test_a_pin_is_for_no_other_name(name: str) -> None:
    assert decided(pinned('kind = "GitHub", repository = "acme/widget"', name=name), EVIL) is (
        Decision.ADMITTED
    )


def test_what_a_certificate_does_not_say_is_undecided() -> None:
    verdict = a_verdict(widget(provenance=attested(ACME)), acmes('environment = "release"'))
    assert verdict.decision is Decision.UNDECIDED
    (finding,) = verdict.findings
    assert "environment is not attested, not release" in finding.message
    assert 'help: allow it with "not attested"' in finding.detail


def test_not_attested_is_a_value_that_a_pin_can_allow() -> None:
    pin = acmes('environment = ["release", "not attested"]')
    assert decided(pin, ACME) is Decision.ADMITTED
    assert decided(pin, acme(environment="release")) is Decision.ADMITTED
    assert decided(pin, acme(environment="evil")) is Decision.DENIED
    assert decided(acmes('environment = "not attested"'), acme(environment="release")) is (
        Decision.DENIED
    )


def test_nobody_can_name_an_environment_so_as_to_be_not_attested() -> None:
    pin = acmes('environment = ["release", "not attested"]')
    assert decided(pin, acme(environment="not attested")) is Decision.DENIED


def test_a_claim_that_is_wrong_is_not_excused_by_one_that_is_missing() -> None:
    verdict = a_verdict(
        widget(provenance=attested(acme(trigger="push"))),
        acmes('environment = "release", trigger = "release"'),
    )
    assert verdict.decision is Decision.DENIED


@pytest.mark.parametrize(
    ("pin", "minted", "decision"),
    [
        ('kind = "GitLab", repository = "acme/widget"', Identity.gitlab(), Decision.ADMITTED),
        ('kind = "GitLab", repository = "acme/widget"', Identity.github(), Decision.DENIED),
        ('kind = "GitHub", repository = "acme/widget"', Identity.gitlab(), Decision.DENIED),
        (
            'kind = "GitLab", repository = "acme/widget"',
            Identity.gitlab(issuer="https://gitlab.example.com"),
            Decision.DENIED,
        ),
        (
            'kind = "GitLab", repository = "acme/widget", issuer = "https://gitlab.example.com"',
            Identity.gitlab(issuer="https://gitlab.example.com"),
            Decision.ADMITTED,
        ),
        (
            'kind = "GitLab", repository = "acme/widget", issuer = "https://gitlab.example.com"',
            Identity.gitlab(issuer="https://gitlab.example.org"),
            Decision.DENIED,
        ),
        (
            'kind = "GitLab", repository = "acme/widget", issuer = "https://gitlab.example.com"',
            Identity.gitlab(),
            Decision.DENIED,
        ),
        (
            'kind = "GitHub", repository = "acme/widget", issuer = "https://gitlab.com"',
            Identity.gitlab(),
            Decision.DENIED,
        ),
        (
            'kind = "Google", identity = "publisher@example.com"',
            Identity.google(),
            Decision.ADMITTED,
        ),
        (
            'kind = "Google", identity = "publisher@example.com"',
            Identity.google("evil@example.com"),
            Decision.DENIED,
        ),
        (
            'kind = "Google", identity = "*@example.com"',
            Identity.google("evil@example.com.example.org"),
            Decision.DENIED,
        ),
        (
            _PIPELINE,
            Identity.circleci(),
            Decision.ADMITTED,
        ),
        (
            _PIPELINE,
            Identity.circleci("ffffffff-0000-4000-8000-000000000001"),
            Decision.DENIED,
        ),
    ],
)
def test_a_kind_is_known_by_who_vouched_for_it(
    sigstore: LocalSigstore, verifier: Verifier, pin: str, minted: Identity, decision: Decision
) -> None:
    provenance = verified(verifier, sigstore.publish(FILENAME, CONTENT, minted))
    assert len(provenance.attestations) == 1
    assert a_verdict(widget(provenance=provenance), pinned(pin)).decision is decision


def test_a_lock_is_held_to_as_a_pin_is() -> None:
    expected = IdentityPattern(kind=PublisherKind.GITHUB, repository=("acme/widget",))
    requested = Requested(locked=True, identities=(expected,))
    evil = widget(provenance=attested(EVIL), requested=requested)
    (finding,) = a_verdict(evil).findings
    assert finding.detail == ("policy: the lock's attestation-identities",)
    assert a_verdict(widget(provenance=attested(ACME), requested=requested)).findings == ()


def test_a_pin_says_what_it_expects() -> None:
    (pin,) = a_policy(acmes('repository-id = [1001, 7], trigger = "release"')).publishers
    assert [str(identity) for identity in pin.identities] == [
        "kind = GitHub, repository = acme/widget, repository-id = 1001 or 7, trigger = release"
    ]
