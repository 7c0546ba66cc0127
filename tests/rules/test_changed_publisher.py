"""`changed-publisher`: somebody else than before. See also `test_publication.py`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from inline_snapshot import snapshot

from guard.model import Absent, Candidate, Decision, Level, Prior, Unknown
from guard.publisher import GITLAB, Identity, Provenance
from tests.attestations.publishers import (
    ACME,
    EVIL,
    PIN,
    UNATTESTED,
    a_prior,
    acme,
    attested,
    pinned,
    widget,
)
from tests.builders import a_judgement, a_listing, a_verdict, ago, report

SECOND = timedelta(seconds=1)
NOTHING_BEFORE = Absent("no earlier release is attested")
BRANCH = acme(ref="refs/heads/x")


def after(*before: Identity, by: Identity = ACME, **changes: Any) -> Candidate:
    """widget 1.1 by one publisher, after 1.0 by others."""
    fields: dict[str, Any] = {"provenance": attested(by), "prior": a_prior(*before)}
    return widget(**fields | changes)


@pytest.mark.parametrize(
    "by",
    [
        ACME,
        acme(repository="acme-tools/widget-next", owner="acme-tools"),
        acme(repository="ACME/Widget", repository_id=None),
        acme(trigger="push", runner=None),
    ],
)
def test_the_same_publisher_is_allowed(by: Identity) -> None:
    assert a_verdict(after(ACME, by=by)).findings == ()


def test_the_first_one_is_allowed() -> None:
    assert a_verdict(widget(provenance=attested(EVIL), prior=NOTHING_BEFORE)).findings == ()


def test_another_publisher_is_denied() -> None:
    assert report(a_verdict(after(ACME, by=EVIL))) == snapshot("""\
denied[changed-publisher]: published by evil/widget release.yml @ refs/tags/v1.1, but 1.0 by acme/widget release.yml @ refs/tags/v1.1
  --> widget-1.1-py3-none-any.whl
   = help: if the project has moved, pin its new publisher: [[publisher]]
   = help: guard rule changed-publisher

1 file judged: 1 denied; nothing was installed
""")  # noqa: E501 - as it is printed


def test_a_run_that_strangers_can_start_is_denied() -> None:
    by = acme(trigger="pull_request_target", runner="self-hosted", ref="refs/heads/x")
    assert report(a_verdict(after(ACME, by=by))) == snapshot("""\
denied[changed-publisher]: published by a run that pull_request_target triggered, 1.0 by release
  --> widget-1.1-py3-none-any.whl
   = help: guard rule changed-publisher

denied[changed-publisher]: published on a self-hosted runner, 1.0 was not
  --> widget-1.1-py3-none-any.whl
   = help: guard rule changed-publisher

warning[changed-publisher]: published from refs/heads/x, 1.0 from refs/tags/v1.1
  --> widget-1.1-py3-none-any.whl
   = help: guard rule changed-publisher

1 file judged: 1 denied; nothing was installed
""")


def test_a_branch_where_there_was_a_tag_is_a_warning() -> None:
    verdict = a_verdict(after(ACME, by=BRANCH))
    assert verdict.decision is Decision.ADMITTED
    (finding,) = verdict.findings
    assert (finding.level, finding.message) == (
        Level.WARN,
        "published from refs/heads/x, 1.0 from refs/tags/v1.1",
    )
    assert a_verdict(after(BRANCH, by=BRANCH)).findings == ()


@pytest.mark.parametrize(
    ("before", "by"),
    [
        (ACME, acme(issuer=GITLAB)),
        (ACME, acme(repository_id=7)),
        (ACME, acme(repository="acme/other", repository_id=None)),
        (acme(repository_id=None), EVIL),
        (ACME, Identity(issuer=ACME.issuer, identity=EVIL.identity)),
        (Identity(issuer="i", identity="a@x"), Identity(issuer="i", identity="b@x")),
        (acme(trigger=None), acme(trigger="pull_request")),
        (acme(runner=None), acme(runner="self-hosted")),
    ],
)
def test_what_is_not_known_to_be_the_same_has_changed(before: Identity, by: Identity) -> None:
    assert a_verdict(after(before, by=by)).decision is Decision.DENIED


def test_what_was_not_attested_before_is_said_so() -> None:
    verdict = a_verdict(after(acme(trigger=None), by=acme(trigger="pull_request")))
    assert [finding.message for finding in verdict.findings] == [
        "published by a run that pull_request triggered, 1.0 by not attested"
    ]


@pytest.mark.parametrize(
    ("extra", "denied"), [(-SECOND, True), (SECOND * 0, True), (SECOND, False)]
)
def test_a_publisher_counts_for_a_year(extra: timedelta, denied: bool) -> None:
    """From one upload to the next: a takeover does not become right by being left alone."""
    prior = a_prior(ACME, upload_time=ago(days=30) - timedelta(days=365) - extra)
    verdict = a_verdict(after(by=EVIL, prior=prior))
    assert verdict.decision is (Decision.DENIED if denied else Decision.ADMITTED)


def test_a_takeover_of_long_ago_is_one() -> None:
    listing = a_listing(upload_time=ago(days=3000))
    prior = a_prior(ACME, days=3001)
    assert a_verdict(after(by=EVIL, listing=listing, prior=prior)).decision is Decision.DENIED


@pytest.mark.parametrize(("within", "denied"), [("29 days", False), ("30 days", True)])
def test_how_long_it_counts_can_be_set(within: str, denied: bool) -> None:
    policy = f'[rules.changed-publisher]\nwithin = "{within}"\n'
    verdict = a_verdict(after(ACME, by=EVIL), policy)
    assert verdict.decision is (Decision.DENIED if denied else Decision.ADMITTED)


@pytest.mark.parametrize(
    "listing", [Unknown("?"), Absent("?"), a_listing(upload_time=Unknown("?"))]
)
def test_where_the_index_gives_no_time_now_is_the_time(listing: object) -> None:
    old, recent = a_prior(ACME, days=366), a_prior(ACME, days=364)
    rules = {f.rule for f in a_verdict(after(by=EVIL, listing=listing, prior=old)).findings}
    assert "changed-publisher" not in rules
    rules = {f.rule for f in a_verdict(after(by=EVIL, listing=listing, prior=recent)).findings}
    assert "changed-publisher" in rules


@pytest.mark.parametrize(
    "prior",
    [Unknown("the page could not be read"), a_prior(provenance=Unknown("HTTP 503"))],
)
def test_a_past_that_is_not_known_is_undecided(prior: Prior | Unknown) -> None:
    assert a_verdict(after(prior=prior)).decision is Decision.UNDECIDED


def test_a_past_that_could_not_be_fetched_is_undecided() -> None:
    prior = a_prior(provenance=Unknown("its attestations could not be had: HTTP 503"))
    assert report(a_verdict(after(prior=prior))) == snapshot("""\
undecided[changed-publisher]: not known who published 1.0: its attestations could not be had: HTTP 503
  --> widget-1.1-py3-none-any.whl
   = help: guard rule changed-publisher

1 file judged: 1 undecided; nothing was installed
""")  # noqa: E501 - as it is printed


@pytest.mark.parametrize("nothing", [UNATTESTED, Provenance(), attested(invalid=("forged",))])
def test_nobody_is_not_somebody_else(nothing: Absent | Provenance) -> None:
    verdict = a_verdict(after(ACME, provenance=nothing))
    assert "changed-publisher" not in {finding.rule for finding in verdict.findings}


def test_a_past_that_does_not_verify_names_nobody() -> None:
    assert a_verdict(after(prior=a_prior(provenance=Provenance()))).findings == ()


def test_a_pin_is_held_to_instead() -> None:
    """The user has said who; that the project moved there is known."""
    assert a_verdict(after(EVIL), PIN).findings == ()
    assert a_verdict(after(EVIL, remembered=Unknown("spoilt")), PIN).findings == ()
    assert a_verdict(after(EVIL, prior=Unknown("down")), PIN).findings == ()
    other = PIN.replace('"widget"', '"gadget"', 1)
    assert a_verdict(after(EVIL), other).decision is Decision.DENIED


LOOSE = pinned('kind = "GitHub", repository = "acme/widget"')


@pytest.mark.parametrize("claim", [{"trigger": "pull_request_target"}, {"runner": "self-hosted"}])
def test_a_pin_loosens_nothing_that_it_does_not_name(claim: dict[str, str]) -> None:
    """What is denied without a pin is not admitted because there is one."""
    for before in ({"prior": a_prior(ACME)}, {"prior": NOTHING_BEFORE, "remembered": (ACME,)}):
        candidate = widget(provenance=attested(acme(**claim)), **before)
        assert a_verdict(candidate).decision is Decision.DENIED
        assert a_verdict(candidate, LOOSE).decision is Decision.DENIED
        assert a_verdict(candidate, PIN).decision is Decision.DENIED


@pytest.mark.parametrize(
    ("claim", "value"),
    [("trigger", "pull_request_target"), ("runner", "self-hosted"), ("ref", "refs/heads/x")],
)
def test_what_a_pin_names_it_allows(claim: str, value: str) -> None:
    changed: dict[str, Any] = {claim: value}
    candidate = after(ACME, by=acme(**changed))
    named = pinned(f'kind = "GitHub", repository = "acme/widget", {claim} = "{value}"')
    assert len(a_verdict(candidate, LOOSE).findings) == 1
    assert a_verdict(candidate, named).findings == ()
    both = named + pinned('kind = "GitHub", repository = "acme/*"', name="wid*")
    assert a_verdict(candidate, both).findings == ()


def test_what_a_pin_names_for_another_publisher_it_does_not_allow() -> None:
    policy = pinned(
        'kind = "GitHub", repository = "acme/widget"',
        'kind = "GitHub", repository = "acme/gadget", runner = "self-hosted"',
    )
    candidate = after(ACME, by=acme(runner="self-hosted"))
    assert a_verdict(candidate, policy).decision is Decision.DENIED


def test_who_published_what_is_installed_here_comes_first() -> None:
    candidate = after(EVIL, remembered=(ACME,))
    assert a_verdict(candidate).findings == (), "better evidence than what an index lists"
    verdict = a_verdict(after(ACME, by=EVIL, remembered=(ACME,)))
    assert [finding.message.rpartition(", but ")[2] for finding in verdict.findings] == [
        "the last one installed here by acme/widget release.yml @ refs/tags/v1.1",
        "1.0 by acme/widget release.yml @ refs/tags/v1.1",
    ]


def test_what_was_seen_here_is_compared_where_the_index_lists_nothing() -> None:
    candidate = widget(provenance=attested(EVIL), prior=NOTHING_BEFORE, remembered=(ACME,))
    assert a_verdict(candidate).decision is Decision.DENIED
    by = acme(trigger="pull_request_target")
    candidate = widget(provenance=attested(by), prior=NOTHING_BEFORE, remembered=(ACME,))
    assert a_verdict(candidate).decision is Decision.DENIED


def test_a_record_that_cannot_be_read_is_undecided() -> None:
    candidate = after(ACME, remembered=Unknown("the record could not be read"))
    assert a_verdict(candidate).decision is Decision.UNDECIDED


@pytest.mark.parametrize("order", [(ACME, EVIL), (EVIL, ACME)])
def test_the_same_publisher_does_not_make_up_for_another(order: tuple[Identity, ...]) -> None:
    candidate = after(ACME, provenance=attested(*order))
    assert a_verdict(candidate).decision is Decision.DENIED
    candidate = after(ACME, provenance=attested(*order), remembered=(ACME,))
    assert a_verdict(candidate).decision is Decision.DENIED


def test_a_good_file_hides_no_bad_one() -> None:
    good, bad = after(ACME), after(ACME, by=EVIL)
    assert a_judgement(good, bad).decision is Decision.DENIED
    assert a_judgement(bad, good).decision is Decision.DENIED
