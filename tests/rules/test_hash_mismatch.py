"""`hash-mismatch`: bytes that are not the promised ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from inline_snapshot import snapshot

from guard.approval import Approvals
from guard.model import Absent, Candidate, Decision, Requested, Unknown
from guard.rules.hash_mismatch import HashMismatch
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
from tests.policy.approving import an_approval

GOOD, BAD = a_digest(), "b" * 64
DIGESTS = {name: a_digest(algorithm=name) for name in ("sha256", "sha384", "sha512")}


def promised(by: str, **hashes: str) -> dict[str, Any]:
    """The change to a candidate by which the plan or the index promises `hashes`."""
    if by == "plan":
        return {"file": a_file(hashes=hashes)}
    return {"listing": a_listing(hashes=hashes)}


def demanding(*hashes: tuple[str, str], **changes: Any) -> Candidate:
    requested = Requested(named=True, hashes=frozenset(hashes))
    return a_candidate(requested=requested, **changes)


def test_bytes_that_everybody_promised_are_allowed() -> None:
    assert a_verdict(a_candidate()).findings == ()


def test_bytes_that_nobody_promised_anything_about_are_allowed() -> None:
    candidate = a_candidate(file=a_file(hashes={}), listing=a_listing(hashes={}))
    assert a_verdict(candidate).findings == ()


def test_bytes_that_are_not_those_of_the_index_are_denied() -> None:
    verdict = a_verdict(a_candidate(digests={"sha256": BAD}, file=a_file(hashes={})))
    assert report(verdict) == snapshot("""\
denied[hash-mismatch]: sha256 is bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, the index says ed589341c9fd5da96aaff4c5efa008226282a716186608d5a032ac75895a9c2f
  --> litellm-1.82.6-py3-none-any.whl
   = help: guard rule hash-mismatch

1 file judged: 1 denied; nothing was installed
""")  # noqa: E501 - as it is printed


def test_bytes_without_a_demanded_hash_are_denied() -> None:
    verdict = a_verdict(demanding(("sha256", BAD), ("sha256", "c" * 64)))
    assert report(verdict) == snapshot("""\
denied[hash-mismatch]: sha256 is ed589341c9fd5da96aaff4c5efa008226282a716186608d5a032ac75895a9c2f, none of the hashes asked for: sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc
  --> litellm-1.82.6-py3-none-any.whl
   = help: guard rule hash-mismatch

1 file judged: 1 denied; nothing was installed
""")  # noqa: E501 - as it is printed


@pytest.mark.parametrize("by", ["plan", "index"])
@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_each_strong_promise_counts(by: str, algorithm: str) -> None:
    wrong = a_digest(b"other bytes", algorithm)
    candidate = a_candidate(digests=DIGESTS, **promised(by, **{algorithm: wrong}))
    assert a_verdict(candidate).decision is Decision.DENIED


@pytest.mark.parametrize("by", ["plan", "index"])
def test_a_promise_in_upper_case_is_the_same_promise(by: str) -> None:
    candidate = a_candidate(**promised(by, sha256=GOOD.upper()))
    assert a_verdict(candidate).findings == ()


@pytest.mark.parametrize("by", ["plan", "index"])
def test_a_weak_promise_counts_for_nothing(by: str) -> None:
    candidate = a_candidate(**promised(by, md5="0" * 32, sha1="0" * 40))
    assert a_verdict(candidate).findings == ()


@pytest.mark.parametrize("by", ["plan", "index"])
@pytest.mark.parametrize("algorithm", ["sha384", "sha512"])
def test_a_promise_that_was_not_compared_is_not_kept(by: str, algorithm: str) -> None:
    wrong = a_digest(b"other bytes", algorithm)
    verdict = a_verdict(a_candidate(**promised(by, **{algorithm: wrong})))
    assert verdict.decision is Decision.UNDECIDED
    assert verdict.findings[0].message.endswith(f"promises a {algorithm}, which was not computed")


@pytest.mark.parametrize("hashes", [{"sha256": GOOD, "sha512": BAD * 2}, DIGESTS | {"md5": "0"}])
def test_one_comparable_promise_is_enough(hashes: dict[str, str]) -> None:
    assert a_verdict(a_candidate(listing=a_listing(hashes=hashes))).findings == ()


@pytest.mark.parametrize(
    "hashes",
    [
        {"sha256": GOOD, "sha512": "0" * 128},
        {"sha512": "0" * 128, "sha256": GOOD},
        {"sha256": BAD, "sha512": DIGESTS["sha512"]},
    ],
)
def test_a_good_promise_hides_no_broken_one(hashes: dict[str, str]) -> None:
    candidate = a_candidate(digests=DIGESTS, listing=a_listing(hashes=hashes))
    assert a_verdict(candidate).decision is Decision.DENIED


@pytest.mark.parametrize("broken", ["plan", "index", "request"])
def test_two_good_promises_hide_no_third(broken: str) -> None:
    changes = {} if broken == "request" else promised(broken, sha256=BAD)
    candidate = demanding(("sha256", BAD if broken == "request" else GOOD), **changes)
    verdict = a_verdict(candidate)
    assert verdict.decision is Decision.DENIED
    assert len(verdict.findings) == 1


@pytest.mark.parametrize(
    ("demanded", "decision"),
    [
        ([("sha256", GOOD)], Decision.ADMITTED),
        ([("sha256", BAD), ("sha256", GOOD)], Decision.ADMITTED),
        ([("sha512", DIGESTS["sha512"])], Decision.ADMITTED),
        ([("sha256", BAD), ("sha512", "0" * 128)], Decision.DENIED),
        ([("sha512", GOOD)], Decision.DENIED),
        ([("md5", GOOD)], Decision.DENIED),
    ],
)
def test_one_of_the_demanded_hashes_must_be_there(
    demanded: list[tuple[str, str]], decision: Decision
) -> None:
    assert a_verdict(demanding(*demanded, digests=DIGESTS)).decision is decision


def test_a_demand_in_an_algorithm_that_was_not_computed_is_not_met() -> None:
    candidate = demanding(("sha512", DIGESTS["sha512"]))
    assert a_verdict(candidate).decision is Decision.DENIED


def test_bytes_that_did_not_come_leave_it_undecided() -> None:
    assert report(a_verdict(a_candidate(digests=Unknown("no answer in time")))) == snapshot("""\
undecided[hash-mismatch]: could not be downloaded: no answer in time
  --> litellm-1.82.6-py3-none-any.whl
   = help: guard rule hash-mismatch

1 file judged: 1 undecided; nothing was installed
""")


def test_what_is_not_a_single_file_has_no_bytes_to_compare() -> None:
    assert a_verdict(a_candidate(digests=Absent("not a single file"))).findings == ()


def test_a_good_file_hides_no_bad_one() -> None:
    bad = a_candidate(digests={"sha256": BAD})
    assert a_judgement(a_candidate(), bad).decision is Decision.DENIED
    assert a_judgement(bad, a_candidate()).decision is Decision.DENIED


UNFETCHED = Absent("nothing was downloaded")


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_before_the_bytes_are_here_a_lock_is_held_to_the_page(algorithm: str) -> None:
    own, other = a_digest(algorithm=algorithm), a_digest(b"other bytes", algorithm)
    listing = a_listing(hashes={algorithm: own})
    file = a_file(hashes={algorithm: other})
    [finding] = a_verdict(a_candidate(file=file, listing=listing, digests=UNFETCHED)).findings
    assert finding.message == f"the index says {algorithm} {own}, the plan says {algorithm} {other}"
    same = a_candidate(file=a_file(hashes={algorithm: own.upper()}), listing=listing)
    assert a_verdict(replace(same, digests=UNFETCHED)).findings == ()


def test_before_the_bytes_are_here_one_of_the_demanded_hashes_must_be_the_pages() -> None:
    good = demanding(("sha256", BAD), ("sha256", GOOD), digests=UNFETCHED)
    assert a_verdict(good).findings == ()
    bad = demanding(("sha256", BAD), ("sha256", "c" * 64), digests=UNFETCHED)
    [finding] = a_verdict(bad).findings
    assert "asked for is sha256 bbbb" in finding.message
    incomparable = demanding(("sha512", "c" * 128), digests=UNFETCHED)
    assert a_verdict(incomparable).findings == ()


def test_a_page_that_swaps_an_approved_file_is_denied_before_the_download() -> None:
    rule = HashMismatch(approvals=Approvals((an_approval(sha256=BAD),)))
    [finding] = findings(rule, a_candidate(digests=UNFETCHED))
    assert "approved is sha256 bbbb" in finding.message


def test_what_was_never_listed_contradicts_nothing() -> None:
    gone = a_candidate(listing=Absent("not listed"), digests=UNFETCHED)
    assert findings(HashMismatch(), gone) == []


def test_what_denied_it_early_denies_it_when_nothing_was_fetched() -> None:
    file = a_file(hashes={"sha256": BAD})
    verdict = a_verdict(a_candidate(file=file, digests=Unknown("not downloaded")))
    assert verdict.decision is Decision.DENIED
