from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from guard.admission.judge import judge
from guard.errors import PolicyError
from guard.model import Absent, Candidate, Decision, Origin, Unknown, Vouched
from guard.policy import Policy
from guard.policy.policy import Floor
from guard.rules import Stage
from tests.builders import NOW, a_candidate, a_listing, a_policy, ago

KEY = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="
OTHER = "MCowBQYDK2VwAyEAHb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="
MIRROR = "https://mirror.example.com/simple"
POLICY = f'[[index]]\nname = "mirror"\nurl = "{MIRROR}/"\nreceipts = {{ key = "{KEY}"MORE }}\n'
RECEIPT = Vouched(key=KEY, judged_at=ago(hours=3), policy="0" * 64)


def policy(more: str = "", rest: str = "") -> Policy:
    return a_policy(POLICY.replace("MORE", more) + rest)


def young(**changes: Any) -> Candidate:
    """A file of a mirror that is too young for the policy of whoever installs it."""
    said: dict[str, Any] = {
        "origin": Origin(url=MIRROR),
        "listing": a_listing(upload_time=ago(hours=1)),
        "vouched": RECEIPT,
    }
    return a_candidate(**said | changes)


def against(candidate: Candidate, by: Policy) -> set[str]:
    return {str(f.rule) for f in judge(candidate, by).findings if f.holds}


def test_a_receipt_takes_the_place_of_judging_again() -> None:
    assert judge(young(), policy()).decision is Decision.ADMITTED
    assert against(young(), a_policy()) == {"fresh-upload"}


@pytest.mark.parametrize(
    ("more", "receipt"),
    [
        ("", Absent("there is none")),
        ("", Vouched(key=OTHER, judged_at=ago(hours=3), policy="0" * 64)),
        ("", Vouched(key=KEY, judged_at=ago(days=3), policy="0" * 64)),
        ("", Vouched(key=KEY, judged_at=NOW + timedelta(hours=1), policy="0" * 64)),
        (', max-age = "2 hours"', RECEIPT),
        (f', policies = ["{"1" * 64}"]', RECEIPT),
    ],
)
def test_what_is_not_taken_is_denied_and_nothing_is_left_out(more: str, receipt: object) -> None:
    found = against(young(vouched=receipt), policy(more))
    assert found == {"missing-receipt", "fresh-upload"}


def test_a_named_policy_will_do() -> None:
    assert judge(young(), policy(f', policies = ["{"0" * 64}"]')).decision is Decision.ADMITTED


def test_a_mirror_that_cannot_be_asked_leaves_it_undecided() -> None:
    verdict = judge(
        young(vouched=Unknown("HTTP 502"), listing=a_listing(upload_time=ago(days=300))), policy()
    )
    assert verdict.decision is Decision.UNDECIDED


def test_other_indexes_are_judged_as_ever() -> None:
    assert against(young(origin=Origin(url="https://example.com/simple")), policy()) == {
        "fresh-upload"
    }


def test_what_only_you_can_know_is_asked_all_the_same() -> None:
    rest = '[[deny]]\nname = "litellm"\nreason = "no"\n'
    assert against(young(), policy(rest=rest)) == {"denied-release"}
    other = young(digests={"sha256": "0" * 64}, listing=a_listing(hashes={"sha256": "1" * 64}))
    assert against(other, policy()) == {"hash-mismatch"}
    assert "vanished-file" in against(young(listing=Absent("gone")), policy())


def test_a_receipt_loosens_no_policy_below() -> None:
    floored = replace(policy(), floor=Floor(a_policy(), "the system's"))
    assert against(young(), floored) == {"fresh-upload"}


def test_where_the_rule_does_not_deny_everything_is_judged() -> None:
    rest = '[rules.missing-receipt]\nlevel = "warn"\n'
    assert against(young(), policy(rest=rest)) == {"fresh-upload"}


def test_before_the_bytes_are_here_the_mirror_has_judged() -> None:
    asked = young(vouched=Absent("nobody was asked for a receipt"))
    assert judge(asked, policy(), stage=Stage.INDEX).decision is Decision.ADMITTED
    assert judge(asked, a_policy(), stage=Stage.INDEX).decision is Decision.DENIED


@pytest.mark.parametrize("key", ["mirror.pub", KEY[:-2], f"{KEY} ", "-----BEGIN PUBLIC KEY-----"])
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(PolicyError, match="one line between BEGIN and END"):
        a_policy(POLICY.replace("MORE", "").replace(KEY, key))
