"""The header format, where its readers agree."""

from __future__ import annotations

import pytest

from guard.artifact.headers import Header, parse


def test_headers_end_at_the_first_empty_line() -> None:
    found = parse(b"Name: frob\nVersion:1.0\n\nName: not a header\n")
    assert found.headers == (Header("Name", "frob"), Header("Version", "1.0"))
    assert found.body == "Name: not a header\n"
    assert found.problems == ()


@pytest.mark.parametrize("content", [b"", b"\n", b"Name: frob", b"Name: frob\n", b"\nbody"])
def test_any_part_may_be_missing(content: bytes) -> None:
    assert parse(content).problems == ()


def test_lines_may_end_in_crlf() -> None:
    found = parse(b"Name: frob\r\nLicense: MIT\r\n  and more\r\n\r\nbody\r\n")
    assert found.headers == (Header("Name", "frob"), Header("License", "MIT\n  and more"))
    assert (found.body, found.problems) == ("body\r\n", ())


def test_a_line_of_white_space_continues_a_header() -> None:
    found = parse(b"License: MIT\n        \n        more\nName: frob\n")
    assert found.headers == (
        Header("License", "MIT\n        \n        more"),
        Header("Name", "frob"),
    )


def test_a_value_may_have_colons_and_be_empty() -> None:
    found = parse(b"Project-URL: Home, https://example.com:8080/\nLicense:\n")
    assert [h.value for h in found.headers] == ["Home, https://example.com:8080/", ""]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"Name: fr\xf6b\n", "not UTF-8 at byte 8"),
        (b"Name: frob\rVersion: 1\n", "a carriage return within a line"),
        (b"Name: frob\r\rVersion: 1\n", "a carriage return within a line"),
        (b"Name: fr\0ob\n", "a NUL character"),
        (b" Name: frob\n", "the first line continues a header that is not there"),
        (b"\tName: frob\n", "the first line continues a header that is not there"),
        (b"\xef\xbb\xbfName: frob\n", "line 1 is no header: '\\ufeffName: frob'"),
        (b"Name: frob\nVersion 1.0\n", "line 2 is no header: 'Version 1.0'"),
        (b"Name : frob\n", "line 1 is no header: 'Name : frob'"),
        (b": frob\n", "line 1 is no header: ': frob'"),
        (b"From me Mon\nName: frob\n", "line 1 is no header: 'From me Mon'"),
        ("N\u0430me: frob\n".encode(), "line 1 is no header: 'N\u0430me: frob'"),
    ],
)
def test_what_readers_split_differently_is_a_problem(content: bytes, problem: str) -> None:
    assert parse(content).problems == (problem,)


def test_only_headers_are_held_to_that() -> None:
    assert parse(b"Name: frob\n\nany\rthing \0 : goes\n").problems == ()


def test_a_good_line_hides_no_bad_one() -> None:
    found = parse(b"Name: frob\nnonsense\nVersion: 1.0\n")
    assert found.problems == ("line 2 is no header: 'nonsense'",)
    assert found.single("Version") == "1.0"


def test_no_more_is_said_than_can_be_read() -> None:
    assert len(parse(b"nonsense\n" * 10_000).problems) == 5


@pytest.mark.parametrize(
    "value",
    [
        "=?utf-8?q?evil?=",
        "=?UTF-8?B?ZXZpbA==?=",
        "frob\n more",
        "fr\x0bob",
        "fr\x85ob",
        "fr\u2028ob",
        "fr\x1cob",
        "fr\x7fob",
        "fr\x00ob",
    ],
)
def test_what_readers_decode_differently_is_not_plain(value: str) -> None:
    assert not Header("Requires-Dist", value).plain


@pytest.mark.parametrize("value", ["", "frob", "frob >=1", "=?", "a=?b", "fröb\tb", "x?y=1&z=?"])
def test_what_is_the_same_to_all_is_plain(value: str) -> None:
    assert Header("Requires-Dist", value).plain


def test_values_are_found_whatever_the_case() -> None:
    found = parse(b"name: a\nNAME: b\nTag: c\n")
    assert found.values("Name") == ("a", "b")
    assert found.single("Name") is None
    assert found.single("tag") == "c"
    assert found.single("Version") is None
    assert list(found.repeated(frozenset({"name", "tag"}))) == ["name"]
    assert list(found.repeated(frozenset({"tag"}))) == []


def test_a_folded_value_is_not_taken_for_a_single_one() -> None:
    assert parse(b"Name: frob\n more\n").single("Name") is None
