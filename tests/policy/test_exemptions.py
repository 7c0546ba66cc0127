"""Exemptions: they set aside what they name, for a reason, for a time, and nothing else."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import pytest

from guard.model import Decision, Level, Unknown
from tests.builders import a_candidate, a_digest, a_file, a_listing, a_verdict, ago

LOST: Final = Unknown("no answer in time")


def exempting(**fields: str) -> str:
    said = {"name": "litellm", "rule": "yanked-file", "reason": "reviewed"} | fields
    lines = (f"{k.replace('_', '-')} = {v if v[:1] in '[2' else repr(v)}" for k, v in said.items())
    return "\n".join(["[[exempt]]", *lines, ""])


YANKED: Final = a_candidate(listing=a_listing(yanked="broken"))


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"name": "LiteLLM"},
        {"name": "lite*"},
        {"versions": "==1.82.6"},
        {"versions": ">=1,<2"},
        {"versions": "==1.0,==1.82.6"},
        {"sha256": f'["{"b" * 64}", "{a_digest().upper()}"]'},
        {"expires": "2026-04-02"},
        {"approved_by": "sec@example.com"},
    ],
)
def test_an_exemption_sets_aside_what_it_names(fields: dict[str, str]) -> None:
    verdict = a_verdict(YANKED, exempting(**fields))
    assert verdict.decision is Decision.ADMITTED
    (finding,) = verdict.findings
    assert finding.waiver == "reviewed" + (" (sec@example.com)" if "approved_by" in fields else "")
    assert (finding.level, finding.message) == (Level.DENY, "yanked by its project: broken")


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "litellm-proxy"},
        {"name": "llm"},
        {"rule": "fresh-upload"},
        {"versions": "!=1.82.6"},
        {"versions": "==1.82.6.post1"},
        {"sha256": f'["{"b" * 64}"]'},
        {"versions": "==1.82.6", "sha256": f'["{"b" * 64}"]'},
        {"expires": "2026-04-01"},
        {"expires": "2020-01-01"},
    ],
)
def test_an_exemption_sets_nothing_else_aside(fields: dict[str, str]) -> None:
    assert a_verdict(YANKED, exempting(**fields)).decision is Decision.DENIED


def test_an_exemption_from_one_rule_leaves_the_others() -> None:
    candidate = a_candidate(listing=a_listing(yanked="broken", upload_time=ago(hours=1)))
    verdict = a_verdict(candidate, exempting())
    assert verdict.decision is Decision.DENIED
    assert {str(f.rule): f.waiver for f in verdict.findings} == {
        "fresh-upload": None,
        "yanked-file": "reviewed",
    }


def test_an_exemption_by_version_needs_a_version() -> None:
    unknown = replace(YANKED, file=a_file(version=None))
    assert a_verdict(unknown, exempting(versions=">=0")).decision is Decision.DENIED
    assert a_verdict(unknown, exempting()).decision is Decision.ADMITTED


def test_an_exemption_by_digest_is_about_the_bytes_and_not_what_was_promised() -> None:
    policy = f"rules.hash-mismatch.level = 'off'\n{exempting(sha256=repr([a_digest()]))}"
    assert a_verdict(YANKED, policy).decision is Decision.ADMITTED
    assert a_verdict(replace(YANKED, digests=LOST), policy).decision is Decision.ADMITTED
    other = replace(YANKED, digests={"sha256": "b" * 64})
    assert a_verdict(other, policy).decision is Decision.DENIED
    unpromised = replace(YANKED, digests=LOST, file=a_file(hashes={}))
    assert a_verdict(unpromised, policy).decision is Decision.DENIED


@pytest.mark.parametrize(
    ("moment", "decision"),
    [
        (datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC), Decision.ADMITTED),
        (datetime(2026, 4, 1, tzinfo=UTC), Decision.DENIED),
        (datetime(2026, 4, 1, 23, tzinfo=UTC), Decision.DENIED),
    ],
)
def test_an_exemption_is_over_on_the_day_it_expires(moment: datetime, decision: Decision) -> None:
    candidate = replace(YANKED, judged_at=moment)
    assert a_verdict(candidate, exempting(expires="2026-04-01")).decision is decision


def test_an_expired_exemption_is_explained() -> None:
    (finding,) = a_verdict(YANKED, exempting(expires="2026-03-01")).findings
    assert finding.waiver is None
    assert finding.detail == ("policy: [[exempt]] expired on 2026-03-01: reviewed",)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_an_exemption_that_does_not_hold_hides_none_that_does(order: tuple[int, ...]) -> None:
    entries = [
        exempting(expires="2026-03-01", reason="expired"),
        exempting(versions="==1.0", reason="another release"),
        exempting(reason="holds", expires="2027-03-01"),
    ]
    (finding,) = a_verdict(YANKED, "".join(entries[i] for i in order)).findings
    assert (finding.waiver, finding.detail) == ("holds", ())
