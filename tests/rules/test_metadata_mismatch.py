"""`metadata-mismatch`: what a wheel says of itself, and what it is called."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from inline_snapshot import snapshot

from guard.artifact.defect import DefectKind
from guard.model import Absent, Candidate, Decision, Fact, FileKind, Listing, Unknown
from guard.rules.metadata_mismatch import MetadataMismatch
from tests.artifact.archives import INFO, METADATA
from tests.builders import (
    a_candidate,
    a_digest,
    a_file,
    a_judgement,
    a_listing,
    a_verdict,
    findings,
    report,
)
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


def offering(metadata: Fact[str], **changes: Any) -> Candidate:
    """The harmless wheel, from an index that offers a metadata file with it."""
    return frob(listing=a_listing(core_metadata=metadata), **changes)


def test_the_index_may_offer_the_metadata_of_the_wheel() -> None:
    assert a_verdict(offering(a_digest(METADATA.encode()))).findings == ()


def test_an_index_that_offers_other_metadata_is_denied() -> None:
    """PEP 658: the resolver read other dependencies than the ones that were judged."""
    lie = METADATA + "Requires-Dist: evil\n"
    assert report(a_verdict(offering(a_digest(lie.encode())))) == snapshot("""\
denied[metadata-mismatch]: the metadata file that its index offers is not the METADATA of the wheel
  --> frob-1.0-py3-none-any.whl
   = offered: sha256 1a5fd59adc775f624380201653b9191eccd7e47a7af2bf100f70e03584f9516b
   = inside: sha256 95d7caf14be514f4baa90c2652a4ed2ee896278111e57c6fee8093a3e588527f
   = help: guard rule metadata-mismatch

1 file judged: 1 denied; nothing was installed
""")


def test_metadata_that_an_index_offers_but_does_not_show_are_undecided() -> None:
    [finding] = findings(MetadataMismatch(), offering(Unknown("no answer in time")))
    assert finding.unknown
    assert finding.message == "what its index had a resolver read is not known: no answer in time"


@pytest.mark.parametrize(
    ("listing", "unknown"), [(Absent("a local file"), []), (Unknown("no page"), [True])]
)
def test_without_a_page_there_is_nothing_or_nobody_knows(
    listing: Fact[Listing], unknown: list[bool]
) -> None:
    found = findings(MetadataMismatch(), frob(listing=listing))
    assert [finding.unknown for finding in found] == unknown


def test_what_is_offered_with_a_source_is_no_business_of_an_installer() -> None:
    candidate = offering(a_digest(b"other"))
    sdist = replace(candidate, file=replace(candidate.file, kind=FileKind.SDIST))
    assert findings(MetadataMismatch(), sdist) == []
