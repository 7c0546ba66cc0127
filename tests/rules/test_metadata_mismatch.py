"""`metadata-mismatch`: what a wheel says of itself, and what it is called."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from guard.artifact.defect import DefectKind
from guard.model import Absent, Decision, Unknown
from guard.rules.metadata_mismatch import MetadataMismatch
from tests.artifact.archives import INFO, METADATA
from tests.builders import a_candidate, a_file, a_judgement, a_verdict, findings, report
from tests.rules.contents import frob, with_content, with_defects

OTHER = frob({f"{INFO}/METADATA": METADATA.replace("frob", "other")})


def test_an_ordinary_wheel_is_allowed() -> None:
    assert a_verdict(frob()).findings == ()


def test_metadata_of_another_project_are_denied() -> None:
    assert report(a_verdict(OTHER)) == snapshot("""\
denied[metadata-mismatch]: METADATA: Name is other, the filename says frob
  --> frob-1.0-py3-none-any.whl
   = where: 'frob-1.0.dist-info/METADATA' at byte 1000
   = help: guard rule metadata-mismatch

1 file judged: 1 denied; nothing was installed
""")


def test_every_defect_is_a_finding() -> None:
    candidate = with_defects(DefectKind.METADATA_MISMATCH, "a", "b")
    assert [finding.message for finding in findings(MetadataMismatch(), candidate)] == ["a", "b"]


@pytest.mark.parametrize("kind", [k for k in DefectKind if k is not DefectKind.METADATA_MISMATCH])
def test_a_defect_of_another_kind_is_for_another_rule(kind: DefectKind) -> None:
    assert findings(MetadataMismatch(), with_defects(kind, "other")) == []


@pytest.mark.parametrize(
    ("name", "version", "messages"),
    [
        ("frob", "1.0", []),
        ("FROB", "1.0.0", []),
        ("other", "1.0", ["METADATA says other, the plan says frob"]),
        ("frob", "1.0.1", ["METADATA says version 1.0.1, the plan says 1.0"]),
        ("frob", "1.0+local", ["METADATA says version 1.0+local, the plan says 1.0"]),
        (None, None, []),
        ("frob", "no version", []),
    ],
)
def test_the_plan_is_compared_too(
    name: str | None, version: str | None, messages: list[str]
) -> None:
    found = findings(MetadataMismatch(), with_content(name=name, version=version))
    assert [finding.message for finding in found] == messages


def test_a_plan_need_not_know_the_version() -> None:
    candidate = with_content(name="frob", version="2.0")
    assert len(findings(MetadataMismatch(), candidate)) == 1
    unversioned = a_candidate(file=a_file("frob", None), content=candidate.content)
    assert findings(MetadataMismatch(), unversioned) == []


def test_metadata_that_could_not_be_read_are_undecided() -> None:
    [finding] = findings(MetadataMismatch(), a_candidate(content=Unknown("the disk is full")))
    assert finding.unknown
    assert finding.message == "what is inside is not known: the disk is full"


def test_what_is_no_wheel_has_no_content() -> None:
    assert findings(MetadataMismatch(), a_candidate(content=Absent("no wheel"))) == []


def test_a_good_wheel_hides_no_bad_one() -> None:
    assert a_judgement(frob(), OTHER).decision is Decision.DENIED
    assert a_judgement(OTHER, frob()).decision is Decision.DENIED
