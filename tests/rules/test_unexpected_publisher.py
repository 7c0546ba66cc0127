"""`unexpected-publisher`: somebody else than the policy or a lock says. See also `test_pins.py`."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from guard.model import Absent, Decision, Requested, Unknown
from guard.publisher import IdentityPattern, Provenance, PublisherKind
from tests.attestations.publishers import (
    ACME,
    EVIL,
    PIN,
    UNATTESTED,
    acme,
    attested,
    widget,
)
from tests.builders import a_file, a_judgement, a_verdict, report

IF_PRESENT = PIN + 'attestation = "if-present"\n'
LOCKED = Requested(
    locked=True,
    identities=(IdentityPattern(kind=PublisherKind.GITHUB, repository=("acme/widget",)),),
)


def test_the_pinned_publisher_is_allowed() -> None:
    assert a_verdict(widget(provenance=attested(ACME)), PIN).findings == ()


def test_without_a_pin_nobody_is_unexpected() -> None:
    assert a_verdict(widget(provenance=attested(EVIL))).findings == ()


def test_somebody_else_is_denied() -> None:
    assert report(a_verdict(widget(provenance=attested(EVIL)), PIN)) == snapshot("""\
denied[unexpected-publisher]: published by evil/widget release.yml @ refs/tags/v1.1: repository is evil/widget, not acme/widget
  --> widget-1.1-py3-none-any.whl
   = policy: [[publisher]] widget
   = help: guard rule unexpected-publisher

1 file judged: 1 denied; nothing was installed
""")  # noqa: E501 - as it is printed


def test_a_lock_is_held_to() -> None:
    verdict = a_verdict(widget(provenance=attested(EVIL), requested=LOCKED))
    assert report(verdict) == snapshot("""\
denied[unexpected-publisher]: published by evil/widget release.yml @ refs/tags/v1.1: repository is evil/widget, not acme/widget
  --> widget-1.1-py3-none-any.whl
   = policy: the lock's attestation-identities
   = help: guard rule unexpected-publisher

1 file judged: 1 denied; nothing was installed
""")  # noqa: E501 - as it is printed


def test_a_claim_that_an_old_certificate_does_not_have_is_undecided() -> None:
    policy = PIN.replace("ref =", "environment = 'release', ref =")
    assert report(a_verdict(widget(provenance=attested(ACME)), policy)) == snapshot("""\
undecided[unexpected-publisher]: published by acme/widget release.yml @ refs/tags/v1.1: environment is not attested, not release
  --> widget-1.1-py3-none-any.whl
   = policy: [[publisher]] widget
   = help: allow it with "not attested"
   = help: guard rule unexpected-publisher

1 file judged: 1 undecided; nothing was installed
""")  # noqa: E501 - as it is printed


@pytest.mark.parametrize(
    ("ref", "decision"),
    [
        ("refs/tags/v1", Decision.ADMITTED),
        ("refs/tags/v/1", Decision.DENIED),
        ("refs/tag/v1", Decision.DENIED),
        (None, Decision.UNDECIDED),
    ],
)
def test_the_edge_of_a_glob(ref: str | None, decision: Decision) -> None:
    assert a_verdict(widget(provenance=attested(acme(ref=ref))), PIN).decision is decision


def test_lock_and_pin_must_both_be_met() -> None:
    from_a_branch = attested(acme(ref="refs/heads/main"))
    candidate = widget(provenance=from_a_branch, requested=LOCKED)
    assert a_verdict(candidate).decision is Decision.ADMITTED
    assert a_verdict(candidate, PIN).decision is Decision.DENIED


@pytest.mark.parametrize("order", [(ACME, EVIL), (EVIL, ACME)])
def test_the_right_publisher_does_not_make_up_for_a_wrong_one(order: tuple[object, ...]) -> None:
    """Both attestations are valid: each says of the file that it is theirs."""
    verdict = a_verdict(widget(provenance=attested(*order)), PIN)  # type: ignore[arg-type]
    assert verdict.decision is Decision.DENIED
    assert len(verdict.findings) == 1


@pytest.mark.parametrize("nothing", [UNATTESTED, Absent("a URL"), Provenance()])
def test_nobody_is_not_somebody_else(nothing: Absent | Provenance) -> None:
    """Whether there must be somebody, `missing-attestation` says."""
    assert a_verdict(widget(provenance=nothing), IF_PRESENT).findings == ()


@pytest.mark.parametrize("policy", [PIN, IF_PRESENT])
def test_nobody_knows_who_where_nothing_could_be_fetched(policy: str) -> None:
    policy += '[rules.invalid-attestation]\nunavailable-level = "warn"\n'
    verdict = a_verdict(widget(provenance=Unknown("HTTP 503")), policy)
    assert verdict.decision is Decision.UNDECIDED
    messages = [f.message for f in verdict.findings if f.rule == "unexpected-publisher"]
    assert messages == ["not known who published it: HTTP 503"]


def test_a_good_file_hides_no_bad_one() -> None:
    good, bad = widget(provenance=attested(ACME)), widget(provenance=attested(EVIL))
    other = widget(file=a_file("gadget", "1.0"), provenance=attested(EVIL))
    assert a_judgement(good, other, toml=PIN).decision is Decision.ADMITTED
    assert a_judgement(good, bad, toml=PIN).decision is Decision.DENIED
    assert a_judgement(bad, good, toml=PIN).decision is Decision.DENIED
