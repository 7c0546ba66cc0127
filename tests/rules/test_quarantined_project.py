"""`quarantined-project`: what its index holds back (PEP 792)."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from guard.model import Absent, Decision, ProjectState, ProjectStatus, Requested, Unknown
from tests.builders import a_candidate, a_judgement, a_verdict, report

QUARANTINED = ProjectStatus(state=ProjectState.QUARANTINED)


@pytest.mark.parametrize("state", sorted(set(ProjectState) - {ProjectState.QUARANTINED}))
def test_every_other_state_is_allowed(state: ProjectState) -> None:
    verdict = a_verdict(a_candidate(status=ProjectStatus(state=state)))
    assert verdict.decision is Decision.ADMITTED


def test_a_quarantined_project_is_denied_with_the_reason() -> None:
    status = ProjectStatus(state=ProjectState.QUARANTINED, reason="suspected takeover")
    assert report(a_verdict(a_candidate(status=status))) == snapshot("""\
denied[quarantined-project]: the index has quarantined this project: suspected takeover
  --> litellm-1.82.6-py3-none-any.whl
   = help: guard rule quarantined-project

1 file judged: 1 denied; nothing was installed
""")


@pytest.mark.parametrize(
    "requested",
    [Requested(), Requested(pinned=True), Requested(locked=True), Requested(named=True)],
)
def test_no_pin_and_no_lock_gets_around_it(requested: Requested) -> None:
    candidate = a_candidate(status=QUARANTINED, requested=requested)
    assert a_verdict(candidate).decision is Decision.DENIED


def test_a_status_that_could_not_be_had_leaves_it_undecided() -> None:
    policy = 'rules.archived-project.level = "off"\n'
    verdict = a_verdict(a_candidate(status=Unknown("no answer in time")), policy)
    assert report(verdict) == snapshot("""\
undecided[quarantined-project]: project status unknown: no answer in time
  --> litellm-1.82.6-py3-none-any.whl
   = help: guard rule quarantined-project

1 file judged: 1 undecided; nothing was installed
""")


def test_what_has_no_page_has_no_status() -> None:
    assert a_verdict(a_candidate(status=Absent("a URL"))).findings == ()


def test_an_active_project_hides_no_quarantined_one() -> None:
    quarantined = a_candidate(status=QUARANTINED)
    assert a_judgement(a_candidate(), quarantined).decision is Decision.DENIED
    assert a_judgement(quarantined, a_candidate()).decision is Decision.DENIED
