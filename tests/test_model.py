"""The nouns: what is equal, what covers what, and what a verdict comes to."""

from __future__ import annotations

import dataclasses
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from guard.model import (
    Candidate,
    Credentials,
    Decision,
    Finding,
    Level,
    RuleId,
    Verdict,
    Versions,
    index_url,
    matches_name,
)
from tests.builders import a_candidate, a_file

CANDIDATE = a_candidate()


@pytest.mark.parametrize(
    "spelled",
    [
        "https://packages.example.com/simple",
        "https://packages.example.com/simple/",
        "https://packages.example.com/simple///",
        "HTTPS://Packages.Example.COM/simple",
        "https://packages.example.com:443/simple",
        "https://user:secret@packages.example.com/simple",
        "https://packages.example.com/simple#fragment",
        "  https://packages.example.com/simple\n",
    ],
)
def test_an_index_has_one_address(spelled: str) -> None:
    assert index_url(spelled) == "https://packages.example.com/simple"


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("http://h:80/", "http://h"),
        ("http://h:443/", "http://h:443"),
        ("https://h:8443/Simple", "https://h:8443/Simple"),
        ("https://[2001:DB8::1]:443/s", "https://[2001:db8::1]/s"),
        ("https://[2001:db8::1]:8443/s", "https://[2001:db8::1]:8443/s"),
        ("https://h/s?key=value", "https://h/s?key=value"),
        ("file:///srv/wheels/", "file:///srv/wheels"),
    ],
)
def test_addresses_that_differ_stay_different(url: str, normal: str) -> None:
    assert index_url(url) == normal
    assert index_url(normal) == normal


@pytest.mark.parametrize("url", ["https://[x/", "https://h:port/", "https://h:99999/"])
def test_what_is_no_address_is_a_value_error(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        index_url(url)


@pytest.mark.parametrize(
    ("pattern", "name", "covered"),
    [
        ("acme", "acme", True),
        ("acme", "acme-core", False),
        ("acme-*", "acme-core", True),
        ("acme-*", "acme-", True),
        ("acme-*", "not-acme-core", False),
        ("*", "anything", True),
        ("*-core", "acme-core", True),
        ("a*e", "acme", True),
    ],
)
def test_a_pattern_covers_the_whole_name(pattern: str, name: str, *, covered: bool) -> None:
    assert matches_name(pattern, canonicalize_name(name)) is covered


@pytest.mark.parametrize(
    ("specifiers", "version", "contained"),
    [
        ("==1.0", "1.0", True),
        ("==1.0,==2.0", "1.0", True),
        ("==1.0,==2.0", "2.0", True),
        ("==1.0,==2.0", "3.0", False),
        (">=1.0,<2.0", "1.5rc1", True),
        (">=1.0,<2.0", "2.0", False),
        ("==1.*,!=1.5", "1.5", False),
        ("==1.*,!=1.5", "1.4", True),
    ],
)
def test_a_list_of_exact_versions_is_any_of_them(
    specifiers: str, version: str, *, contained: bool
) -> None:
    assert Versions(SpecifierSet(specifiers)).contains(Version(version)) is contained


def test_versions_print_in_one_order() -> None:
    assert (
        str(Versions(SpecifierSet("<2,>=1"))) == str(Versions(SpecifierSet(">=1,<2"))) == "<2,>=1"
    )


def test_a_password_is_not_shown() -> None:
    assert "secret" not in repr(Credentials("user", "secret"))


@pytest.mark.parametrize(("version", "title"), [("1.0", "frob 1.0"), (None, "frob")])
def test_a_file_is_called_as_a_person_would(version: str | None, title: str) -> None:
    assert a_file("frob", version).title == title


def a_finding(level: Level, *, unknown: bool = False, waived: bool = False) -> Finding:
    waiver = "reviewed" if waived else None
    return Finding(
        rule=RuleId("fresh-upload"), level=level, message="m", unknown=unknown, waiver=waiver
    )


DENIES = a_finding(Level.DENY)
CANNOT_TELL = a_finding(Level.DENY, unknown=True)
HARMLESS = [
    a_finding(Level.WARN),
    a_finding(Level.WARN, unknown=True),
    a_finding(Level.DENY, waived=True),
    a_finding(Level.DENY, unknown=True, waived=True),
]
findings = st.lists(
    st.builds(
        lambda level, unknown, waived: a_finding(level, unknown=unknown, waived=waived),
        st.sampled_from([Level.WARN, Level.DENY]),
        st.booleans(),
        st.booleans(),
    ),
    max_size=6,
)


def decided(*given: Finding) -> Decision:
    return Verdict(CANDIDATE, given).decision


def test_without_findings_a_file_is_admitted() -> None:
    assert decided() is Decision.ADMITTED


@pytest.mark.parametrize("finding", HARMLESS, ids=str)
def test_warnings_and_waived_findings_admit(finding: Finding) -> None:
    assert decided(finding) is Decision.ADMITTED


@pytest.mark.parametrize("order", list(itertools.permutations([*HARMLESS[:2], CANNOT_TELL])))
def test_one_open_question_leaves_it_undecided(order: tuple[Finding, ...]) -> None:
    assert decided(*order) is Decision.UNDECIDED


@pytest.mark.parametrize(
    "order", list(itertools.permutations([*HARMLESS[1:3], CANNOT_TELL, DENIES]))
)
def test_one_denial_denies_whatever_else_is_open(order: tuple[Finding, ...]) -> None:
    assert decided(*order) is Decision.DENIED


STRICTNESS = [Decision.ADMITTED, Decision.UNDECIDED, Decision.DENIED]


@given(findings, findings)
def test_more_findings_never_admit_more(some: list[Finding], more: list[Finding]) -> None:
    assert STRICTNESS.index(decided(*some, *more)) >= STRICTNESS.index(decided(*some))


@given(findings)
def test_the_order_of_findings_does_not_matter(some: list[Finding]) -> None:
    assert decided(*some) is decided(*reversed(some))


@given(findings, findings)
def test_a_verdict_is_the_strictest_of_its_parts(some: list[Finding], more: list[Finding]) -> None:
    parts = [decided(*some), decided(*more)]
    assert decided(*some, *more) is max(parts, key=STRICTNESS.index)


@pytest.mark.parametrize("kind", [Candidate, Finding, Verdict])
def test_facts_cannot_be_changed_afterwards(kind: type) -> None:
    assert dataclasses.is_dataclass(kind)
    assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
