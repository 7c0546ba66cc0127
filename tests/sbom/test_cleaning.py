"""What others wrote, as it may stand in a document for others."""

from __future__ import annotations

import pytest

from guard.sbom.cleaning import clean, public_url


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("plain, é, 🦄", "plain, é, 🦄"),
        ("\x1b[2J\x9b31m", r"\x1b[2J\x9b31m"),
        ("a\u202eb\x00", r"a\u202eb\x00"),
        ("\ud800", r"\ud800"),
        ("two\nlines\r\n", "two\nlines\\r\n"),
    ],
)
def test_what_a_terminal_obeys_is_made_visible(given: str, shown: str) -> None:
    assert clean(given) == shown


def test_a_text_has_an_end() -> None:
    assert len(clean("\x00" * 10_000_000)) == 4000


@pytest.mark.parametrize(
    ("given", "public"),
    [
        ("https://user:secret@example.com:8443/a/b.whl", "https://example.com:8443/a/b.whl"),
        ("https://example.com/b.whl?token=secret#sha256=0", "https://example.com/b.whl"),
        ("HTTPS://Example.COM/%7Ea/%zz b", "https://example.com/%7Ea/%25zz%20b"),
        ("https://[::1]:8/x", "https://[::1]:8/x"),
        ("http://127.0.0.1:1/torch-1%2Bcpu.whl", "http://127.0.0.1:1/torch-1%2Bcpu.whl"),
        ("https://example.com/\ud800\x00é", "https://example.com/%3F%00%C3%A9"),
    ],
)
def test_a_url_is_for_everybody(given: str, public: str) -> None:
    assert public_url(given) == public


@pytest.mark.parametrize(
    "given",
    [
        "file:///home/somebody/secret/frob.whl",
        "",
        "no url",
        "ftp://example.com/x",
        "https:///nowhere",
        "https://ex ample.com/",
        "https://[::1/",
        "https://example.com:port/",
        "javascript:alert(1)",
        f"https://example.com/{'x' * 10_000}",
    ],
)
def test_what_is_no_address_for_others_is_left_out(given: str) -> None:
    assert public_url(given) is None
