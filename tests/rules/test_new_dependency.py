"""`new-dependency`: what a young release requires that the one before did not know."""

from __future__ import annotations

from typing import Any

import pytest
from inline_snapshot import snapshot

from guard.artifact.content import Content
from guard.model import Absent, Baseline, Candidate, Decision, Fact, Unknown
from guard.rules.new_dependency import NewDependency
from tests.builders import (
    a_candidate,
    a_file,
    a_judgement,
    a_listing,
    a_verdict,
    ago,
    findings,
    report,
)

STRICT = '[rules.new-dependency]\nlevel = "deny"\n'


def baseline(before: Fact[tuple[str, ...]]) -> Baseline:
    return Baseline(
        file=a_file(version="1.0"),
        listing=a_listing(upload_time=ago(days=60)),
        requires_dist=before,
    )


def changed(*now: str, before: Fact[tuple[str, ...]] = ("httpx>=0.23",), **more: Any) -> Candidate:
    """litellm 1.1, uploaded ten days ago, which requires `now` where 1.0 required `before`."""
    said: dict[str, Any] = {
        "file": a_file(version="1.1"),
        "listing": a_listing(upload_time=ago(days=10)),
        "content": Content(filename="litellm-1.1-py3-none-any.whl", requires_dist=now),
        "baseline": baseline(before),
    }
    return a_candidate(**said | more)


BAD = changed("httpx>=0.23", "plain-crypto>=4", "evil")


def names(candidate: Candidate) -> list[str]:
    """The projects that the rule names."""
    found = findings(NewDependency(), candidate)
    return [word for f in found for word in f.message.split(" ") if word.endswith(",")]


def test_what_was_required_before_is_allowed() -> None:
    assert a_verdict(changed("httpx>=0.23")).findings == ()
    assert a_verdict(changed()).findings == ()


def test_what_is_new_is_named() -> None:
    assert report(a_verdict(BAD)) == snapshot("""\
warning[new-dependency]: requires evil, plain-crypto, which 1.0 did not
  --> litellm-1.1-py3-none-any.whl
   = help: guard rule new-dependency

1 file judged: admitted, 1 with remarks
""")


@pytest.mark.parametrize("text", ["HTTPX", "Httpx <1", "httpx[socks] ; python_version < '3.9'"])
def test_another_version_or_spelling_of_it_is_not_new(text: str) -> None:
    assert names(changed(text)) == []


@pytest.mark.parametrize("before", ["zope.interface", "Zope_Interface ; extra == 'dev'"])
def test_what_was_mentioned_in_any_way_is_not_new(before: str) -> None:
    assert names(changed("zope-interface", before=(before,))) == []


@pytest.mark.parametrize(
    "marker",
    [
        'extra == "dev"',
        '"dev" == extra',
        'python_version < "3.9" and extra == "dev"',
        '(python_version < "3.9" or os_name == "nt") and extra == "dev"',
        '(extra == "dev" or extra == "all") and (os_name == "nt")',
        'extra == "dev" or (extra == "all" and os_name == "nt")',
        '((extra == "a") or ((extra == "b")))',
    ],
)
def test_what_only_an_extra_requires_is_not_named(marker: str) -> None:
    assert names(changed(f"evil; {marker}")) == []


@pytest.mark.parametrize(
    "marker",
    [
        'python_version >= "3"',
        'sys_platform == "linux" or extra == "dev"',
        'extra != "dev"',
        'os_name == "extra"',
        'os_name == "x and extra == y"',
        '(extra == "dev" or os_name == "posix") and os_name == "posix"',
        'platform_release == "(" or extra == "dev"',
        'platform_release == \'"\' or extra == "dev"',
    ],
)
def test_a_marker_that_mentions_extras_hides_nothing(marker: str) -> None:
    assert names(changed(f"evil; {marker}")) == ["evil,"]


def test_a_requirement_by_url_is_for_another_rule() -> None:
    assert names(changed("evil @ https://files.example.com/evil.whl")) == []


def test_the_extras_of_a_project_itself_are_not_new() -> None:
    assert names(changed("litellm[proxy]")) == []


def test_what_is_no_requirement_is_named_all_the_same() -> None:
    assert names(changed("evil ===")) == ["evil,"]


def test_many_are_counted() -> None:
    [finding] = findings(NewDependency(), changed(*(f"evil{number:02}" for number in range(500))))
    assert finding.message.endswith("evil08, evil09 and 490 more, which 1.0 did not")


def test_a_good_requirement_hides_no_bad_one() -> None:
    for now in (("httpx", "evil"), ("evil", "httpx"), ("evil; extra == 'a'", "evil")):
        assert names(changed(*now)) == ["evil,"]


@pytest.mark.parametrize(("days", "expected"), [(89.9, ["evil,"]), (90, [])])
def test_only_what_is_young_is_compared(days: float, expected: list[str]) -> None:
    listing = a_listing(upload_time=ago(days=days))
    assert names(changed("evil", listing=listing)) == expected
    wide = "[rules.new-dependency]\nwindow = '1000 days'\n"
    assert len(a_verdict(changed("evil", listing=listing), wide).findings) == 1


def test_it_warns_unless_the_policy_denies() -> None:
    assert a_verdict(BAD).decision is Decision.ADMITTED
    assert a_verdict(BAD, STRICT).decision is Decision.DENIED


@pytest.mark.parametrize(
    "unknown", [Unknown("the index is down"), baseline(Unknown("the index is down"))]
)
def test_a_baseline_that_cannot_be_had_leaves_it_unknown(unknown: Fact[Baseline]) -> None:
    candidate = changed("evil", baseline=unknown)
    [finding] = findings(NewDependency(), candidate)
    assert finding.unknown
    assert finding.message.endswith(": the index is down")
    assert a_verdict(candidate, STRICT).decision is Decision.UNDECIDED


@pytest.mark.parametrize("nothing", [Absent("none"), baseline(Absent("none"))])
def test_where_there_is_nothing_to_compare_nothing_is_new(nothing: Fact[Baseline]) -> None:
    assert findings(NewDependency(), changed("evil", baseline=nothing)) == []


def test_a_wheel_that_could_not_be_read_is_unknown() -> None:
    [finding] = findings(NewDependency(), changed(content=Unknown("the disk is full")))
    assert finding.unknown
    assert finding.message == "what is inside is not known: the disk is full"
    assert findings(NewDependency(), changed(content=Absent("no wheel"))) == []


def test_a_good_wheel_hides_no_bad_one() -> None:
    good = changed("httpx")
    assert a_judgement(good, BAD, toml=STRICT).decision is Decision.DENIED
    assert a_judgement(BAD, good, toml=STRICT).decision is Decision.DENIED
