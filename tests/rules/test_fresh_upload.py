"""`fresh-upload`: what nobody can have looked at yet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from inline_snapshot import snapshot
from packaging.version import Version

from guard.model import Absent, Advisory, Decision, Listing, Origin, Requested, Unknown
from tests.builders import (
    INDEX,
    NOW,
    a_candidate,
    a_judgement,
    a_listing,
    a_policy,
    a_verdict,
    ago,
    report,
)

INTERNAL = f"""
[rules.fresh-upload]
exempt-indexes = ["internal"]

[[index]]
name = "internal"
url = "{INDEX}/"
"""
SECOND = timedelta(seconds=1)


def uploaded(moment: datetime) -> Listing:
    return a_listing(upload_time=moment)


def test_a_file_of_last_month_is_allowed() -> None:
    assert a_verdict(a_candidate(listing=uploaded(ago(days=30)))).findings == ()


def test_a_file_of_this_morning_is_denied() -> None:
    verdict = a_verdict(a_candidate(listing=uploaded(ago(hours=2, minutes=30))))
    assert report(verdict) == snapshot("""\
denied[fresh-upload]: uploaded 2 hours ago, younger than 7 days
  --> litellm-1.82.6-py3-none-any.whl
   = policy: rules.fresh-upload.age = "7 days"
   = help: guard rule fresh-upload

1 file judged: 1 denied; nothing was installed
""")


@pytest.mark.parametrize(
    "requested", [Requested(), Requested(named=True, pinned=True), Requested(locked=True)]
)
def test_dependencies_pins_and_locks_wait_like_any_other(requested: Requested) -> None:
    candidate = a_candidate(listing=uploaded(ago(hours=2)), requested=requested)
    assert a_verdict(candidate).decision is Decision.DENIED


@pytest.mark.parametrize(
    ("moment", "decision"),
    [
        (ago(days=7) + SECOND, Decision.DENIED),
        (ago(days=7), Decision.ADMITTED),
        (ago(days=7) - SECOND, Decision.ADMITTED),
    ],
)
def test_a_week_is_seven_whole_days(moment: datetime, decision: Decision) -> None:
    assert a_verdict(a_candidate(listing=uploaded(moment))).decision is decision


@pytest.mark.parametrize(
    "ahead", [SECOND, timedelta(days=365), datetime.max.replace(tzinfo=UTC) - NOW]
)
def test_an_upload_in_the_future_is_as_fresh_as_can_be(ahead: timedelta) -> None:
    verdict = a_verdict(a_candidate(listing=uploaded(NOW + ahead)))
    assert verdict.decision is Decision.DENIED
    assert verdict.findings[0].message == "uploaded in the future, younger than 7 days"


def test_a_time_in_another_zone_is_the_same_moment() -> None:
    far = timezone(timedelta(hours=14))
    moment = (ago(days=7) + SECOND).astimezone(far)
    assert a_verdict(a_candidate(listing=uploaded(moment))).decision is Decision.DENIED


def test_an_upload_time_that_the_index_does_not_give_leaves_it_undecided() -> None:
    verdict = a_verdict(a_candidate(listing=uploaded_unknown()))
    assert report(verdict) == snapshot("""\
undecided[fresh-upload]: upload time unknown: https://packages.example.com/simple gives no upload times (PEP 700)
  --> litellm-1.82.6-py3-none-any.whl
   = help: an index of your own can be named in rules.fresh-upload.exempt-indexes
   = help: guard rule fresh-upload

1 file judged: 1 undecided; nothing was installed
""")  # noqa: E501 - as it is printed


def uploaded_unknown() -> Listing:
    return a_listing(upload_time=Unknown(f"{INDEX} gives no upload times (PEP 700)"))


def test_a_page_that_could_not_be_had_leaves_it_undecided() -> None:
    policy = 'rules.yanked-file.level = "off"\nrules.vanished-file.level = "off"\n'
    verdict = a_verdict(a_candidate(listing=Unknown("no answer in time")), policy)
    assert verdict.decision is Decision.UNDECIDED
    assert verdict.findings[0].message == "upload time unknown: no answer in time"


@pytest.mark.parametrize("listing", [Absent("a file"), a_listing(upload_time=Absent("a folder"))])
def test_what_was_never_uploaded_is_not_fresh(listing: Listing | Absent) -> None:
    candidate = a_candidate(origin=Absent("a file"), listing=listing)
    assert a_verdict(candidate).findings == ()


@pytest.mark.parametrize("listing", [uploaded(ago(hours=1)), uploaded_unknown()])
def test_an_exempt_index_need_not_wait(listing: Listing) -> None:
    assert a_verdict(a_candidate(listing=listing), INTERNAL).findings == ()


@pytest.mark.parametrize(
    "origin",
    [
        Origin(url="https://packages.example.com/other"),
        Origin(url="https://packages.example.com.evil.example/simple"),
        Origin(url="http://packages.example.com/simple"),
        Unknown("no answer in time"),
    ],
)
def test_no_other_index_is_exempt(origin: Origin | Unknown) -> None:
    candidate = a_candidate(listing=uploaded(ago(hours=1)), origin=origin)
    policy = f'{INTERNAL}\n[[index]]\nname = "other"\nurl = "https://packages.example.com/other"\n'
    assert a_verdict(candidate, policy).decision is Decision.DENIED


@pytest.mark.parametrize(
    ("age", "minutes", "decision"),
    [
        ("0 days", 0, Decision.ADMITTED),
        ("90 minutes", 89, Decision.DENIED),
        ("90 minutes", 90, Decision.ADMITTED),
        ("P2W", 14 * 24 * 60 - 1, Decision.DENIED),
        ("999999 weeks", 10**8, Decision.DENIED),
    ],
)
def test_the_age_is_the_policys(age: str, minutes: int, decision: Decision) -> None:
    candidate = a_candidate(listing=uploaded(ago(minutes=minutes)))
    assert a_verdict(candidate, f'rules.fresh-upload.age = "{age}"\n').decision is decision


def test_an_old_file_hides_no_fresh_one() -> None:
    fresh = a_candidate(listing=uploaded(ago(hours=1)))
    assert a_judgement(a_candidate(), fresh).decision is Decision.DENIED
    assert a_judgement(fresh, a_candidate()).decision is Decision.DENIED


def test_an_exempt_index_hides_no_other() -> None:
    other = Origin(url="https://other.example.com/simple")
    fresh = a_candidate(listing=uploaded(ago(hours=1)), origin=other)
    exempt = a_candidate(listing=uploaded(ago(hours=1)))
    assert a_judgement(exempt, fresh, toml=INTERNAL).decision is Decision.DENIED
    assert a_judgement(fresh, exempt, toml=INTERNAL).decision is Decision.DENIED


def test_resolvers_are_told_the_same_moment() -> None:
    assert a_policy().upload_cutoff(NOW) == ago(days=7)
    assert a_policy('rules.fresh-upload.level = "warn"\n').upload_cutoff(NOW) is None


def test_an_age_beyond_the_calendar_hides_everything() -> None:
    policy = a_policy('rules.fresh-upload.age = "999999 weeks"\n')
    assert policy.upload_cutoff(NOW) == datetime.min.replace(tzinfo=UTC)


REMEDY = Advisory(id="PYSEC-2026-1", fixed=(Version("1.82.6"),))


def test_the_named_fix_of_what_is_installed_need_not_wait() -> None:
    fresh = a_candidate(listing=uploaded(ago(hours=2)), remedies=(REMEDY,))
    verdict = a_verdict(fresh)
    assert verdict.decision is Decision.ADMITTED
    assert report(verdict) == snapshot("""\
waived[fresh-upload]: uploaded 2 hours ago, younger than 7 days
  --> litellm-1.82.6-py3-none-any.whl
   = policy: rules.fresh-upload.age = "7 days"
   = waived: the installed version is known to be vulnerable, and this is the fix: PYSEC-2026-1
   = help: guard rule fresh-upload

1 file judged: admitted, 1 with remarks
""")


@pytest.mark.parametrize("remedies", [(), Absent("no target"), Unknown("no advisories")])
def test_what_is_not_known_to_be_a_fix_waits(
    remedies: tuple[Advisory, ...] | Absent | Unknown,
) -> None:
    candidate = a_candidate(listing=uploaded(ago(hours=2)), remedies=remedies)
    assert a_verdict(candidate).decision is Decision.DENIED


def test_a_policy_may_let_fixes_wait_too() -> None:
    fresh = a_candidate(listing=uploaded(ago(hours=2)), remedies=(REMEDY,))
    toml = "rules.fresh-upload.waive-fixes = false\n"
    assert a_verdict(fresh, toml).decision is Decision.DENIED


def test_a_fix_hides_no_other_fresh_file() -> None:
    fix = a_candidate(listing=uploaded(ago(hours=2)), remedies=(REMEDY,))
    fresh = a_candidate(listing=uploaded(ago(hours=2)))
    assert a_judgement(fix, fresh).decision is Decision.DENIED
    assert a_judgement(fresh, fix).decision is Decision.DENIED


def test_a_fix_without_an_upload_time_is_not_waived() -> None:
    candidate = a_candidate(listing=uploaded_unknown(), remedies=(REMEDY,))
    assert a_verdict(candidate).decision is Decision.UNDECIDED
