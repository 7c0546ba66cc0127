"""The snapshot of advisories: brought by `guard feed`, asked while judging."""

from __future__ import annotations

import json
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from guard.model import Advisories, Unknown
from guard.sources.advisories import AdvisorySource, snapshot_in
from guard.sources.feed import import_file
from tests.advisory.records import REAL, a_record, a_snapshot, ids
from tests.builders import NOW, ago

FROB = canonicalize_name("frob")
FIXED = a_record("PYSEC-2026-1", ("introduced", "0"), ("fixed", "1.2"))
LISTED = a_record("MAL-2026-1", versions=("1.5",))

needs_real = pytest.mark.skipif(not REAL.is_file(), reason=f"needs ../shared/data/{REAL.name}")


def test_what_is_known_of_a_version(tmp_path: Path) -> None:
    source = a_snapshot(tmp_path, LISTED, FIXED)
    assert ids(source.of(FROB, Version("1.1"))) == ["PYSEC-2026-1"]
    assert ids(source.of(FROB, Version("1.5"))) == ["MAL-2026-1"]
    assert ids(source.of(FROB, Version("2"))) == []
    assert ids(source.of(canonicalize_name("other"), Version("1.1"))) == []


def test_it_says_how_old_it_is_and_where_from(tmp_path: Path) -> None:
    found = a_snapshot(tmp_path, FIXED).of(FROB, Version("1"))
    assert isinstance(found, Advisories)
    assert found.as_of == ago(hours=1)
    assert found.source == str(tmp_path / "all.zip")


@pytest.mark.parametrize("order", [1, -1])
def test_a_harmless_record_hides_no_other(tmp_path: Path, order: int) -> None:
    records = [a_record("A-1", versions=("9",)), FIXED, a_record("Z-1", ("introduced", "7"))]
    assert ids(a_snapshot(tmp_path, *records[::order]).of(FROB, Version("1"))) == ["PYSEC-2026-1"]


def test_where_there_are_none_nothing_is_known(tmp_path: Path) -> None:
    source = AdvisorySource(tmp_path)
    assert source.of(FROB, Version("1")) == Unknown("there are none here yet")
    assert source.fixes(FROB, Version("1.2"), dict) == Unknown("there are none here yet")


def test_a_snapshot_that_cannot_be_read_is_never_an_empty_one(tmp_path: Path) -> None:
    a_snapshot(tmp_path, FIXED)
    (tmp_path / "osv.sqlite").write_bytes(b"SQLite format 3\0")
    found = AdvisorySource(tmp_path).of(FROB, Version("1"))
    assert isinstance(found, Unknown)
    assert "cannot be read" in found.reason


def test_without_a_version_only_a_clean_name_is_known(tmp_path: Path) -> None:
    source = a_snapshot(tmp_path, FIXED)
    assert isinstance(source.of(FROB, None), Unknown)
    assert ids(source.of(canonicalize_name("other"), None)) == []


@pytest.mark.parametrize(
    ("version", "installed", "fixed"),
    [
        ("1.2", "1.1", ["PYSEC-2026-1"]),
        ("1.2.0", "0.1", ["PYSEC-2026-1"]),
        ("1.3", "1.1", []),
        ("1.2.1", "1.1", []),
        ("1.2", "1.2", []),
        ("1.2", "2.0", []),
        ("1.2", None, []),
        ("1.2", "2004d", []),
        (None, "1.1", []),
    ],
)
def test_only_the_named_fix_of_what_is_installed_is_a_remedy(
    tmp_path: Path, version: str | None, installed: str | None, fixed: list[str]
) -> None:
    source = a_snapshot(tmp_path, FIXED, LISTED)
    held = {FROB: installed} if installed else {}
    found = source.fixes(FROB, Version(version) if version else None, lambda: held)
    assert isinstance(found, tuple)
    assert [record.id for record in found] == fixed


def test_nobody_asks_what_is_installed_for_what_is_no_fix(tmp_path: Path) -> None:
    """It costs a run of the target's interpreter."""

    def never() -> Any:
        raise AssertionError("asked")

    assert a_snapshot(tmp_path, FIXED).fixes(FROB, Version("3"), never) == ()


# The real snapshot, compared with an evaluation of its own.

OLD = {
    "requests": "2.19.0",
    "urllib3": "1.24",
    "jinja2": "2.10",
    "pillow": "8.0",
    "django": "3.2.0",
    "pyyaml": "5.1",
}


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("advisories")
    import_file(folder, REAL, now=NOW)
    return folder


@pytest.fixture(scope="module")
def documents() -> list[dict[str, Any]]:
    with zipfile.ZipFile(REAL) as archive:
        return [json.loads(archive.read(name)) for name in archive.namelist()]


def evaluated(documents: list[dict[str, Any]], project: str, version: Version) -> list[str]:
    """The ids that the records have for a version, by nothing but `packaging`."""
    return sorted(
        document["id"]
        for document in documents
        if "withdrawn" not in document
        for affected in document["affected"]
        if canonicalize_name(affected["package"]["name"]) == project
        if _listed(affected, version) or _ranged(affected, version)
    )


def _listed(affected: dict[str, Any], version: Version) -> bool:
    return any(_version(text) == version for text in affected.get("versions", ()))


def _ranged(affected: dict[str, Any], version: Version) -> bool:
    for each in affected.get("ranges", ()):
        if each["type"] != "ECOSYSTEM":
            continue
        turns = [(Version(at), kind) for event in each["events"] for kind, at in event.items()]
        past = [
            (at, kind)
            for at, kind in turns
            if at < version or (at == version and kind != "last_affected")
        ]
        if past and max(past, key=lambda turn: turn[0])[1] == "introduced":
            return True
    return False


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


@needs_real
@pytest.mark.parametrize(("project", "version"), OLD.items())
def test_known_old_versions_have_exactly_the_ids_that_the_records_have(
    real: Path, documents: list[dict[str, Any]], project: str, version: str
) -> None:
    expected = evaluated(documents, project, Version(version))
    assert ids(AdvisorySource(real).of(canonicalize_name(project), Version(version))) == expected
    assert expected


@needs_real
@pytest.mark.parametrize("project", [*OLD, "cryptography", "aiohttp", "werkzeug", "numpy"])
def test_so_has_every_version_that_any_record_names(
    real: Path, documents: list[dict[str, Any]], project: str
) -> None:
    source, name = AdvisorySource(real), canonicalize_name(project)
    own = [d for d in documents if any(a["package"]["name"] == project for a in d["affected"])]
    texts = {text for d in own for a in d["affected"] for text in a.get("versions", ())}
    versions = sorted(version for text in texts if (version := _version(text)) is not None)
    assert versions
    for version in versions[:: max(1, len(versions) // 40)]:
        assert ids(source.of(name, version)) == evaluated(own, name, version), version


@needs_real
def test_every_record_of_the_real_snapshot_is_read(real: Path) -> None:
    snapshot = snapshot_in(real)
    assert not isinstance(snapshot, Unknown)
    assert (snapshot.records, snapshot.withdrawn, snapshot.unreadable) == (2661, 10, 0)
    assert snapshot.as_of.date().isoformat() == "2024-10-10"
    assert (real / "osv.sqlite").stat().st_size < 1_000_000


@needs_real
def test_five_hundred_packages_take_no_time(real: Path, documents: list[dict[str, Any]]) -> None:
    names = sorted(
        {canonicalize_name(a["package"]["name"]) for d in documents for a in d["affected"]}
    )
    source = AdvisorySource(real)
    began = time.process_time()
    for name in names[:500]:
        source.of(name, Version("1.0"))
    assert time.process_time() - began < 2, "it is 0.1 s, on a machine that does nothing else"
