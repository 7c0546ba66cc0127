"""`oversized-archive`: what unpacks to more than anything honest does."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from guard.artifact.defect import DefectKind
from guard.errors import PolicyError
from guard.model import Absent, Decision, Unknown
from guard.rules.oversized_archive import OversizedArchive
from tests.builders import a_candidate, a_judgement, a_policy, a_verdict, findings, report
from tests.rules.contents import frob, with_content, with_defects

BOMB = with_defects(DefectKind.OVERSIZED_ARCHIVE, "281 TB in all members")


def test_an_ordinary_wheel_is_allowed() -> None:
    assert a_verdict(frob()).findings == ()


def test_what_the_reader_gave_up_on_is_denied() -> None:
    assert report(a_verdict(BOMB)) == snapshot("""\
denied[oversized-archive]: 281 TB in all members
  --> frob-1.0-py3-none-any.whl
   = where: 'frob/0.py' at byte 0
   = help: guard rule oversized-archive

1 file judged: 1 denied; nothing was installed
""")


@pytest.mark.parametrize(
    ("entries", "size", "messages"),
    [
        (10, 1000, []),
        (11, 1000, ["11 members, more than 10"]),
        (10, 1001, ["1001 bytes once unpacked, more than 1000"]),
        (11, 1001, ["11 members, more than 10", "1001 bytes once unpacked, more than 1000"]),
    ],
)
def test_the_policy_may_be_stricter(entries: int, size: int, messages: list[str]) -> None:
    rule = OversizedArchive(max_entries=10, max_bytes=1000)
    found = findings(rule, with_content(entries=entries, size=size))
    assert [finding.message for finding in found] == messages


def test_a_finding_names_the_option_that_is_exceeded() -> None:
    policy = "[rules.oversized-archive]\nmax-entries = 3\n"
    assert report(a_verdict(with_content(entries=4), policy)) == snapshot("""\
denied[oversized-archive]: 4 members, more than 3
  --> frob-1.0-py3-none-any.whl
   = policy: rules.oversized-archive.max-entries = 3
   = help: guard rule oversized-archive

1 file judged: 1 denied; nothing was installed
""")


@pytest.mark.parametrize("option", ["max-entries", "max-bytes"])
def test_an_option_is_a_number_above_zero(option: str) -> None:
    for value in ("0", "-1", '"10 MB"', "1.5"):
        with pytest.raises(PolicyError) as error:
            a_policy(f"[rules.oversized-archive]\n{option} = {value}\n")
        assert error.value.at == f"rules.oversized-archive.{option}"
    rule = a_policy(f"[rules.oversized-archive]\n{option} = 1\n").rule(OversizedArchive)
    assert getattr(rule, option.replace("-", "_")) == 1


def test_the_largest_archive_that_is_read_is_allowed() -> None:
    assert findings(OversizedArchive(), with_content(entries=250_000, size=16 << 30)) == []
    assert len(findings(OversizedArchive(), with_content(entries=250_001))) == 1
    assert len(findings(OversizedArchive(), with_content(size=(16 << 30) + 1))) == 1


def test_an_archive_that_could_not_be_read_is_undecided() -> None:
    [finding] = findings(OversizedArchive(), a_candidate(content=Unknown("the disk is full")))
    assert finding.unknown
    assert finding.message == "what is inside is not known: the disk is full"


def test_what_is_no_wheel_has_no_content() -> None:
    assert findings(OversizedArchive(), a_candidate(content=Absent("no wheel"))) == []


def test_a_good_wheel_hides_no_bad_one() -> None:
    assert a_judgement(frob(), BOMB).decision is Decision.DENIED
    assert a_judgement(BOMB, frob()).decision is Decision.DENIED
