"""`unapproved-file`: where there is an allowlist, what nobody has approved is denied."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Final

import pytest
from inline_snapshot import snapshot
from packaging.utils import canonicalize_name

from guard.admission import judge
from guard.approval import Approvals
from guard.model import Absent, Candidate, Decision, Unknown, Verdict
from guard.policy import parse
from guard.policy.load import overlay
from guard.rules import Stage
from tests.builders import NOW, a_candidate, a_digest, a_file, report
from tests.policy.approving import an_approval

REQUIRED: Final = {"extends": "default", "approval": "required"}
GOOD: Final = an_approval()
OTHER: Final = a_digest(b"other bytes")


def verdict(candidate: Candidate, *entries: object, **table: object) -> Verdict:
    approvals = Approvals(tuple(entries))  # type: ignore[arg-type]
    policy = overlay({**REQUIRED, **table}, None, source="guard.toml", approvals=approvals)
    return judge(candidate, policy)


def test_what_is_approved_is_admitted() -> None:
    assert verdict(a_candidate(), GOOD).findings == ()


def test_what_nobody_has_approved_is_denied_and_the_message_says_how_to_ask() -> None:
    said = report(verdict(a_candidate(file=a_file(version="1.84.0")), GOOD))
    assert said == snapshot("""\
denied[unapproved-file]: nobody has approved litellm 1.84.0
  --> litellm-1.84.0-py3-none-any.whl
   = approved: litellm 1.82.6
   = policy: approval = "required"
   = help: to ask for it: guard approve litellm==1.84.0 --reason …
   = help: guard rule unapproved-file

1 file judged: 1 denied; nothing was installed
""")


def test_of_a_tree_that_nobody_has_approved_one_command_asks_for_all() -> None:
    tree = [verdict(a_candidate(file=a_file(n, v)), GOOD) for n, v in (("a", "1"), ("b", "1!2.0"))]
    assert report(*tree, verdict(a_candidate(), GOOD)) == snapshot("""\
denied[unapproved-file]: nobody has approved a 1
  --> a-1-py3-none-any.whl
   = policy: approval = "required"
   = help: guard rule unapproved-file

denied[unapproved-file]: nobody has approved b 1!2.0
  --> b-1!2.0-py3-none-any.whl
   = policy: approval = "required"
   = help: guard rule unapproved-file

help: to ask for all 2: guard approve a==1 'b==1!2.0' --reason …

3 files judged: 2 denied; nothing was installed
""")


def test_without_an_allowlist_nothing_is_said() -> None:
    policy = overlay({"extends": "default"}, None, source="guard.toml")
    assert judge(a_candidate(), policy).findings == ()
    assert judge(a_candidate(), parse("", source="bare")).findings == ()


@pytest.mark.parametrize(
    "entry",
    [
        replace(GOOD, name=canonicalize_name("litellm-proxy")),
        an_approval(version="1.82.6.post1"),
        an_approval(sha256=OTHER),
        an_approval(expires="2026-04-01"),
        an_approval(expires="2020-01-01"),
    ],
)
def test_an_approval_of_something_else_or_of_once_is_none(entry: object) -> None:
    assert verdict(a_candidate(), entry).decision is Decision.DENIED


@pytest.mark.parametrize("expires", [None, "2026-04-02", "2036-01-01"])
def test_an_approval_holds_until_the_day_before_it_expires(expires: str | None) -> None:
    assert NOW.date().isoformat() == "2026-04-01"
    assert verdict(a_candidate(), an_approval(expires=expires)).findings == ()


def test_an_expired_approval_is_the_reason_that_is_given() -> None:
    (finding,) = verdict(a_candidate(), an_approval(expires="2026-03-31")).findings
    assert finding.message == snapshot(
        "the approval of litellm 1.82.6 expired on 2026-03-31: the gateway needs it"
    )


def test_other_bytes_under_an_approved_name_are_not_approved() -> None:
    """Neither when the index promises them, nor when they come in spite of its promise."""
    swapped = a_candidate(
        file=a_file(hashes={"sha256": OTHER}), digests=Unknown("not downloaded yet")
    )
    promised = verdict(swapped, GOOD)
    assert promised.decision is Decision.DENIED
    assert f"none with the sha256 {OTHER}" in report(promised)
    delivered = verdict(a_candidate(digests={"sha256": OTHER}), GOOD)
    assert {f.rule for f in delivered.findings} == {"unapproved-file", "hash-mismatch"}


def test_the_index_stage_is_enough_to_deny() -> None:
    approvals = Approvals((GOOD,))
    policy = overlay(REQUIRED, None, source="guard.toml", approvals=approvals)
    unseen = a_candidate(file=a_file(version="1.84.0"), digests=Unknown("not downloaded yet"))
    assert judge(unseen, policy, stage=Stage.INDEX).decision is Decision.DENIED
    promised = a_candidate(digests=Unknown("not downloaded yet"))
    assert judge(promised, policy, stage=Stage.INDEX).findings == ()


def test_bytes_of_which_nothing_is_known_may_be_others() -> None:
    unknown = a_candidate(
        file=a_file(hashes={}), listing=Absent("gone"), digests=Unknown("not downloaded")
    )
    findings = {str(f.rule): f for f in verdict(unknown, GOOD).findings}
    assert findings["unapproved-file"].unknown
    assert "no sha256 of it is known" in findings["unapproved-file"].message


def test_what_has_no_version_before_it_is_built_is_never_approved() -> None:
    tree = a_candidate(file=a_file(version=None))
    assert any(f.rule == "unapproved-file" and f.holds for f in verdict(tree, GOOD).findings)


@pytest.mark.parametrize(
    ("level", "decision"), [("warn", Decision.ADMITTED), ("deny", Decision.DENIED)]
)
def test_an_approved_file_that_nobody_had_opened_is_said_to_be_one(
    level: str, decision: Decision
) -> None:
    rules = {"unapproved-file": {"unopened-level": level}}
    found = verdict(a_candidate(), an_approval(judged=False), rules=rules)
    assert found.decision is decision
    assert [f.message for f in found.findings] == [
        "approved by sec@example.com without having been opened"
    ]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_an_approval_that_does_not_fit_hides_none_that_does(order: tuple[int, ...]) -> None:
    entries = [
        an_approval(judged=False),
        an_approval(expires="2026-01-01"),
        an_approval(sha256=OTHER),
        GOOD,
    ]
    assert verdict(a_candidate(), *(entries[i] for i in order)).findings == ()


def test_a_waiver_and_a_group_can_make_room() -> None:
    exempt = [{"name": "litellm", "rule": "unapproved-file", "reason": "ours"}]
    assert verdict(a_candidate(), exempt=exempt).decision is Decision.ADMITTED
    off = {"unapproved-file": {"level": "off"}}
    group = [{"name": "ours", "members": ["lite*"], "rules": off}]
    assert verdict(a_candidate(), group=group).findings == ()
    other = a_candidate(file=a_file("frob", "1.0"))
    assert verdict(other, group=group).decision is Decision.DENIED
