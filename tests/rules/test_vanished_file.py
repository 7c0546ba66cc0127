"""`vanished-file`: what is locked or resolved, but gone from its index."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from guard.model import Absent, Decision, Origin, Requested, Unknown
from guard.rules.vanished_file import VanishedFile
from tests.builders import (
    INDEX,
    a_candidate,
    a_file,
    a_judgement,
    a_verdict,
    findings,
    report,
)

GONE = Absent(f"the page of litellm on {INDEX} does not list it")


def test_a_listed_file_is_allowed() -> None:
    assert a_verdict(a_candidate()).findings == ()


@pytest.mark.parametrize("requested", [Requested(locked=True), Requested(named=True), Requested()])
def test_a_file_that_is_gone_is_denied(requested: Requested) -> None:
    verdict = a_verdict(a_candidate(listing=GONE, requested=requested))
    assert report(verdict) == snapshot("""\
denied[vanished-file]: gone from its index: the page of litellm on https://packages.example.com/simple does not list it
  --> litellm-1.82.6-py3-none-any.whl
   = help: guard rule vanished-file

1 file judged: 1 denied; nothing was installed
""")  # noqa: E501 - as it is printed


def test_what_no_index_is_behind_cannot_vanish() -> None:
    candidate = a_candidate(origin=Absent("a URL"), listing=Absent("a URL"))
    assert a_verdict(candidate).decision is Decision.ADMITTED


def test_a_page_that_could_not_be_had_leaves_it_undecided() -> None:
    policy = 'rules.fresh-upload.level = "off"\nrules.yanked-file.level = "off"\n'
    verdict = a_verdict(a_candidate(listing=Unknown("no answer in time")), policy)
    assert report(verdict) == snapshot("""\
undecided[vanished-file]: not known whether its index still lists it: no answer in time
  --> litellm-1.82.6-py3-none-any.whl
   = help: guard rule vanished-file

1 file judged: 1 undecided; nothing was installed
""")


def test_an_index_that_is_not_known_is_not_an_index_that_lists_it() -> None:
    lost = Unknown("no answer in time")
    candidate = a_candidate(origin=lost, listing=lost, status=lost)
    assert [f.unknown for f in findings(VanishedFile(), candidate)] == [True]


def test_gone_and_elsewhere_are_two_findings() -> None:
    candidate = a_candidate(origin=Origin(url=INDEX, rivals=("https://other.example.com",)))
    gone = a_verdict(a_candidate(listing=GONE, origin=candidate.origin))
    assert {str(f.rule) for f in gone.findings} == {"vanished-file", "foreign-index"}


def test_a_listed_file_hides_none_that_is_gone() -> None:
    gone = a_candidate(file=a_file("frob"), listing=GONE)
    assert a_judgement(a_candidate(), gone).decision is Decision.DENIED
    assert a_judgement(gone, a_candidate()).decision is Decision.DENIED
