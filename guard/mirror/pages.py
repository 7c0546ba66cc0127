"""Project pages as the mirror serves them: what the policy lets be seen, at the mirror's own URLs.

A page follows from the upstream's page, the records of the project's files and the standpoint of
the judge. It is rendered once, in every encoding, and kept until one of these changes.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import quote

import msgspec
import zstandard
from packaging.utils import NormalizedName
from packaging.version import Version

from guard.admission.sift import sift
from guard.mirror.intake import project_of
from guard.mirror.judging import Judge
from guard.mirror.mirror import Mirror
from guard.mirror.owners import Owners
from guard.mirror.records import PRIVATE, FileRecord, Key, Listed, State
from guard.model import Absent, PassedOver, ProjectStatus, Unknown
from guard.simple import PageFile, serialize

_LEVEL: Final = 6
_FAST: Final = 3
_HELD_BACK: Final = frozenset({State.DENIED, State.REVOKED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    """One page in one format: its bytes, plain and compressed, each with its own ETag."""

    bodies: Mapping[str, bytes]
    """By content coding: `identity`, `gzip`, `zstd`."""

    etags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A page in both formats, and until when it is that."""

    json: Rendering
    html: Rendering
    until: datetime
    epoch: str
    hidden: tuple[PassedOver, ...] = ()
    """The releases that are not shown, and why."""


class Pages:
    """Renders pages. Used by many threads at once; raises `MirrorError`."""

    def __init__(self, mirror: Mirror, judge: Judge, owners: Owners) -> None:
        self._mirror = mirror
        self._judge = judge
        self._owners = owners
        self._base = mirror.settings.public_url or "../.."

    def of(self, project: NormalizedName) -> Rendered | Absent | Unknown:
        """Return the page of `project` as it is now."""
        owner = self._owners.of(project)
        if isinstance(owner, Absent | Unknown):
            return owner
        if owner.url == PRIVATE:
            return self._own(project)
        epoch = self._judge.epoch
        admission = self._judge.admission(owner)
        page = admission.index.page(owner, project)
        if isinstance(page, Absent | Unknown):
            return page
        records = self._mirror.files.of_project(project)
        sifted = sift(admission, owner, page, sources=True)
        now = admission.now
        files = [
            announced(entry, record, self._base)
            for entry in sifted.kept
            for record in (records.get(_key(entry)),)
            if not _is_held_back(record, epoch, now)
        ]
        return _rendered(
            serialize.Offer(
                name=page.name,
                status=page.status,
                versions=_versions(files),
                files=files,
            ),
            until=self._until(now, ripens=sifted.ripens, records=records.values()),
            epoch=epoch,
            hidden=sifted.hidden,
        )

    def _own(self, project: NormalizedName) -> Rendered | Absent:
        """Return the page of a project that was uploaded here."""
        records = self._mirror.files.of_project(project)
        now = self._mirror.clock()
        files = [
            announced(entry_of(record), record, self._base)
            for record in records.values()
            if record.state is State.ADMITTED
        ]
        if not files:
            return Absent(f"there is no {project}")
        offer = serialize.Offer(
            name=project, status=ProjectStatus(), versions=_versions(files), files=files
        )
        until = self._until(now, ripens=False, records=records.values())
        return _rendered(offer, until=until, epoch=self._judge.epoch, hidden=())

    def _until(self, now: datetime, *, ripens: bool, records: Iterable[FileRecord]) -> datetime:
        """Return when the page may be another one without anybody saying so."""
        hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        day = hour.replace(hour=0) + timedelta(days=1)
        moments = [now + self._mirror.settings.page_age, day]
        if ripens:
            moments.append(hour)
        moments += [
            record.decided.valid_until
            for record in records
            if record.decided and record.decided.state is State.DENIED
            if record.decided.valid_until > now
        ]
        return min(moments)


def _key(entry: PageFile) -> Key:
    return Key(entry.hashes["sha256"], entry.filename)


def _is_held_back(record: FileRecord | None, epoch: str, now: datetime) -> bool:
    """Tell whether a file was denied; what was denied under another standpoint is judged again."""
    if record is None or record.decided is None or record.state not in _HELD_BACK:
        return False
    if record.state is State.REVOKED:
        return True
    return record.decided.epoch == epoch and now < record.decided.valid_until


def announced(entry: PageFile, record: FileRecord | None, base: str = "../..") -> PageFile:
    """Return the entry at the mirror's own place, with what the mirror itself has beside it.

    `base` is the mirror's own address where it is known. PEP-740: what leads to a provenance shall
    be a fully qualified URL; a wrong one would be worse than one that is relative to the page.

    PEP-658: whoever is promised a metadata file and does not get it fails, so only what is in the
    store is announced.
    """
    held = record.held if record is not None and record.state is State.ADMITTED else None
    key = _key(entry)
    listed = record.listed if record is not None else None
    return replace(
        entry,
        url=f"../../files/{key.sha256[:2]}/{key.sha256}/{quote(entry.filename, safe='+')}",
        size=held.size if held else entry.size,
        core_metadata=held.metadata if held else None,
        provenance=_provenance(listed, base) if listed and held and held.provenance else None,
    )


def _provenance(listed: Listed, base: str) -> str:
    release = f"{listed.project}/{quote(listed.version)}/{quote(listed.key.filename)}"
    return f"{base}/integrity/{release}/provenance"


def entry_of(record: FileRecord) -> PageFile:
    """Return the entry of a file as it was written down when it was first met."""
    listed = record.listed
    return PageFile(
        filename=listed.key.filename,
        url=listed.url,
        hashes={"sha256": listed.key.sha256},
        size=listed.size,
        upload_time=listed.upload_time,
        requires_python=listed.requires_python,
    )


def _versions(files: Iterable[PageFile]) -> list[Version]:
    """PEP-700: all versions for which there are files."""
    found = {named[1] for entry in files if (named := project_of(entry.filename))}
    return sorted(found)


def _rendered(
    offer: serialize.Offer, *, until: datetime, epoch: str, hidden: tuple[PassedOver, ...]
) -> Rendered:
    return Rendered(
        json=rendering(serialize.to_json(offer)),
        html=rendering(serialize.to_html(offer)),
        until=until,
        epoch=epoch,
        hidden=hidden,
    )


def rendering(body: bytes) -> Rendering:
    """Return `body` in every content coding. RFC-9110: each coding has an ETag of its own."""
    digest = hashlib.sha256(body).hexdigest()[:40]
    bodies = {
        "identity": body,
        "gzip": gzip.compress(body, _LEVEL, mtime=0),
        "zstd": zstandard.compress(body, _FAST),
    }
    etags = {coding: f'"{digest}-{coding}"' for coding in bodies}
    return Rendering(bodies=bodies, etags=etags | {"identity": f'"{digest}"'})


def root_json(names: Iterable[NormalizedName]) -> bytes:
    """Return the list of projects as PEP 691 has it."""
    meta = {"api-version": serialize.API_VERSION}
    return msgspec.json.encode({"meta": meta, "projects": [{"name": name} for name in names]})


def root_html(names: Iterable[NormalizedName]) -> bytes:
    """Return the list of projects as PEP 503 has it."""
    links = "".join(f'<a href="{name}/">{name}</a><br>\n' for name in names)
    head = f'<meta name="pypi:repository-version" content="{serialize.API_VERSION}">'
    page = f"<!DOCTYPE html>\n<html>\n<head>\n{head}\n</head>\n<body>\n{links}</body>\n</html>\n"
    return page.encode()
