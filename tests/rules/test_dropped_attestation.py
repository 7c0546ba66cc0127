"""`dropped-attestation`: a file that nobody signed, of a project that used to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from inline_snapshot import snapshot

from guard.model import Absent, Candidate, Decision, Unknown
from guard.publisher import Provenance
from tests.attestations.publishers import ACME, UNATTESTED, a_prior, attested, widget
from tests.builders import a_judgement, a_listing, a_verdict, ago, report

SECOND = timedelta(seconds=1)


def unattested(**changes: Any) -> Candidate:
    """widget 1.1 of a month ago, unattested, after an attested 1.0."""
    fields: dict[str, Any] = {
        "provenance": UNATTESTED,
        "prior": a_prior(provenance=Absent("not compared with")),
    }
    return widget(**fields | changes)


def test_a_file_that_is_attested_too_is_allowed() -> None:
    assert a_verdict(widget(provenance=attested(ACME), prior=a_prior(ACME))).findings == ()


def test_a_project_that_never_attested_is_allowed() -> None:
    assert a_verdict(unattested(prior=Absent("no earlier release is attested"))).findings == ()


def test_a_file_that_is_no_longer_attested_is_denied() -> None:
    assert report(a_verdict(unattested())) == snapshot("""\
denied[dropped-attestation]: not attested, though 1.0 was (widget-1.0-py3-none-any.whl)
  --> widget-1.1-py3-none-any.whl
   = policy: rules.dropped-attestation.within = "365 days"
   = help: guard rule dropped-attestation

1 file judged: 1 denied; nothing was installed
""")


@pytest.mark.parametrize(
    "provenance", [Provenance(), attested(invalid=("forged",)), attested(unsupported=("v2",))]
)
def test_what_does_not_verify_is_no_attestation(provenance: Provenance) -> None:
    verdict = a_verdict(unattested(provenance=provenance))
    assert verdict.decision is Decision.DENIED
    assert "dropped-attestation" in {finding.rule for finding in verdict.findings}


@pytest.mark.parametrize(
    ("extra", "denied"), [(-SECOND, True), (SECOND * 0, True), (SECOND, False)]
)
def test_an_attestation_counts_for_a_year(extra: timedelta, denied: bool) -> None:
    """From one upload to the next: what an old release is held to does not change with time."""
    prior = a_prior(upload_time=ago(days=30) - timedelta(days=365) - extra)
    verdict = a_verdict(unattested(prior=prior))
    assert verdict.decision is (Decision.DENIED if denied else Decision.ADMITTED)


def test_an_old_release_is_held_to_the_one_before_it_for_ever() -> None:
    old = a_listing(upload_time=ago(days=3000))
    prior = a_prior(upload_time=ago(days=3100))
    assert a_verdict(unattested(listing=old, prior=prior)).decision is Decision.DENIED


@pytest.mark.parametrize(("within", "denied"), [("29 days", False), ("30 days", True)])
def test_how_long_it_counts_can_be_set(within: str, denied: bool) -> None:
    policy = f'[rules.dropped-attestation]\nwithin = "{within}"\n'
    verdict = a_verdict(unattested(prior=a_prior(days=60)), policy)
    assert verdict.decision is (Decision.DENIED if denied else Decision.ADMITTED)


def test_where_an_index_gives_no_times_it_counts_always() -> None:
    prior = a_prior(upload_time=None)
    assert a_verdict(unattested(prior=prior)).decision is Decision.DENIED


def test_a_past_that_is_not_known_is_undecided() -> None:
    verdict = a_verdict(unattested(prior=Unknown("the page could not be read")))
    assert report(verdict) == snapshot("""\
undecided[dropped-attestation]: not known whether earlier releases were attested: the page could not be read
  --> widget-1.1-py3-none-any.whl
   = help: guard rule dropped-attestation

1 file judged: 1 undecided; nothing was installed
""")  # noqa: E501 - as it is printed


def test_what_is_listed_and_could_not_be_fetched_is_left_to_another_rule() -> None:
    verdict = a_verdict(unattested(provenance=Unknown("HTTP 503")))
    assert {finding.rule for finding in verdict.findings} == {"invalid-attestation"}
    assert verdict.decision is Decision.UNDECIDED


def test_an_attested_file_hides_no_other() -> None:
    good, bad = widget(provenance=attested(ACME), prior=a_prior(ACME)), unattested()
    assert a_judgement(good, bad).decision is Decision.DENIED
    assert a_judgement(bad, good).decision is Decision.DENIED
