"""Exports: one bad record hides no other, and what is no export is believed in nothing."""

from __future__ import annotations

import contextlib
import io
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guard.advisory import export, osv
from guard.advisory.export import Export, ExportError
from tests.advisory.records import Document, a_record, an_export
from tests.builders import NOW, ago

ONE = a_record("X-1", ("introduced", "0"), project="Frob")
TWO = a_record("X-2", ("introduced", "0"), project="dep")
LARGE = b'{"id": "' + b" " * osv.LIMIT + b'"}'


def read(tmp_path: Path, *records: Document | bytes) -> Export:
    return read_bytes(tmp_path, an_export(*records))


def read_bytes(tmp_path: Path, content: bytes) -> Export:
    path = tmp_path / "all.zip"
    path.write_bytes(content)
    return export.read(path, now=NOW)


def test_an_export_is_read_by_project(tmp_path: Path) -> None:
    found = read(tmp_path, ONE, TWO)
    assert {name: [e.id for e in said] for name, said in found.entries.items()} == {
        "frob": ["X-1"],
        "dep": ["X-2"],
    }
    assert (found.records, found.withdrawn, found.unreadable) == (2, 0, 0)


@pytest.mark.parametrize("bad", [b"", b"{", b'{"id": 1}', LARGE], ids=["", "{", "1", "large"])
@pytest.mark.parametrize("at", [0, 5, 11])
def test_a_bad_record_hides_no_other_and_is_named(tmp_path: Path, bad: bytes, at: int) -> None:
    records: list[Document | bytes] = [
        a_record(f"X-{i}", ("introduced", "0"), project=f"frob-{i}") for i in range(11)
    ]
    records.insert(at, bad)
    found = read(tmp_path, *records)
    assert len(found.entries) == 11
    assert (found.records, found.unreadable) == (11, 1)
    assert f"BAD-{at}.json" in found.faults[0]


def test_too_many_bad_records_are_no_export(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="2 of its 3 records cannot be read"):
        read(tmp_path, ONE, b"{", b"{")


def test_withdrawn_records_do_not_count(tmp_path: Path) -> None:
    withdrawn = a_record("X-3", ("introduced", "0"), withdrawn=ago(days=1).isoformat())
    for records in ([withdrawn, ONE], [ONE, withdrawn]):
        found = read(tmp_path, *records)
        assert [e.id for said in found.entries.values() for e in said] == ["X-1"]
        assert (found.records, found.withdrawn) == (2, 1)


def test_it_is_as_old_as_its_newest_record(tmp_path: Path) -> None:
    old = a_record("X-3", ("introduced", "0"), modified=ago(days=30))
    older = a_record("X-4", ("introduced", "0"), modified=ago(days=31))
    assert read(tmp_path, old, ONE, older).as_of == ago(hours=1)
    assert read(tmp_path, old).as_of == ago(days=30)


def test_a_record_from_the_future_makes_nothing_younger(tmp_path: Path) -> None:
    future = a_record("X-3", ("introduced", "0"), modified=NOW + timedelta(days=400))
    assert read(tmp_path, future, ONE).as_of == ago(hours=1)
    with pytest.raises(ExportError, match="from the future"):
        read(tmp_path, future)


def test_other_members_are_passed_by(tmp_path: Path) -> None:
    stream = io.BytesIO(an_export(ONE))
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("README.md", "about")
    found = read_bytes(tmp_path, stream.getvalue())
    assert (found.records, found.unreadable) == (1, 0)


@pytest.mark.parametrize("records", [[], [b"{}"], [b"", b""]])
def test_without_a_record_it_is_no_export(tmp_path: Path, records: list[bytes]) -> None:
    with pytest.raises(ExportError, match=f"none of its {len(records)} members"):
        read(tmp_path, *records)


def test_an_archive_that_can_be_read_in_two_ways_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="not a sound ZIP archive"):
        read_bytes(tmp_path, an_export(ONE) + an_export(TWO))


@pytest.mark.parametrize("content", [b"", b"{}", b"PK\x05\x06"])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ExportError):
        read_bytes(tmp_path, content)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(cut=st.integers(0, 400), put=st.binary(max_size=4))
def test_a_damaged_export_is_read_or_refused(tmp_path: Path, cut: int, put: bytes) -> None:
    whole = an_export(ONE, TWO)
    with contextlib.suppress(ExportError):
        assert read_bytes(tmp_path, whole[:cut] + put + whole[cut + len(put) :]).records
