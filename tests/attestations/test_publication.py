"""Who published a file and who did before, asked of a real index with real attestations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import pytest

from guard.model import Absent, Candidate, Decision, Prior, Unknown, Verdict
from guard.publisher import Provenance
from guard.sources.publication import Publication
from tests import faults
from tests.attestations.places import FIRST, Place, tagged
from tests.builders import a_candidate, a_verdict
from tests.local_sigstore import Fault, Identity
from tests.wheels import Artifact

OTHERS: Final = {"repository_id": "666", "owner_id": "667"}
BUT: Final = "but 1.0 by acme/widget release.yml @ refs/tags/v1.0"
GITLAB: Final = "but 1.0 by acme/widget .gitlab-ci.yml @ refs/tags/v1.0"
EVIL: Final = tagged("1.1", repository="evil/widget", **OTHERS)
LATER: Final = FIRST + timedelta(days=100)
"""When everything is judged."""


@dataclass(frozen=True)
class Judged:
    """A file on the index, who published it, and what comes of that by itself."""

    published: Publication
    verdict: Verdict

    @property
    def objections(self) -> list[str]:
        return [f"{finding.rule}: {finding.message}" for finding in self.verdict.findings]


def judged(place: Place, wheel: Artifact, toml: str = "", **changes: Any) -> Judged:
    """Judge a wheel of the index by everything that is known of its publisher."""
    file, located = place.located(wheel)
    publication = place.publications().verified(file, located)
    fields: dict[str, Any] = {
        "file": file,
        "origin": located.origin,
        "listing": located.listing,
        "status": located.status,
        "digests": {"sha256": wheel.sha256},
        "provenance": publication.provenance,
        "prior": publication.prior,
        "remembered": publication.remembered,
        "judged_at": LATER,
    }
    candidate: Candidate = a_candidate(**fields | changes)
    return Judged(publication, a_verdict(candidate, toml))


def prior_of(published: Publication) -> Prior:
    assert isinstance(published.prior, Prior)
    return published.prior


def test_the_release_before_is_asked_too(place: Place) -> None:
    place.add("1.0", tagged("1.0"))
    published = place.published(place.add("1.1", tagged("1.1")))
    assert isinstance(published.provenance, Provenance)
    assert [found.ref for found in published.provenance.identities] == ["refs/tags/v1.1"]
    prior = prior_of(published)
    assert (str(prior.version), prior.upload_time) == ("1.0", FIRST)
    assert isinstance(prior.provenance, Provenance)
    assert [found.ref for found in prior.provenance.identities] == ["refs/tags/v1.0"]
    assert published.remembered == Absent("never installed from here before")


def test_one_more_small_request_is_what_a_past_costs(place: Place) -> None:
    for day, version in enumerate(("1.0", "1.1", "1.2", "1.3")):
        wheel = place.add(version, tagged(version), day=40 * day)
    place.index.forget_requests()
    place.published(wheel)
    asked = [seen.location for seen in place.index.requests]
    assert [path for path in asked if path.startswith("/provenance/")] == [
        "/provenance/widget-1.3-py3-none-any.whl",
        "/provenance/widget-1.2-py3-none-any.whl",
    ]


def test_the_past_of_what_is_not_attested_is_on_the_page(place: Place) -> None:
    """That there was one is enough: what it said is not asked for."""
    place.add("1.0", tagged("1.0"))
    wheel = place.add("1.1", None)
    place.index.forget_requests()
    published = place.published(wheel)
    assert published.provenance == Absent("its index lists no attestations")
    assert prior_of(published).provenance == Absent("not compared with")
    assert not [seen for seen in place.index.requests if "/provenance/" in seen.path]


def test_what_was_dropped_was_there_in_the_nearest_release(place: Place) -> None:
    """Also in one that is so new that nobody would be compared with it."""
    for day, version in enumerate(("1.0", "1.1", "1.2")):
        place.add(version, tagged(version), day=20 * day)
    published = place.published(place.add("1.3", None, day=60))
    assert str(prior_of(published).version) == "1.2"


def test_a_page_alone_tells_what_is_missing(place: Place) -> None:
    """What is passed over is not downloaded, and not asked for its attestations either."""
    place.add("1.0", tagged("1.0"))
    bare, signed = place.add("1.1", None), place.add("1.2", tagged("1.2"))
    place.index.forget_requests()
    publications = place.publications()
    assert publications.listed(*place.located(bare)).provenance == Absent(
        "its index lists no attestations"
    )
    assert publications.listed(*place.located(signed)).provenance == Unknown("not looked at yet")
    assert not [seen for seen in place.index.requests if "/provenance/" in seen.path]


def test_a_release_that_is_no_longer_attested_is_denied(place: Place) -> None:
    place.add("1.0", tagged("1.0"))
    outcome = judged(place, place.add("1.1", None))
    assert outcome.objections == [
        "dropped-attestation: not attested, though 1.0 was (widget-1.0-py3-none-any.whl)"
    ]


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (
            tagged("1.0"),
            EVIL,
            f"published by evil/widget release.yml @ refs/tags/v1.1, {BUT}",
        ),
        (
            tagged("1.0"),
            tagged("1.1", **OTHERS),  # the name was free again
            f"published by acme/widget release.yml @ refs/tags/v1.1, {BUT}",
        ),
        (
            tagged("1.0"),
            Identity.gitlab(),
            f"published by acme/widget .gitlab-ci.yml @ refs/tags/v1.0, {BUT}",
        ),
        (
            Identity.gitlab(),
            Identity.gitlab(issuer="https://gitlab.example.com"),
            f"published by acme/widget .gitlab-ci.yml @ refs/tags/v1.0, {GITLAB}",
        ),
        (
            Identity.google("release@acme.example.com"),
            Identity.google("release@evil.example.com"),
            "published by release@evil.example.com, but 1.0 by release@acme.example.com",
        ),
        (
            tagged("1.0"),
            tagged("1.1", trigger="pull_request_target"),
            "published by a run that pull_request_target triggered, 1.0 by release",
        ),
        (
            tagged("1.0"),
            tagged("1.1", runner="self-hosted"),
            "published on a self-hosted runner, 1.0 was not",
        ),
    ],
)
def test_a_publisher_that_changed_is_denied(
    place: Place, before: Identity, now: Identity, said: str
) -> None:
    place.add("1.0", before)
    outcome = judged(place, place.add("1.1", now))
    assert outcome.verdict.decision is Decision.DENIED
    assert outcome.objections == [f"changed-publisher: {said}"]


def test_another_pipeline_project_is_another_publisher_of_the_same_sources(place: Place) -> None:
    """Anybody can build a repository that is public; the id is of who builds."""
    place.add("1.0", Identity.circleci())
    other = Identity.circleci("ffffffff-0000-4000-8000-000000000001")
    outcome = judged(place, place.add("1.1", other))
    assert outcome.verdict.decision is Decision.DENIED


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (tagged("1.0"), tagged("1.1")),
        (tagged("1.0"), tagged("1.1", repository="acme-tools/widget-next")),
        (tagged("1.0"), tagged("1.1", repository="ACME/Widget")),
        (tagged("1.0", trigger="push"), tagged("1.1", trigger="workflow_dispatch")),
        (
            tagged("1.0", runner="self-hosted", trigger="pull_request"),
            tagged("1.1", runner="self-hosted", trigger="pull_request"),
        ),
        (tagged("1.0", runner="self-hosted"), tagged("1.1")),
        (Identity.gitlab(), Identity.gitlab(ref="refs/tags/v1.1")),
        (Identity.google(), Identity.google()),
        (
            Identity.circleci(),
            Identity.circleci(pipeline_definition_id="ffffffff-0000-4000-8000-000000000002"),
        ),
        (Identity.circleci(), Identity.circleci(vcs_origin=None, vcs_ref=None)),
    ],
)
def test_the_same_publisher_is_no_change(place: Place, before: Identity, now: Identity) -> None:
    """A numeric id outlives the names of owner and repository."""
    place.add("1.0", before)
    assert judged(place, place.add("1.1", now)).objections == []


def test_a_branch_where_there_was_a_tag_is_worth_a_warning(place: Place) -> None:
    place.add("1.0", tagged("1.0"))
    outcome = judged(place, place.add("1.1", Identity.github(ref="refs/heads/main")))
    assert outcome.objections == [
        "changed-publisher: published from refs/heads/main, 1.0 from refs/tags/v1.0"
    ]
    assert outcome.verdict.decision is Decision.ADMITTED


def test_a_backport_is_compared_with_its_own_line(place: Place) -> None:
    """2.0 has moved to another repository; the old line stays where it was."""
    place.add("1.9.4", tagged("1.9.4"))
    place.add("2.0", tagged("2.0", repository="acme/next", **OTHERS))
    assert judged(place, place.add("1.9.5", tagged("1.9.5"))).objections == []


def test_a_release_before_that_does_not_verify_proves_nothing(place: Place) -> None:
    """So the one before it is asked."""
    place.add("1.0", tagged("1.0"))
    place.add("1.1", EVIL, fault=Fault.BAD_SIGNATURE)
    wheel = place.add("1.2", EVIL)
    assert str(prior_of(place.published(wheel)).version) == "1.0"
    (objection,) = judged(place, wheel).objections
    assert objection.endswith("but 1.0 by acme/widget release.yml @ refs/tags/v1.0")


def test_a_few_releases_that_do_not_verify_hide_no_other(place: Place) -> None:
    """Who can upload can upload more than once."""
    place.add("1.0", tagged("1.0"))
    for version in ("1.1", "1.2", "1.3"):
        place.add(version, EVIL, fault=Fault.BAD_SIGNATURE)
    outcome = judged(place, place.add("1.4", EVIL, day=50))
    assert outcome.verdict.decision is Decision.UNDECIDED
    (objection,) = outcome.objections
    assert objection.startswith("changed-publisher: not known who published the release before")
    assert objection.endswith("no attestation of the 3 releases before it verifies")


def test_where_nothing_before_verifies_there_is_nothing_to_change(place: Place) -> None:
    place.add("1.0", EVIL, fault=Fault.BAD_SIGNATURE)
    outcome = judged(place, place.add("1.1", tagged("1.1")))
    assert outcome.published.prior == Absent("no attestation of an earlier release verifies")
    assert outcome.objections == []


@pytest.mark.parametrize("fault", [faults.status(404), faults.status(403), faults.status(503)])
def test_a_release_before_that_cannot_be_asked_is_not_known(
    place: Place, fault: faults.Fault
) -> None:
    before = place.add("1.0", tagged("1.0"))
    wheel = place.add("1.1", tagged("1.1"))
    place.index.fault(f"/provenance/{before.filename}", fault)
    outcome = judged(place, wheel)
    assert isinstance(prior_of(outcome.published).provenance, Unknown)
    assert outcome.verdict.decision is Decision.UNDECIDED
    (objection,) = outcome.objections
    assert objection.startswith("changed-publisher: not known who published 1.0: its attestations")


def test_who_published_what_is_installed_here_is_better_evidence(place: Place) -> None:
    """The project has moved, the user knows, and its old releases still say otherwise."""
    place.add("1.0", tagged("1.0"))
    moved = place.add("1.1", tagged("1.1", repository="acme/next", **OTHERS))
    remember(place, moved)
    assert judged(place, moved).objections == []
    back = judged(place, place.add("1.2", tagged("1.2")))
    assert "but the last one installed here by acme/next" in back.objections[0]


def remember(place: Place, wheel: Artifact, url: str = "") -> None:
    """Take `wheel` for installed."""
    file, _ = place.located(wheel)
    proved = place.published(wheel).provenance
    assert isinstance(proved, Provenance)
    place.known.remember(file.project, url or place.url, wheel.version, proved.identities)


def test_a_record_of_another_index_is_none(place: Place) -> None:
    wheel = place.add("1.0", tagged("1.0"))
    remember(place, wheel, "https://elsewhere.example.com")
    assert isinstance(place.published(wheel).remembered, Absent)
    remember(place, wheel)
    assert isinstance(place.published(wheel).remembered, tuple)


def test_a_file_that_no_index_lists_has_no_publisher(place: Place) -> None:
    wheel = place.add("1.0", tagged("1.0"))
    file, _ = place.located(wheel)
    place.index.remove(wheel.filename)
    place.add("0.9", tagged("0.9"))
    located = place.publications().index.locate(file)
    published = place.publications().verified(file, located)
    gone = located.listing
    assert isinstance(gone, Absent)
    assert published == Publication(provenance=gone, prior=gone, remembered=gone)
    assert published == place.publications().listed(file, located)


def test_a_page_that_cannot_be_had_says_nothing(place: Place) -> None:
    wheel = place.add("1.0", tagged("1.0"))
    file, _ = place.located(wheel)
    place.index.fault("/simple/*", faults.status(500))
    published = place.publications().verified(file, place.publications().index.locate(file))
    assert isinstance(published.provenance, Unknown)
    assert isinstance(published.prior, Unknown)


@pytest.mark.parametrize(
    "attacker",
    [{"repository": "evil/widget", **OTHERS}, {"trigger": "pull_request_target"}],
    ids=["repository", "trigger"],
)
def test_who_publishes_twice_is_not_taken_for_the_one_who_always_did(
    place: Place, attacker: dict[str, str]
) -> None:
    """The second release of a takeover has the first one before it."""
    place.add("1.0", tagged("1.0"), day=0)
    place.add("1.1", tagged("1.1", **attacker), day=50)
    outcome = judged(place, place.add("1.2", tagged("1.2", **attacker), day=51))
    assert outcome.verdict.decision is Decision.DENIED


def test_an_index_that_forgets_all_attestations_is_noticed(place: Place) -> None:
    """What was installed from here was attested; now nothing on the page ever was."""
    wheel = place.add("1.0", tagged("1.0"))
    remember(place, wheel)
    place.add("1.0", None)
    assert judged(place, place.add("1.1", None)).verdict.decision is Decision.DENIED
