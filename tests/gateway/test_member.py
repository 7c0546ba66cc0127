"""METADATA read out of a wheel in parts: the same bytes as from the whole, or a named error."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.gateway.member import member_of
from tests.wheels import a_wheel

ENDING = b".dist-info/METADATA"
LIMIT = 1 << 20
WHEEL = a_wheel("frob", "1.0", compression=zipfile.ZIP_DEFLATED)


def of(content: bytes) -> bytes:
    def read(start: int | None, size: int) -> bytes:
        first = max(0, len(content) - size) if start is None else start
        return content[first : first + size]

    return member_of(read, ENDING, limit=LIMIT)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_metadata_is_found_wherever_it_lies(compression: int) -> None:
    wheel = a_wheel(
        "frob", "1.0", compression=compression, data={"x.dist-info/METADATA": "Name: other\n"}
    )
    assert of(wheel.content) == wheel.metadata


def zipped(*members: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no zip",
        zipped(("a", b"")),
        zipped(("METADATA", b"")),
        zipped(("a/b.dist-info/METADATA", b"")),
        zipped(("a.dist-info/METADATA", b"1"), ("b.dist-info/METADATA", b"2")),
        zipped(("a.dist-info/METADATA", b"x" * (LIMIT + 1))),
        WHEEL.content[:-30],
        WHEEL.content.replace(b"PK\x03\x04", b"PK\x03\x05"),
    ],
    ids=["empty", "text", "other", "above", "deeper", "two", "too-long", "cut", "no-header"],
)
def test_what_is_no_wheel_has_none(content: bytes) -> None:
    with pytest.raises((ValueError, struct.error, zlib.error)):
        of(content)


def test_a_checksum_that_is_wrong_is_seen() -> None:
    content = zipped(("a.dist-info/METADATA", b"Name: a\n")).replace(b"Name: a", b"Name: b")
    with pytest.raises(ValueError, match="not what its directory says"):
        of(content)


def mutations(content: bytes) -> st.SearchStrategy[bytes]:
    place = st.integers(0, len(content) - 1)

    def changed(pair: tuple[int, int]) -> bytes:
        return content[: pair[0]] + bytes([pair[1]]) + content[pair[0] + 1 :]

    return st.tuples(place, st.integers(0, 255)).map(changed)


@given(st.one_of(st.binary(max_size=200), mutations(WHEEL.content)))
def test_any_bytes_are_metadata_or_a_named_error(content: bytes) -> None:
    try:
        found = of(content)
    except (ValueError, struct.error, zlib.error):
        return
    assert len(found) <= LIMIT
