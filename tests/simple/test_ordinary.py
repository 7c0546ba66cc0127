"""A page that is read at once says what it says entry by entry."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from guard.simple import PageError, PageFile, parse
from guard.simple.json_page import JsonPage

URL: Final = "https://packages.example.com/simple/frob/"
FILES: Final = "https://files.example.com/ab/cd"
DIGEST: Final = "0123456789abcdef" * 4
TIME: Final = "2024-05-06T01:02:03.276540Z"

ODD: Final[dict[str, list[Any]]] = {
    "filename": ["", ".", "-x.whl", "a b.whl", "f\u00e4.whl", "x" * 256, "a/b.whl", "a\n.whl"],
    "url": [
        *("", "../frob.whl", "/files/frob.whl", "//h.example/frob.whl", f"{FILES}/a\n{FILES}/b"),
        *(f"{FILES}/a:b", f"{FILES}/a?b", f"{FILES}/a#b", "https://u:p@files.example.com/a"),
        *("https://other.example.com/a", "http://files.example.com/a", "ftp://files.example.com/a"),
        *(
            "https://files.example.com",
            "https:///a",
            f"{FILES}/\u00e4",
            f" {FILES}/a",
            "javascript:",
        ),
        *("https://files.example.com:1/a", "https://[", f"{FILES}/%2e%2e/a", f"{FILES}//a"),
    ],
    "hashes": [
        *({}, {"sha256": DIGEST.upper()}, {"SHA256": DIGEST}, {"md5": "0" * 32}, {"sha256": "ab"}),
        *({"sha256": DIGEST, "sha512": "0" * 128}, {"sha256": " " + DIGEST[1:]}, {"sha256": ""}),
        *({"sha256": DIGEST, "SHA256": DIGEST[::-1]}, {"sha256": DIGEST + "00"}, {"sha512": "0"}),
    ],
    "size": [-1, 0, None, 1 << 62],
    "upload-time": [None, "", "yesterday", "2024-05-06", "2024-05-06T01:02:03+02:00", TIME[:-1]],
    "yanked": [True, False, "", "broken", None],
    "requires-python": [None, "", "<3"],
    "provenance": [None, "", f"{FILES}/p", "p", "https://integrity.example.com/p", "https://["],
    "core-metadata": [None, True, False, {}, {"sha256": "ab"}, {"md5": "0" * 32}],
    "data-dist-info-metadata": [None, True, False, {}, {"sha256": DIGEST}, {"sha256": "x"}],
}


def an_entry(number: int, **change: Any) -> dict[str, Any]:
    filename = f"frob-1.{number}-py3-none-any.whl"
    return {
        "filename": filename,
        "url": f"{FILES}/{filename}",
        "hashes": {"sha256": DIGEST},
        "size": number,
        "upload-time": TIME,
        "yanked": False,
        "requires-python": ">=3.9",
        "provenance": None,
        "core-metadata": {"sha256": DIGEST[::-1]},
    } | change


def read_both_ways(*entries: dict[str, Any]) -> tuple[list[PageFile], list[PageFile]]:
    """Return what is read of all entries together, and of each by itself."""
    body = json.dumps({"name": "frob", "files": entries}).encode()
    kind = "application/vnd.pypi.simple.v1+json"
    page = parse(body, content_type=kind, url=URL, project=canonicalize_name("frob"))
    assert isinstance(page, JsonPage)
    alone = []
    for name in page.filenames:
        try:
            file = page.file(name)
        except PageError:
            continue
        if file is not None and file not in alone:
            alone.append(file)
    return list(page.readable()), alone


@pytest.mark.parametrize(
    "change",
    [{field: value} for field, values in ODD.items() for value in values],
    ids=lambda change: ascii(change)[:60],
)
def test_one_odd_entry_is_read_as_if_it_stood_alone(change: dict[str, Any]) -> None:
    for number in range(3):
        entries = [an_entry(other) for other in range(3)]
        entries[number] |= change
        together, alone = read_both_ways(*entries)
        assert together == alone


fields = st.fixed_dictionaries(
    {}, optional={field: st.sampled_from(values) for field, values in ODD.items()}
)


@given(changes=st.lists(fields, max_size=5))
@settings(max_examples=300, deadline=None)
def test_whatever_is_odd_about_them_both_ways_say_the_same(changes: list[dict[str, Any]]) -> None:
    entries = [an_entry(number, **change) for number, change in enumerate(changes)]
    together, alone = read_both_ways(*entries)
    assert sorted(together, key=repr) == sorted(alone, key=repr)


def test_an_ordinary_page_is_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the tests above would compare a way with itself."""
    monkeypatch.setattr(JsonPage, "_entry", None)
    body = json.dumps({"name": "frob", "files": [an_entry(n) for n in range(3)]}).encode()
    page = JsonPage(body, url=URL, project=canonicalize_name("frob"))
    assert [file.size for file in page.readable()] == [0, 1, 2]
