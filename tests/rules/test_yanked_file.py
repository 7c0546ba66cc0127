"""`yanked-file`: what its own project has withdrawn."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from guard.model import Absent, Decision, Requested, Unknown
from tests.builders import a_candidate, a_judgement, a_listing, a_verdict, report

PINNED = Requested(named=True, pinned=True)


def test_a_file_that_is_not_yanked_is_allowed() -> None:
    assert a_verdict(a_candidate()).findings == ()


def test_a_yanked_file_is_denied_with_the_reason() -> None:
    verdict = a_verdict(a_candidate(listing=a_listing(yanked="CVE-2026-1: do not use")))
    assert report(verdict) == snapshot("""\
denied[yanked-file]: yanked by its project: CVE-2026-1: do not use
  --> litellm-1.82.6-py3-none-any.whl
   = help: guard rule yanked-file

1 file judged: 1 denied; nothing was installed
""")


def test_yanked_without_a_reason_is_yanked_all_the_same() -> None:
    verdict = a_verdict(a_candidate(listing=a_listing(yanked="")))
    assert verdict.decision is Decision.DENIED
    assert verdict.findings[0].message == "yanked by its project (no reason given)"


def test_a_pinned_version_is_held_to_its_own_level() -> None:
    candidate = a_candidate(listing=a_listing(yanked="broken"), requested=PINNED)
    assert report(a_verdict(candidate)) == snapshot("""\
warning[yanked-file]: yanked by its project: broken
  --> litellm-1.82.6-py3-none-any.whl
   = policy: rules.yanked-file.pinned-level = "warn"
   = help: guard rule yanked-file

1 file judged: admitted, 1 with remarks
""")


@pytest.mark.parametrize(
    ("level", "pinned_level", "requested", "decision"),
    [
        ("deny", "deny", PINNED, Decision.DENIED),
        ("deny", "warn", PINNED, Decision.ADMITTED),
        ("deny", "off", PINNED, Decision.ADMITTED),
        ("warn", "deny", PINNED, Decision.DENIED),
        ("deny", "off", Requested(named=True), Decision.DENIED),
        ("deny", "warn", Requested(locked=True), Decision.DENIED),
        ("warn", "deny", Requested(), Decision.ADMITTED),
    ],
)
def test_levels(level: str, pinned_level: str, requested: Requested, decision: Decision) -> None:
    policy = f'[rules.yanked-file]\nlevel = "{level}"\npinned-level = "{pinned_level}"\n'
    for yanked in ("broken", ""):
        candidate = a_candidate(listing=a_listing(yanked=yanked), requested=requested)
        assert a_verdict(candidate, policy).decision is decision


def test_what_is_switched_off_for_pins_is_not_mentioned() -> None:
    candidate = a_candidate(listing=a_listing(yanked="broken"), requested=PINNED)
    policy = '[rules.yanked-file]\npinned-level = "off"\n'
    assert a_verdict(candidate, policy).findings == ()


ALONE = """
rules.fresh-upload.level = "off"
rules.vanished-file.level = "off"
"""


def test_a_page_that_could_not_be_had_leaves_it_undecided() -> None:
    candidate = a_candidate(listing=Unknown("no answer in time"))
    assert report(a_verdict(candidate, ALONE)) == snapshot("""\
undecided[yanked-file]: not known whether it is yanked: no answer in time
  --> litellm-1.82.6-py3-none-any.whl
   = help: guard rule yanked-file

1 file judged: 1 undecided; nothing was installed
""")


def test_for_a_pin_not_knowing_weighs_no_more_than_knowing() -> None:
    candidate = a_candidate(listing=Unknown("no answer in time"), requested=PINNED)
    verdict = a_verdict(candidate, ALONE)
    assert verdict.decision is Decision.ADMITTED
    assert [(f.level.value, f.unknown) for f in verdict.findings] == [("warn", True)]


def test_what_no_index_lists_is_not_yanked() -> None:
    candidate = a_candidate(origin=Absent("a URL"), listing=Absent("a URL"))
    assert a_verdict(candidate).findings == ()


def test_a_good_file_hides_no_yanked_one() -> None:
    yanked = a_candidate(listing=a_listing(yanked="broken"))
    assert a_judgement(a_candidate(), yanked).decision is Decision.DENIED
    assert a_judgement(yanked, a_candidate()).decision is Decision.DENIED
