"""OSV records: any bytes → a record or an error."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.advisory.osv import Record, RecordError, read
from tests.advisory.records import a_record

RECORD = a_record("PYSEC-2026-1", ("introduced", "0"), ("fixed", "1.2"), versions=("1.0", "1.1"))


def read_with(**changes: Any) -> Record:
    return read(json.dumps({**RECORD, **changes}).encode())


def test_a_record() -> None:
    record = read_with(modified="2026-03-01T10:00:00.123456789Z", aliases=["CVE-1"])
    (affected,) = record.affected
    assert (record.id, record.aliases, record.withdrawn) == ("PYSEC-2026-1", ("CVE-1",), None)
    assert affected.versions == ("1.0", "1.1")
    assert [(e.introduced, e.fixed) for e in affected.ranges[0].events] == [
        ("0", None),
        (None, "1.2"),
    ]
    assert record.modified.replace(microsecond=0) == datetime(2026, 3, 1, 10, tzinfo=UTC)


def test_what_a_newer_schema_adds_is_passed_by() -> None:
    assert read_with(schema_version="1.99.0", upstream=["X-1"], credits=[{}]).id == RECORD["id"]


@pytest.mark.parametrize(
    "changes",
    [
        {"id": ""},
        {"id": 7},
        {"id": "X" * 129},
        {"modified": "yesterday"},
        {"modified": "2026-03-01T10:00:00"},
        {"modified": None},
        {"withdrawn": True},
        {"schema_version": "2.0.0"},
        {"affected": {}},
        {"affected": [{"package": {"name": "frob"}}]},
        {"affected": [{"package": {"ecosystem": "PyPI", "name": "frob"}, "versions": [1.0]}]},
        {"affected": [{"package": {"ecosystem": "PyPI", "name": "frob"}, "ranges": [{}]}]},
        {"aliases": "CVE-1"},
        {"severity": [{"type": "CVSS_V3"}]},
    ],
    ids=str,
)
def test_what_is_no_record_is_an_error(changes: dict[str, Any]) -> None:
    with pytest.raises(RecordError):
        read_with(**changes)


@pytest.mark.parametrize("missing", ["id", "modified"])
def test_what_every_record_has_must_be_there(missing: str) -> None:
    raw = json.dumps({key: value for key, value in RECORD.items() if key != missing}).encode()
    with pytest.raises(RecordError, match=missing):
        read(raw)


@pytest.mark.parametrize(
    "raw", [b"", b"\xff", b"null", b"[]", b"{" * 100_000, b"[" * 100_000, b'{"id":"\\ud800"}']
)
def test_other_bytes_are_an_error(raw: bytes) -> None:
    with pytest.raises(RecordError):
        read(raw)


@given(raw=st.binary(max_size=200))
def test_any_bytes_are_a_record_or_an_error(raw: bytes) -> None:
    with contextlib.suppress(RecordError):
        assert isinstance(read(raw), Record)


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(key=st.sampled_from(sorted(RECORD)), value=_ANY)
def test_any_value_anywhere_is_a_record_or_an_error(key: str, value: Any) -> None:
    with contextlib.suppress(RecordError):
        assert isinstance(read_with(**{key: value}), Record)
