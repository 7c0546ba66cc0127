"""`archived-project`: what nobody watches any more (PEP 792)."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from guard.model import Absent, Decision, ProjectState, ProjectStatus, Unknown
from tests.builders import a_candidate, a_judgement, a_verdict, report

DENY = 'rules.archived-project.level = "deny"\n'


@pytest.mark.parametrize("policy", ["", DENY])
def test_an_active_project_is_allowed(policy: str) -> None:
    assert a_verdict(a_candidate(), policy).findings == ()


def test_an_archived_project_is_remarked_on() -> None:
    status = ProjectStatus(state=ProjectState.ARCHIVED, reason="use litellm-next")
    assert report(a_verdict(a_candidate(status=status))) == snapshot("""\
warning[archived-project]: the project is archived: use litellm-next
  --> litellm-1.82.6-py3-none-any.whl
   = help: guard rule archived-project

1 file judged: admitted, 1 with remarks
""")


@pytest.mark.parametrize("state", [ProjectState.ARCHIVED, ProjectState.DEPRECATED])
def test_where_the_policy_says_so_it_is_denied(state: ProjectState) -> None:
    verdict = a_verdict(a_candidate(status=ProjectStatus(state=state)), DENY)
    assert verdict.decision is Decision.DENIED
    assert verdict.findings[0].message == f"the project is {state}"


def test_a_quarantined_project_is_not_called_archived() -> None:
    status = ProjectStatus(state=ProjectState.QUARANTINED)
    verdict = a_verdict(a_candidate(status=status), DENY)
    assert {str(finding.rule) for finding in verdict.findings} == {"quarantined-project"}


def test_a_status_that_could_not_be_had_matters_where_it_would_deny() -> None:
    policy = f'{DENY}rules.quarantined-project.level = "off"\n'
    verdict = a_verdict(a_candidate(status=Unknown("no answer in time")), policy)
    assert report(verdict) == snapshot("""\
undecided[archived-project]: project status unknown: no answer in time
  --> litellm-1.82.6-py3-none-any.whl
   = help: guard rule archived-project

1 file judged: 1 undecided; nothing was installed
""")


def test_a_status_that_could_not_be_had_is_a_remark_where_it_would_warn() -> None:
    policy = 'rules.quarantined-project.level = "off"\n'
    verdict = a_verdict(a_candidate(status=Unknown("no answer in time")), policy)
    assert verdict.decision is Decision.ADMITTED
    assert [finding.unknown for finding in verdict.findings] == [True]


def test_what_has_no_page_has_no_status() -> None:
    assert a_verdict(a_candidate(status=Absent("a URL")), DENY).findings == ()


def test_a_project_in_order_hides_none_that_is_not() -> None:
    archived = a_candidate(status=ProjectStatus(state=ProjectState.ARCHIVED))
    assert a_judgement(a_candidate(), archived, toml=DENY).decision is Decision.DENIED
    assert a_judgement(archived, a_candidate(), toml=DENY).decision is Decision.DENIED
