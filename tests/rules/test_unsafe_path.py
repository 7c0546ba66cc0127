"""`unsafe-path`: paths that lead elsewhere."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from guard.artifact.defect import DefectKind
from guard.model import Absent, Decision, Unknown
from guard.rules.unsafe_path import UnsafePath
from tests.builders import a_candidate, a_judgement, a_verdict, findings, report
from tests.rules.contents import frob, with_defects

KIND = DefectKind.UNSAFE_PATH


def test_an_ordinary_wheel_is_allowed() -> None:
    assert a_verdict(frob()).findings == ()


def test_a_defect_is_denied_with_its_place() -> None:
    verdict = a_verdict(with_defects(KIND, "../x: a way out of the folder"))
    assert report(verdict) == snapshot("""\
denied[unsafe-path]: ../x: a way out of the folder
  --> frob-1.0-py3-none-any.whl
   = where: 'frob/0.py' at byte 0
   = help: guard rule unsafe-path

1 file judged: 1 denied; nothing was installed
""")


@pytest.mark.parametrize("count", [0, 1, 2])
def test_every_defect_is_a_finding(count: int) -> None:
    found = findings(UnsafePath(), with_defects(KIND, *"ab"[:count]))
    assert [finding.message for finding in found] == list("ab"[:count])


@pytest.mark.parametrize("kind", [kind for kind in DefectKind if kind is not KIND])
def test_a_defect_of_another_kind_is_for_another_rule(kind: DefectKind) -> None:
    assert findings(UnsafePath(), with_defects(kind, "other")) == []


def test_a_wheel_that_could_not_be_read_is_undecided() -> None:
    candidate = a_candidate(content=Unknown("the disk is full"))
    [finding] = findings(UnsafePath(), candidate)
    assert finding.unknown
    assert finding.message == "what is inside is not known: the disk is full"


def test_what_is_no_wheel_has_no_content() -> None:
    assert findings(UnsafePath(), a_candidate(content=Absent("no wheel"))) == []


def test_a_good_wheel_hides_no_bad_one() -> None:
    bad = with_defects(KIND, "bad")
    assert a_judgement(frob(), bad).decision is Decision.DENIED
    assert a_judgement(bad, frob()).decision is Decision.DENIED


@pytest.mark.parametrize(
    "name",
    [
        "frob-1.0.data/unknown/x",
        "frob-1.0.data/purelib/frob.py",
        "frob-1.0.data/data/pyvenv.cfg",
        "frob-1.0.data/data/lib/python3.11/ssl.py",
    ],
)
def test_what_lands_elsewhere_is_denied(name: str) -> None:
    found = findings(UnsafePath(), frob({name: ""}))
    assert [finding.detail for finding in found] == [(f"where: {name!r} at byte 3000",)]
