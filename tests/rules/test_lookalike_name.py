"""`lookalike-name`: new projects that could be taken for well-known ones."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from inline_snapshot import snapshot

from guard.duration import Duration
from guard.model import (
    Absent,
    Candidate,
    Decision,
    Fact,
    History,
    Level,
    Requested,
    Unknown,
    Verdict,
)
from guard.rules.lookalike_name import LookalikeName
from tests.builders import NOW, a_candidate, a_file, ago, findings, report

SECOND = timedelta(seconds=1)
NEW = History(first_upload=ago(days=3), releases=1)
OLD = History(first_upload=ago(days=900), releases=12)
TRANSITIVE = Requested()


def asked(project: str, history: Fact[History] = NEW, **changes: Any) -> Candidate:
    return a_candidate(file=a_file(project, "1.0"), history=history, **changes)


def verdict(candidate: Candidate, rule: LookalikeName | None = None) -> Verdict:
    return Verdict(candidate, tuple(findings(rule or LookalikeName(), candidate)))


def test_a_new_project_of_its_own_name_is_allowed() -> None:
    assert findings(LookalikeName(), asked("acme-billing")) == []


def test_a_well_known_project_is_allowed_whatever_is_known_of_it() -> None:
    for history in (NEW, OLD, Unknown("no answer in time")):
        assert findings(LookalikeName(), asked("requests", history)) == []


def test_an_established_project_is_allowed_whatever_it_looks_like() -> None:
    for name in ("jeIlyfish", "request", "requests-lite"):
        assert findings(LookalikeName(), asked(name, OLD)) == []


def test_a_name_that_looks_the_same_is_denied() -> None:
    assert report(verdict(asked("jeIlyfish"))) == snapshot("""\
denied[lookalike-name]: 'jeilyfish' reads like 'jellyfish', number 1,240 by downloads: 'i' in place of 'l'; first uploaded 3 days ago, 1 release
  --> jeilyfish-1.0-py3-none-any.whl
   = policy: rules.lookalike-name.age = "90 days", releases = 3
   = help: did you mean 'jellyfish'?
   = help: if you know it: rules.lookalike-name.allow = ["jeilyfish"]
   = help: guard rule lookalike-name

1 file judged: 1 denied; nothing was installed
""")  # noqa: E501 - as it is printed


def test_a_name_that_is_close_is_warned_of() -> None:
    assert report(verdict(asked("request"))) == snapshot("""\
warning[lookalike-name]: 'request' is one letter away from 'requests', number 6 by downloads: 's' left out; first uploaded 3 days ago, 1 release
  --> request-1.0-py3-none-any.whl
   = policy: rules.lookalike-name.age = "90 days", releases = 3
   = help: did you mean 'requests'?
   = help: if you know it: rules.lookalike-name.allow = ["request"]
   = help: guard rule lookalike-name

1 file judged: admitted, 1 with remarks
""")  # noqa: E501 - as it is printed


def test_a_dependency_that_nobody_named_is_pointed_out_as_such() -> None:
    assert report(verdict(asked("python3-dateutil", requested=TRANSITIVE))) == snapshot("""\
warning[lookalike-name]: 'python3-dateutil' is one letter away from 'python-dateutil', number 13 by downloads: '3' added; first uploaded 3 days ago, 1 release
  --> python3_dateutil-1.0-py3-none-any.whl
   = policy: rules.lookalike-name.age = "90 days", releases = 3
   = help: a project of the plan depends on it; was 'python-dateutil' meant there?
   = help: if you know it: rules.lookalike-name.allow = ["python3-dateutil"]
   = help: guard rule lookalike-name

1 file judged: admitted, 1 with remarks
""")  # noqa: E501 - as it is printed


def test_a_brand_without_a_project_suggests_none() -> None:
    assert report(verdict(asked("deepseeek"))) == snapshot("""\
warning[lookalike-name]: 'deepseeek' is one letter away from 'deepseek', which is often imitated: 'e' added; first uploaded 3 days ago, 1 release
  --> deepseeek-1.0-py3-none-any.whl
   = policy: rules.lookalike-name.age = "90 days", releases = 3
   = help: ask the makers of 'deepseek' which project is theirs
   = help: if you know it: rules.lookalike-name.allow = ["deepseeek"]
   = help: guard rule lookalike-name

1 file judged: admitted, 1 with remarks
""")  # noqa: E501 - as it is printed


@pytest.mark.parametrize(
    ("project", "words"),
    [
        ("pythondateutil", "'pythondateutil' is spelled like 'python-dateutil', number 13 by "),
        ("reqeusts", "'reqeusts' is two swapped letters away from 'requests', number 6 by "),
        ("pytz3-dev", "'pytz3-dev' is named after 'pytz', number 62 by downloads: '3-dev' added;"),
    ],
)
def test_each_likeness_is_said_in_its_own_words(project: str, words: str) -> None:
    [finding] = findings(LookalikeName(), asked(project))
    assert finding.message.startswith(words)
    assert finding.level is Level.WARN


@pytest.mark.parametrize(
    ("first_upload", "releases", "objections"),
    [
        (ago(days=90) + SECOND, 3, 1),
        (ago(days=90), 3, 0),
        (ago(days=90) - SECOND, 3, 0),
        (ago(days=3000), 2, 1),
        (ago(days=3000), 3, 0),
        (ago(days=1), 500, 1),
        (NOW + timedelta(days=400), 3, 1),
        (None, 2, 1),
    ],
)
def test_ninety_days_and_three_releases_are_needed(
    first_upload: datetime | None, releases: int, objections: int
) -> None:
    history = History(first_upload=first_upload, releases=releases)
    found = findings(LookalikeName(), asked("jeIlyfish", history))
    assert [finding.unknown for finding in found] == [False] * objections


@pytest.mark.parametrize(
    ("age", "releases", "objections"),
    [("0 days", 0, 0), ("3 days", 1, 0), ("4 days", 1, 1), ("3 days", 2, 1)],
)
def test_how_much_is_needed_is_the_policys(age: str, releases: int, objections: int) -> None:
    rule = LookalikeName(age=Duration.parse(age), releases=releases)
    assert len(findings(rule, asked("jeIlyfish"))) == objections


def test_a_first_upload_in_the_future_is_said() -> None:
    history = History(first_upload=NOW + SECOND, releases=9)
    [finding] = findings(LookalikeName(), asked("jeIlyfish", history))
    assert finding.message.endswith("; first uploaded in the future, 9 releases")


def test_few_releases_without_a_date_are_few() -> None:
    history = History(first_upload=None, releases=1)
    [finding] = findings(LookalikeName(), asked("jeIlyfish", history))
    assert finding.message.endswith("'i' in place of 'l'; 1 release")


@pytest.mark.parametrize(
    ("history", "reason"),
    [
        (Unknown("no answer in time"), "no answer in time"),
        (History(first_upload=None, releases=3), "its index gives no upload times"),
    ],
)
def test_a_past_that_is_not_known_leaves_the_same_look_undecided(
    history: Fact[History], reason: str
) -> None:
    judged = verdict(asked("jeIlyfish", history))
    assert judged.decision is Decision.UNDECIDED
    assert judged.findings[0].message.endswith(f"; not known how old it is: {reason}")
    assert verdict(asked("acme-billing", history)).findings == ()


def test_a_past_that_is_not_known_weighs_no_more_than_a_short_one() -> None:
    candidate = asked("request", Unknown("no answer in time"))
    assert verdict(candidate).decision is Decision.ADMITTED
    assert len(verdict(candidate).findings) == 1
    strict = LookalikeName(distance_level=Level.DENY)
    assert verdict(candidate, strict).decision is Decision.UNDECIDED


def test_what_no_index_lists_has_no_past() -> None:
    assert findings(LookalikeName(), asked("jeIlyfish", Absent("a file"))) == []


@pytest.mark.parametrize(
    ("level", "distance_level", "same_look", "close"),
    [
        (Level.DENY, Level.WARN, Level.DENY, Level.WARN),
        (Level.DENY, Level.DENY, Level.DENY, Level.DENY),
        (Level.DENY, Level.OFF, Level.DENY, None),
        (Level.WARN, Level.DENY, Level.WARN, Level.WARN),
    ],
)
def test_levels(level: Level, distance_level: Level, same_look: Level, close: Level | None) -> None:
    rule = LookalikeName(level=level, distance_level=distance_level)
    assert [f.level for f in findings(rule, asked("jeIlyfish"))] == [same_look]
    assert [f.level for f in findings(rule, asked("request"))] == [close] * (close is not None)


@pytest.mark.parametrize(
    ("allow", "objections"),
    [("jeilyfish", 0), ("JeIlyfish", 0), ("jellyfish", 1), ("jeilyfish2", 1)],
)
def test_a_project_that_is_known_is_allowed_by_its_name(allow: str, objections: int) -> None:
    rule = LookalikeName(allow=(allow,))
    assert len(findings(rule, asked("jeIlyfish"))) == objections


@pytest.mark.parametrize("said", [{"allow": ["*"]}, {"allow": ["-a"]}, {"releases": -1}])
def test_an_option_that_makes_no_sense_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(said, LookalikeName)


def test_a_good_name_hides_no_bad_one() -> None:
    rule = LookalikeName(allow=("jeilyfish",))
    for names in (("jeIlyfish", "rnatplotlib"), ("rnatplotlib", "jeIlyfish")):
        assert sum(len(findings(rule, asked(name))) for name in names) == 1
