"""`record-mismatch`: a RECORD that is not about the files."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from guard.artifact.defect import DefectKind
from guard.model import Absent, Decision, Unknown
from guard.rules.record_mismatch import RecordMismatch
from tests.builders import a_candidate, a_judgement, a_verdict, findings, report
from tests.rules.contents import frob, with_defects

KIND = DefectKind.RECORD_MISMATCH


def test_an_ordinary_wheel_is_allowed() -> None:
    assert a_verdict(frob()).findings == ()


def test_a_defect_is_denied_with_its_place() -> None:
    verdict = a_verdict(with_defects(KIND, "not listed in RECORD"))
    assert report(verdict) == snapshot("""\
denied[record-mismatch]: not listed in RECORD
  --> frob-1.0-py3-none-any.whl
   = where: 'frob/0.py' at byte 0
   = help: guard rule record-mismatch

1 file judged: 1 denied; nothing was installed
""")


@pytest.mark.parametrize("count", [0, 1, 2])
def test_every_defect_is_a_finding(count: int) -> None:
    found = findings(RecordMismatch(), with_defects(KIND, *"ab"[:count]))
    assert [finding.message for finding in found] == list("ab"[:count])


@pytest.mark.parametrize("kind", [kind for kind in DefectKind if kind is not KIND])
def test_a_defect_of_another_kind_is_for_another_rule(kind: DefectKind) -> None:
    assert findings(RecordMismatch(), with_defects(kind, "other")) == []


def test_a_wheel_that_could_not_be_read_is_undecided() -> None:
    candidate = a_candidate(content=Unknown("the disk is full"))
    [finding] = findings(RecordMismatch(), candidate)
    assert finding.unknown
    assert finding.message == "what is inside is not known: the disk is full"


def test_what_is_no_wheel_has_no_content() -> None:
    assert findings(RecordMismatch(), a_candidate(content=Absent("no wheel"))) == []


def test_a_good_wheel_hides_no_bad_one() -> None:
    bad = with_defects(KIND, "bad")
    assert a_judgement(frob(), bad).decision is Decision.DENIED
    assert a_judgement(bad, frob()).decision is Decision.DENIED


def test_a_file_that_was_added_later_is_denied() -> None:
    def without(text: str) -> str:
        return "".join(line for line in text.splitlines(keepends=True) if "late.py" not in line)

    candidate = frob({"late.py": ""}, record=without)
    assert a_verdict(candidate).decision is Decision.DENIED
    assert findings(RecordMismatch(), candidate)[0].message == "not listed in RECORD"
