"""The export of an OSV database: a ZIP archive with one record in each `.json`.

A record that cannot be read hides no other: it is counted, and named. When too many cannot, it is
the export that is wrong, and nothing of it is believed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from packaging.utils import NormalizedName

from guard.advisory import osv
from guard.advisory.entry import Entry, entries
from guard.artifact.container import ArchiveError, Container, Limits, open_container

LIMIT: Final = 1 << 30
"""Bytes of the archive; the public one has a fiftieth of that."""

_LIMITS: Final = Limits(entries=2_000_000, directory_bytes=512 << 20, total_bytes=4 << 30)
_SUFFIX: Final = ".json"
_NAMED: Final = 20
"""Unreadable records that are remembered by name."""

_TOO_MANY: Final = 10
"""One unreadable record in so many is more than a mistake."""


class ExportError(Exception):
    """The file is no export of advisories; the message says why."""


@dataclass(slots=True, kw_only=True)
class Export:
    """What an export says, by project."""

    entries: dict[NormalizedName, list[Entry]] = field(default_factory=dict)
    as_of: datetime | None = None
    """When the newest record was last changed, as far as that is not in the future."""

    records: int = 0
    withdrawn: int = 0
    unreadable: int = 0
    faults: list[str] = field(default_factory=list)
    """The first of the unreadable ones, and what is wrong with them."""


def read(path: Path, *, now: datetime) -> Export:
    """Return what the export at `path` says. Raises `ExportError` and `OSError`."""
    export = Export()
    with open_container(path, _LIMITS) as container:
        if container.defects:
            raise ExportError(f"not a sound ZIP archive: {container.defects[0].message}")
        for raw, name in _members(container, export):
            try:
                record = osv.read(raw)
            except osv.RecordError as error:
                _unreadable(export, name, str(error))
            else:
                _add(export, record, now)
    found = export.records + export.unreadable
    if not export.records:
        first = f": {export.faults[0]}" if export.faults else ""
        raise ExportError(f"none of its {found} members is an OSV record{first}")
    if export.as_of is None:
        raise ExportError("every record in it is from the future: check the clock")
    if export.unreadable * _TOO_MANY > found:
        raise ExportError(
            f"{export.unreadable} of its {found} records cannot be read: {export.faults[0]}"
        )
    return export


def _members(container: Container, export: Export) -> Iterator[tuple[bytes, str]]:
    for member in container.members:
        if member.name.endswith(_SUFFIX):
            try:
                yield container.read(member, limit=osv.LIMIT), member.name
            except ArchiveError as error:
                _unreadable(export, member.name, error.defect.message)


def _unreadable(export: Export, name: str, why: str) -> None:
    export.unreadable += 1
    if len(export.faults) < _NAMED:
        export.faults.append(f"{name[:100]!r}: {why[:300]}")


def _add(export: Export, record: osv.Record, now: datetime) -> None:
    export.records += 1
    if record.modified <= now and (export.as_of is None or record.modified > export.as_of):
        export.as_of = record.modified
    if record.withdrawn is not None:
        export.withdrawn += 1
        return
    for project, entry in entries(record):
        export.entries.setdefault(project, []).append(entry)
