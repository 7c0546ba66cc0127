"""Whether a version is affected, as the OSV schema has it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name
from packaging.version import Version

from guard.advisory import osv
from guard.advisory.entry import Entry, entries
from guard.advisory.matching import advisory, fixes
from guard.model import Advisory, Severity
from tests.advisory.records import a_record, an_event_list

V3_HIGH = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"
V4_CRITICAL = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"
EventList = tuple[tuple[str, str], ...]


def an_entry(record: dict[str, Any], project: str = "frob") -> Entry:
    return dict(entries(osv.read(json.dumps(record).encode())))[canonicalize_name(project)]


def found(version: str, *events: tuple[str, str], **changes: Any) -> Advisory | None:
    return advisory(an_entry(a_record("X-1", *events, **changes)), Version(version))


def affected(version: str, *events: tuple[str, str], **changes: Any) -> bool:
    return found(version, *events, **changes) is not None


@pytest.mark.parametrize(
    ("events", "inside", "outside"),
    [
        ((("introduced", "0"), ("fixed", "1.2")), "0.dev1 0.1 1.1.9 1.2rc1", "1.2 1.2.0 1.10 2"),
        ((("introduced", "1.0"), ("fixed", "1.2")), "1.0 1.0.0 1.1", "0.9 1.0rc1 1.2 1!1.1"),
        ((("introduced", "0"), ("last_affected", "1.2")), "0.1 1.2 1.2.0", "1.2.1 1.2.post1 2"),
        ((("introduced", "0"),), "0.1 99 1!0", ""),
        ((("introduced", "2"),), "2 99", "1.9"),
        ((("introduced", "0"), ("limit", "1.2")), "0.1 1.1", "1.2 1.3"),
        ((("introduced", "0"), ("limit", "*")), "0.1 99", ""),
        ((("introduced", "0"), ("limit", "1.2"), ("limit", "1.5")), "1.1 1.4", "1.5"),
        (
            (("introduced", "1"), ("fixed", "1.5"), ("introduced", "2"), ("fixed", "2.5")),
            "1 1.4 2 2.4",
            "0.9 1.5 1.9 2.5 3",
        ),
        (
            (("fixed", "2.5"), ("introduced", "2"), ("fixed", "1.5"), ("introduced", "1")),
            "1 1.4 2 2.4",
            "0.9 1.5 1.9 2.5 3",
        ),
        ((("introduced", "1.9"), ("fixed", "1.10")), "1.9 1.9.5", "1.10 1.11 1.2"),
        ((("introduced", "1"), ("fixed", "1")), "", "0.9 1 1.1"),
        ((("introduced", "0"), ("fixed", "1"), ("introduced", "1"), ("fixed", "2")), "0.5 1", "2"),
        ((("fixed", "1.2"),), "", "1.1 1.2"),
        ((), "", "1.0"),
    ],
    ids=str,
)
def test_ranges(events: EventList, inside: str, outside: str) -> None:
    assert [v for v in inside.split() if not affected(v, *events)] == []
    assert [v for v in outside.split() if affected(v, *events)] == []


def test_one_of_several_ranges_is_enough() -> None:
    record = a_record("X-1", ("introduced", "1"), ("fixed", "1.2"))
    more = {"type": "ECOSYSTEM", "events": an_event_list(("introduced", "3"), ("fixed", "3.2"))}
    record["affected"][0]["ranges"].append(more)
    entry = an_entry(record)
    assert advisory(entry, Version("1.1"))
    assert advisory(entry, Version("3.1"))
    assert advisory(entry, Version("2.0")) is None


def test_several_statements_about_one_project_are_one() -> None:
    record = a_record("X-1", ("introduced", "1"), ("fixed", "1.2"), project="Frob")
    record["affected"].append(a_record("X-1", project="FROB", versions=("5.0",))["affected"][0])
    (pair,) = entries(osv.read(json.dumps(record).encode()))
    assert pair[0] == "frob"
    assert advisory(pair[1], Version("1.1"))
    assert advisory(pair[1], Version("5"))


@pytest.mark.parametrize("version", ["1.0", "1", "1.0.0", "01.0"])
@pytest.mark.parametrize("listed", ["1.0", "1", "v1.0", "1.0.0.0"])
def test_equal_versions_are_the_same_however_they_are_written(version: str, listed: str) -> None:
    assert affected(version, versions=("0.1", listed))


@pytest.mark.parametrize("version", ["1.1", "1.0.post1", "1.0rc1", "1!1.0", "10"])
def test_other_versions_are_not_the_listed_one(version: str) -> None:
    assert not affected(version, versions=("1.0",))


@pytest.mark.parametrize("version", ["1.0+cpu", "1.0+cu121", "1.0.0+local.1"])
def test_a_local_build_is_as_vulnerable_as_its_release(version: str) -> None:
    assert affected(version, versions=("1.0",))
    assert affected(version, ("introduced", "0"), ("last_affected", "1.0"))
    assert not affected(version, ("introduced", "0"), ("fixed", "1.0"))


def test_what_is_listed_is_affected_outside_of_every_range() -> None:
    assert affected("3.0", ("introduced", "1"), ("fixed", "2"), versions=("3.0",))


@pytest.mark.parametrize(
    "events",
    [
        (("introduced", "0"), ("fixed", "2004d")),
        (("introduced", "2004d"), ("fixed", "9")),
        (("introduced", "1"), ("last_affected", "1.0-n653")),
        (("introduced", "0"), ("limit", "dev")),
    ],
    ids=str,
)
def test_what_has_no_place_in_the_order_affects_more_and_not_less(events: EventList) -> None:
    assert affected("5.0", *events)


def test_a_malformed_listed_version_hides_no_other() -> None:
    assert affected("1.0", versions=("2004d", "1.0"))
    assert affected("1.0", versions=("1.0", "2004d"))


@pytest.mark.parametrize("ecosystem", ["npm", "pypi", "PyPI-mirror"])
def test_other_ecosystems_say_nothing_about_pypi(ecosystem: str) -> None:
    record = a_record("X-1", ("introduced", "0"))
    record["affected"][0]["package"]["ecosystem"] = ecosystem
    assert list(entries(osv.read(json.dumps(record).encode()))) == []


def test_commits_are_no_versions() -> None:
    record = a_record("X-1", ("introduced", "0"))
    record["affected"][0]["ranges"][0] |= {"type": "GIT", "repo": "https://git.example.com/frob"}
    assert advisory(an_entry(record), Version("1.0")) is None


@pytest.mark.parametrize(
    ("version", "fixed"),
    [("1.0", ["1.2", "2.1"]), ("2.0", ["2.1"]), ("1.1+cpu", ["1.2", "2.1"])],
)
def test_the_fix_is_what_comes_later(version: str, fixed: list[str]) -> None:
    events = (("introduced", "0"), ("fixed", "1.2"), ("introduced", "2.0"), ("fixed", "2.1"))
    known = found(version, *events)
    assert known is not None
    assert [str(each) for each in known.fixed] == fixed
    assert known.last_affected is None


def test_where_nothing_is_called_the_fix_the_end_is_known() -> None:
    known = found("1.0", ("introduced", "0"), ("last_affected", "1.5"))
    assert known is not None
    assert (known.fixed, known.last_affected) == ((), Version("1.5"))


def test_only_the_very_version_is_the_fix() -> None:
    entry = an_entry(a_record("X-1", ("introduced", "0"), ("fixed", "1.2")))
    assert fixes(entry, Version("1.2.0"))
    assert not fixes(entry, Version("1.2.1"))
    assert not fixes(entry, Version("1.1"))
    assert not fixes(entry, None)


@pytest.mark.parametrize(
    ("events", "versions", "name_wide"),
    [
        ((("introduced", "0"),), (), True),
        ((("introduced", "0"),), ("0.9",), True),
        ((("introduced", "0"),), ("0.9", "1.0"), False),
        ((("introduced", "0"), ("fixed", "2")), (), False),
        ((("introduced", "0"), ("last_affected", "2")), (), False),
        ((("introduced", "1.0"),), (), False),
        ((), ("1.0",), False),
    ],
)
def test_a_record_about_every_version_is_told_from_one_about_this(
    events: EventList, versions: tuple[str, ...], name_wide: bool
) -> None:
    known = found("1.0", *events, versions=versions)
    assert known is not None
    assert known.name_wide is name_wide


@pytest.mark.parametrize(
    ("changes", "malware"),
    [
        ({"id": "MAL-2026-1"}, True),
        ({"id": "PYSEC-2026-1", "aliases": ["MAL-2026-1"]}, True),
        ({"id": "GHSA-1", "database_specific": {"cwe_ids": ["CWE-20", "CWE-506"]}}, True),
        ({"id": "GHSA-1", "database_specific": {"cwe_ids": ["CWE-20"]}}, False),
        ({"id": "GHSA-1", "database_specific": {"cwe_ids": "CWE-506"}}, False),
        ({"id": "GHSA-MAL-1"}, False),
    ],
)
def test_malware_is_told_from_vulnerabilities(changes: dict[str, Any], malware: bool) -> None:
    known = advisory(an_entry(a_record("X", ("introduced", "0")) | changes), Version("1.0"))
    assert known is not None
    assert known.malware is malware


@pytest.mark.parametrize(
    ("changes", "severity"),
    [
        ({}, None),
        ({"severity": [{"type": "CVSS_V3", "score": V3_HIGH}]}, Severity.HIGH),
        ({"severity": [{"type": "CVSS_V4", "score": V4_CRITICAL}]}, Severity.CRITICAL),
        (
            {
                "severity": [
                    {"type": "CVSS_V3", "score": V3_HIGH},
                    {"type": "CVSS_V4", "score": V4_CRITICAL},
                ]
            },
            Severity.CRITICAL,
        ),
        ({"severity": [{"type": "CVSS_V3", "score": "nonsense"}]}, None),
        (
            {
                "severity": [
                    {"type": "CVSS_V3", "score": "nonsense"},
                    {"type": "CVSS_V3", "score": V3_HIGH},
                ]
            },
            Severity.HIGH,
        ),
        ({"database_specific": {"severity": "MODERATE"}}, Severity.MEDIUM),
        ({"database_specific": {"severity": "terrible"}}, None),
        ({"database_specific": {"severity": 9}}, None),
        (
            {
                "severity": [{"type": "CVSS_V3", "score": V3_HIGH}],
                "database_specific": {"severity": "LOW"},
            },
            Severity.HIGH,
        ),
    ],
    ids=str,
)
def test_how_severe_it_is(changes: dict[str, Any], severity: Severity | None) -> None:
    known = advisory(an_entry(a_record("X", ("introduced", "0")) | changes), Version("1.0"))
    assert known is not None
    assert known.severity is severity


def test_a_severity_of_one_package_counts_for_it() -> None:
    record = a_record("X", ("introduced", "0"))
    record["affected"][0]["severity"] = [{"type": "CVSS_V3", "score": V3_HIGH}]
    record["affected"].append(a_record("X", ("introduced", "0"), project="other")["affected"][0])
    said = {name: entry.severity for name, entry in entries(osv.read(json.dumps(record).encode()))}
    assert said == {"frob": Severity.HIGH, "other": None}


def test_a_long_summary_is_cut_and_made_one_line() -> None:
    known = found("1.0", ("introduced", "0"), summary="", details="one\n\ntwo " + "x" * 500)
    assert known is not None
    assert known.summary.startswith("one two x")
    assert len(known.summary) < 200


_PLAIN = st.integers(0, 9).map(str)
_RANGE = st.lists(
    st.tuples(st.sampled_from(["introduced", "fixed"]), _PLAIN),
    max_size=6,
    unique_by=lambda e: e[1],
)


@given(events=_RANGE, version=st.integers(0, 9))
def test_a_version_is_affected_whose_last_event_was_an_introduction(
    events: list[tuple[str, str]], version: int
) -> None:
    before = [(int(at), kind) for kind, at in events if int(at) <= version]
    expected = bool(before) and max(before)[1] == "introduced"
    assert affected(str(version), *events) is expected
