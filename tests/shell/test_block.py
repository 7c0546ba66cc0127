"""The block in a startup file: in and out, and not another byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.errors import UsageError
from guard.shell.block import BEGIN, END, body_in, has_block, put, take

BODY = "one\ntwo\n"

_pieces = st.sampled_from(
    [b"\n", b"\r\n", b"\r", b"\x85", b"\xff\xfe", b"\x0c", b"export A=1", "é".encode(), b"#", b" "]
)
_contents = st.lists(_pieces, max_size=12).map(b"".join)


@given(_contents, st.booleans())
def test_taken_out_the_file_is_as_it_was(content: bytes, crlf: bool) -> None:
    there = put(content, BODY, name="rc", crlf=crlf)
    assert has_block(there, name="rc")
    assert body_in(there, name="rc") == BODY
    assert take(there, name="rc") == content


@given(_contents)
def test_put_in_twice_is_put_in_once(content: bytes) -> None:
    once = put(content, BODY, name="rc")
    assert put(once, BODY, name="rc") == once


@given(st.binary(max_size=60))
def test_any_bytes_are_a_file_or_a_named_error(content: bytes) -> None:
    try:
        assert take(put(content, BODY, name="rc"), name="rc") == content
    except UsageError:
        assert b"\0" in content or BEGIN in content or END in content


def test_a_file_that_was_not_there_is_not_there_again() -> None:
    assert take(put(None, BODY, name="rc"), name="rc") is None
    assert take(put(b"", BODY, name="rc"), name="rc") == b""


def test_a_file_that_was_not_there_stays_with_what_the_user_has_written_since() -> None:
    assert take(put(None, BODY, name="rc") + b"alias l=ls\n", name="rc") == b"alias l=ls\n"


def test_lines_are_not_joined_when_more_was_written_below() -> None:
    there = put(b"export A=1", BODY, name="rc") + b"export B=2\n"
    assert take(there, name="rc") == b"export A=1\nexport B=2\n"


def test_an_older_block_is_replaced_where_it_is() -> None:
    older = b"above" + b"\n" + BEGIN + b" (the line above had no end)\nold\n" + END + b"\nbelow\n"
    newer = put(older, BODY, name="rc")
    assert body_in(newer, name="rc") == BODY
    assert newer.startswith(b"above\n# >>>")
    assert newer.endswith(END + b"\nbelow\n")


def test_several_blocks_become_one_and_go_together() -> None:
    one = BEGIN + b"\nold\n" + END + b"\n"
    twice = b"a\n" + one + b"b\n" + one + b"c\n"
    assert put(twice, BODY, name="rc").count(BEGIN) == 1
    assert take(twice, name="rc") == b"a\nb\nc\n"


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (BEGIN + b"\nold\n", 1),
        (b"a\n" + END + b"\n", 2),
        (BEGIN + b"\n" + BEGIN + b"\n" + END + b"\n", 2),
        (BEGIN + b" (written by hand)\n" + END + b"\n", 1),
        (b"a\n" + BEGIN + b"\nold\n" + END + b" exec evil\n", 4),
    ],
    ids=["no end", "no beginning", "two beginnings", "other words", "an end with more"],
)
def test_a_damaged_block_is_refused_with_its_line(content: bytes, line: int) -> None:
    with pytest.raises(UsageError) as put_in:
        put(content, BODY, name="rc")
    with pytest.raises(UsageError) as taken_out:
        take(content, name="rc")
    for refused in (put_in, taken_out):
        assert refused.value.reason is not None
        assert refused.value.reason.startswith(f"line {line}: ")


def test_what_is_not_text_is_refused() -> None:
    with pytest.raises(UsageError, match="not text"):
        put("$x = 1\r\n".encode("utf-16"), BODY, name="profile.ps1")


def test_lines_end_as_they_do_in_a_profile_of_windows() -> None:
    there = put(b"$x = 1\r\n", BODY, name="profile.ps1", crlf=True)
    assert b"\n" not in there.replace(b"\r\n", b"")
