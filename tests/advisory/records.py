"""OSV records and exports of them, made from only what matters to a test."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from guard.model import Advisories, Fact
from guard.sources.advisories import AdvisorySource
from guard.sources.feed import import_file
from tests.builders import NOW

Document = Mapping[str, Any]

REAL: Final = Path(__file__).parents[3] / "shared/data/osv-pypi-2024-10-10.zip"


def an_event_list(*events: tuple[str, str]) -> list[dict[str, str]]:
    """The `events` of a range: `("introduced", "0"), ("fixed", "1.2")`."""
    return [{kind: version} for kind, version in events]


def a_record(
    name: str = "PYSEC-2026-1",
    *events: tuple[str, str],
    project: str = "frob",
    versions: tuple[str, ...] = (),
    modified: datetime = NOW - timedelta(hours=1),
    **changes: Any,
) -> dict[str, Any]:
    """A record about the range that `events` make, and about the listed `versions`."""
    affected: dict[str, Any] = {"package": {"ecosystem": "PyPI", "name": project}}
    if events:
        affected["ranges"] = [{"type": "ECOSYSTEM", "events": an_event_list(*events)}]
    if versions:
        affected["versions"] = list(versions)
    return {
        "schema_version": "1.6.0",
        "id": name,
        "modified": modified.isoformat(),
        "summary": f"what {name} is about",
        "affected": [affected],
    } | changes


HARMLESS: Final = a_record("PYSEC-2026-99", ("introduced", "0"), project="nobody-has-this")
"""A record that makes an export of something, and is about nothing that a test installs."""


def an_export(*records: Document | bytes) -> bytes:
    """The ZIP archive with one member for each record; bytes are what they are."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, record in enumerate(records):
            raw = record if isinstance(record, bytes) else json.dumps(record).encode()
            name = record["id"] if not isinstance(record, bytes) else f"BAD-{number}"
            archive.writestr(zipfile.ZipInfo(f"{name}.json"), raw, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def a_snapshot(folder: Path, *records: Document | bytes, now: datetime = NOW) -> AdvisorySource:
    """The snapshot under `folder`, made of these records and a harmless one."""
    modified = (now - timedelta(minutes=90)).isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    export = folder / "all.zip"
    export.write_bytes(an_export(*records, {**HARMLESS, "modified": modified}))
    import_file(folder, export, now=now)
    return AdvisorySource(folder)


def ids(fact: Fact[Advisories]) -> list[str]:
    """The ids of what is known."""
    assert isinstance(fact, Advisories), fact
    return [record.id for record in fact.records]
