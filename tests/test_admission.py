"""Judging: pure, the sum of its rules, and never the looser for another objection."""

from __future__ import annotations

import ast
import itertools
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import ClassVar, Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.admission import Judgement, judge
from guard.model import (
    Absent,
    Candidate,
    Decision,
    FileKind,
    Finding,
    Level,
    Origin,
    ProjectState,
    ProjectStatus,
    Requested,
    RuleId,
    Unknown,
    Verdict,
)
from guard.policy import Policy
from guard.policy.policy import Floor
from guard.rules import CATALOGUE, Rule, Stage
from tests.builders import (
    INDEX,
    NOW,
    a_candidate,
    a_digest,
    a_file,
    a_listing,
    a_policy,
    a_verdict,
    ago,
)

GUARD: Final = Path(__file__).parents[1] / "guard"
YANKED: Final = a_candidate(listing=a_listing(yanked="broken"))
STRICTNESS: Final = [Decision.ADMITTED, Decision.UNDECIDED, Decision.DENIED]
LOST: Final = Unknown("no answer in time")
NONE: Final = Absent("a file")

listings = st.builds(
    a_listing,
    upload_time=st.sampled_from([ago(days=30), ago(hours=1), LOST, NONE]),
    yanked=st.sampled_from([None, "", "broken"]),
    hashes=st.sampled_from([{}, {"sha256": a_digest()}, {"sha256": "b" * 64}, {"sha512": "c"}]),
)
candidates = st.builds(
    a_candidate,
    file=st.builds(
        a_file,
        st.sampled_from(["litellm", "acme-core", "frob"]),
        st.sampled_from(["1.0", "1.82.7", "2.0rc1", None]),
        kind=st.sampled_from(FileKind),
    ),
    requested=st.builds(
        Requested,
        named=st.booleans(),
        pinned=st.booleans(),
        direct_url=st.sampled_from([None, "https://evil.example/x.whl"]),
        hashes=st.sampled_from([frozenset(), frozenset({("sha256", "d" * 64)})]),
    ),
    origin=st.builds(Origin, url=st.just(INDEX), rivals=st.sampled_from([(), ("x",), LOST, NONE]))
    | st.sampled_from([LOST, NONE]),
    listing=listings | st.sampled_from([LOST, NONE]),
    status=st.builds(ProjectStatus, state=st.sampled_from(ProjectState))
    | st.sampled_from([LOST, NONE]),
    digests=st.sampled_from([{"sha256": a_digest()}, {"sha256": "e" * 64}, LOST, NONE]),
    provenance=st.sampled_from([LOST, NONE]),
    prior=st.sampled_from([LOST, NONE]),
    remembered=st.sampled_from([LOST, NONE]),
)
levels = st.dictionaries(st.sampled_from(sorted(CATALOGUE)), st.sampled_from(list(Level)))
TABLES: Final = """
[[deny]]
name = "litellm"
versions = "==1.82.7"
reason = "bad"

[[exempt]]
name = "litellm"
rule = "yanked-file"
reason = "reviewed"

[[exempt]]
name = "acme-*"
rule = "fresh-upload"
reason = "ours"
expires = 2026-04-01

[[index]]
name = "other"
url = "https://other.example.com/simple"
owns = ["acme-*"]
"""


@cache
def tables(more: str = "") -> Policy:
    return a_policy(TABLES + more)


def with_levels(policy: Policy, given: dict[str, Level]) -> Policy:
    rules = (msgspec.structs.replace(r, level=given.get(r.id, r.level)) for r in policy.rules)
    return replace(policy, rules=tuple(rules))


def alone(policy: Policy, id_: str) -> Policy:
    """The policy with every other rule switched off."""
    return with_levels(policy, {str(other): Level.OFF for other in CATALOGUE if other != id_})


def strictness(verdict: Verdict) -> int:
    return STRICTNESS.index(verdict.decision)


@given(candidate=candidates, given=levels)
@settings(max_examples=150, deadline=None)
def test_a_verdict_is_the_sum_of_its_rules(candidate: Candidate, given: dict[str, Level]) -> None:
    policy = with_levels(tables(), given)
    whole = judge(candidate, policy)
    parts = [judge(candidate, alone(policy, id_)) for id_ in CATALOGUE]
    assert list(whole.findings) == [finding for part in parts for finding in part.findings]
    assert strictness(whole) == max(map(strictness, parts))


@given(candidate=candidates, given=levels)
@settings(max_examples=100, deadline=None)
def test_the_same_facts_and_policy_come_to_the_same(
    candidate: Candidate, given: dict[str, Level]
) -> None:
    policy = with_levels(tables(), given)
    assert judge(candidate, policy) == judge(replace(candidate), policy)


@given(candidate=candidates, given=levels)
@settings(max_examples=100, deadline=None)
def test_a_stricter_level_never_admits_more(candidate: Candidate, given: dict[str, Level]) -> None:
    order = list(Level)
    stricter = {
        str(id_): order[min(order.index(given.get(id_, Level.OFF)) + 1, len(order) - 1)]
        for id_ in CATALOGUE
    }
    weaker = {id_: given.get(id_, Level.OFF) for id_ in stricter}
    before = judge(candidate, with_levels(tables(), weaker))
    after = judge(candidate, with_levels(tables(), stricter))
    assert strictness(after) >= strictness(before)


@given(candidate=candidates)
@settings(max_examples=100, deadline=None)
def test_a_deny_entry_never_admits_more(candidate: Candidate) -> None:
    more = tables('\n[[deny]]\nname = "*"\nversions = ">=1.5"\nreason = "r"\n')
    assert strictness(judge(candidate, more)) >= strictness(judge(candidate, tables()))


@given(candidate=candidates)
@settings(max_examples=100, deadline=None)
def test_the_page_alone_never_objects_to_what_is_admitted_with_the_bytes(
    candidate: Candidate,
) -> None:
    early = judge(replace(candidate, digests=LOST), tables(), stage=Stage.INDEX)
    assert {f.rule for f in early.findings} <= {
        id_ for id_, rule in CATALOGUE.items() if rule.stage is not Stage.FILE
    }
    if early.decision is Decision.DENIED:
        assert judge(candidate, tables()).decision is Decision.DENIED


class Ear:
    """Hears what Python itself does that reaches beyond the process, while it listens."""

    def __init__(self) -> None:
        self.heard: list[str] | None = None
        sys.addaudithook(self._hear)  # it cannot be taken out again

    def _hear(self, event: str, _: object) -> None:
        if self.heard is not None:
            self.heard.append(event)

    @contextmanager
    def listening(self) -> Iterator[list[str]]:
        heard: list[str] = []
        self.heard = heard
        try:
            yield heard
        finally:
            self.heard = None


EAR: Final = Ear()


def test_judging_reaches_nothing_beyond_its_arguments() -> None:
    """I8. Even the imports are done: a judgement must not wait for a disk."""
    candidate, policy = a_candidate(listing=a_listing(yanked="broken")), tables()
    judge(candidate, policy)
    with EAR.listening() as heard:
        verdict = judge(candidate, policy)
    assert verdict.findings
    assert [
        e for e in heard if e.startswith(("open", "os.", "socket.", "subprocess", "import"))
    ] == []


def test_the_hook_would_hear_it() -> None:
    with EAR.listening() as heard, Path(__file__).open(encoding="utf-8") as stream:
        stream.read(1)
    assert "open" in heard


def test_only_admission_makes_the_proof() -> None:
    """I3: a file that was not judged can reach no installer."""
    makers = set()
    for path in GUARD.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = node.func if isinstance(node, ast.Call) else None
            name = called.id if isinstance(called, ast.Name) else getattr(called, "attr", None)
            if name == "Admitted":
                makers.add(path.relative_to(GUARD).as_posix())
    assert makers == {"admission/gather.py"}


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_one_file_decides_for_all(order: tuple[int, ...]) -> None:
    """I5. The order of the files does not matter, and no good one makes up for a bad one."""
    lost = a_candidate(file=a_file("frob"), digests=LOST)
    verdicts = [a_verdict(c) for c in (a_candidate(judged_at=NOW), lost, YANKED)]
    in_order = tuple(verdicts[i] for i in order)
    assert Judgement(in_order).decision is Decision.DENIED
    without = tuple(v for v in in_order if v.decision is not Decision.DENIED)
    assert Judgement(without).decision is Decision.UNDECIDED
    assert Judgement(without[:0]).decision is Decision.ADMITTED


def test_the_clock_is_the_candidates() -> None:
    later = replace(
        a_candidate(listing=a_listing(upload_time=ago(days=1))), judged_at=NOW + timedelta(days=6)
    )
    assert a_verdict(later).decision is Decision.ADMITTED
    assert a_verdict(replace(later, judged_at=NOW)).decision is Decision.DENIED


class Twice(Rule, frozen=True, kw_only=True):
    """Says the same of a file twice, once as a denial."""

    id: ClassVar = RuleId("twice")
    since: ClassVar = "0"

    levels: tuple[Level, ...] = (Level.DENY, Level.WARN)

    def check(self, candidate: Candidate) -> Iterator[Finding]:
        for level in self.levels:
            yield self.finding("the same words", level=level)


@pytest.mark.parametrize("own", [*itertools.permutations((Level.DENY, Level.WARN))])
@pytest.mark.parametrize("below", [(), (Level.WARN,), (Level.DENY,), (Level.WARN, Level.DENY)])
def test_a_floor_takes_nothing_away(own: tuple[Level, ...], below: tuple[Level, ...]) -> None:
    floor = Floor(Policy(rules=(Twice(levels=below),)), "why")
    policy = Policy(rules=(Twice(levels=own),), floor=floor)
    assert judge(a_candidate(), policy).decision is Decision.DENIED
    warning = Policy(rules=(Twice(levels=(Level.WARN,)),), floor=floor)
    denied = Level.DENY in below
    assert (judge(a_candidate(), warning).decision is Decision.DENIED) is denied
