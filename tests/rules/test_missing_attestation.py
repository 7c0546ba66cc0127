"""`missing-attestation`: a file that nobody signed, where somebody must have."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from guard.model import Absent, Decision, Requested, Unknown
from guard.publisher import IdentityPattern, Provenance, PublisherKind
from tests.attestations.publishers import ACME, PIN, UNATTESTED, attested, widget
from tests.builders import a_file, a_judgement, a_verdict, report

EVERY = "[rules.missing-attestation]\nevery-file = true\n"
ANY = PIN + 'attestation = "if-present"\n'
LOCKED = Requested(
    locked=True,
    identities=(IdentityPattern(kind=PublisherKind.GITHUB, repository=("acme/widget",)),),
)

nothing_valid = pytest.mark.parametrize(
    "provenance",
    [UNATTESTED, Absent("a URL"), Provenance(), attested(invalid=("forged",))],
    ids=["not listed", "no index", "an empty object", "invalid"],
)


@pytest.mark.parametrize("policy", ["", PIN, EVERY, PIN + EVERY])
def test_an_attested_file_is_allowed(policy: str) -> None:
    assert a_verdict(widget(provenance=attested(ACME)), policy).findings == ()


def test_most_files_need_no_attestation() -> None:
    assert a_verdict(widget(provenance=UNATTESTED)).findings == ()


def test_a_pinned_file_without_one_is_denied() -> None:
    assert report(a_verdict(widget(provenance=UNATTESTED), PIN)) == snapshot("""\
denied[missing-attestation]: not attested: its index lists no attestations
  --> widget-1.1-py3-none-any.whl
   = policy: [[publisher]] widget: attestation = "required"
   = help: guard rule missing-attestation

1 file judged: 1 denied; nothing was installed
""")


def test_an_empty_object_attests_nothing() -> None:
    assert report(a_verdict(widget(provenance=Provenance()), PIN)) == snapshot("""\
denied[missing-attestation]: not attested: no attestation verifies
  --> widget-1.1-py3-none-any.whl
   = policy: [[publisher]] widget: attestation = "required"
   = help: guard rule missing-attestation

1 file judged: 1 denied; nothing was installed
""")


@nothing_valid
@pytest.mark.parametrize("policy", [PIN, EVERY, PIN + EVERY])
def test_nothing_but_a_valid_attestation_will_do(
    provenance: Provenance | Absent, policy: str
) -> None:
    verdict = a_verdict(widget(provenance=provenance), policy)
    assert verdict.decision is Decision.DENIED
    assert "missing-attestation" in {finding.rule for finding in verdict.findings}


@nothing_valid
def test_a_lock_that_names_a_publisher_demands_one(provenance: Provenance | Absent) -> None:
    verdict = a_verdict(widget(provenance=provenance, requested=LOCKED))
    assert verdict.decision is Decision.DENIED
    finding = next(f for f in verdict.findings if f.rule == "missing-attestation")
    assert finding.detail == ("policy: the lock names attestation-identities",)


def test_a_pin_need_not_demand_one() -> None:
    assert a_verdict(widget(provenance=UNATTESTED), ANY).findings == ()
    assert a_verdict(widget(provenance=UNATTESTED), ANY + EVERY).decision is Decision.DENIED
    assert a_verdict(widget(provenance=UNATTESTED), ANY + PIN).decision is Decision.DENIED


def test_one_valid_attestation_is_enough_for_this_rule() -> None:
    provenance = attested(ACME, unsupported=("a publisher of kind 'Unheard-of'",))
    assert a_verdict(widget(provenance=provenance), PIN).findings == ()


def test_the_pin_of_another_project_demands_nothing() -> None:
    other = widget(file=a_file("widget-extra", "1.0"), provenance=UNATTESTED)
    assert a_verdict(other, PIN).findings == ()


def test_what_cannot_be_fetched_is_undecided() -> None:
    policy = PIN + '[rules.invalid-attestation]\nlevel = "off"\n'
    policy += '[rules.unexpected-publisher]\nlevel = "off"\n'
    verdict = a_verdict(widget(provenance=Unknown("HTTP 503")), policy)
    assert report(verdict) == snapshot("""\
undecided[missing-attestation]: not known whether it is attested: HTTP 503
  --> widget-1.1-py3-none-any.whl
   = policy: [[publisher]] widget: attestation = "required"
   = help: guard rule missing-attestation

1 file judged: 1 undecided; nothing was installed
""")


def test_what_is_not_understood_is_not_an_attestation() -> None:
    verdict = a_verdict(widget(provenance=attested(unsupported=("Rekor v2",))), PIN)
    assert verdict.decision is Decision.DENIED


def test_an_attested_file_hides_no_other() -> None:
    good, bad = widget(provenance=attested(ACME)), widget(provenance=UNATTESTED)
    assert a_judgement(good, bad, toml=PIN).decision is Decision.DENIED
    assert a_judgement(bad, good, toml=PIN).decision is Decision.DENIED
