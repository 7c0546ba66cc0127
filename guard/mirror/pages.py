"""Project pages as the mirror serves them: what the policy lets be seen, at the mirror's own URLs.

A page follows from the upstream's page, the records of the project's files and the standpoint of
the judge. It is rendered once, in every encoding, and kept until one of these changes.
"""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
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
from guard.simple.ordinary import are_plain

_LEVEL: Final = 6
_FAST: Final = 3
_HELD_BACK: Final = frozenset({State.DENIED, State.REVOKED})


class Rendering:
    """One page in one format: its bytes, plain and compressed, each with its own ETag.

    Each is made when it is first asked for, and then kept. Used by many threads at once.
    """

    def __init__(self, make: Callable[[], bytes]) -> None:
        self._make = make
        self._etag: str | None = None
        self._lock = threading.Lock()
        self.made: dict[str, Body] = {}
        """By content coding, what there is already: `identity`, `gzip`, `zstd`."""

    def body(self, coding: str) -> Body:
        """Return the page in that coding."""
        found = self.made.get(coding)
        if found is not None:
            return found
        with self._lock:
            return self._body(coding)

    @property
    def size(self) -> int:
        """How many bytes this is, or about to be."""
        return len(self.body("identity").content)

    def _body(self, coding: str) -> Body:
        if (found := self.made.get(coding)) is not None:
            return found
        if coding == "identity":
            content = self._make()
            del self._make  # what it was made from is not needed any more
            self._etag = hashlib.sha256(content).hexdigest()[:40]
            body = Body(content, f'"{self._etag}"'.encode())
        else:
            content = _PACKED[coding](self._body("identity").content)
            body = Body(content, f'"{self._etag}-{coding}"'.encode())
        self.made[coding] = body
        return body


@dataclass(frozen=True, slots=True)
class Body:
    """What is sent. RFC-9110: each coding has an ETag of its own."""

    content: bytes
    etag: bytes


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
        source = self._judge.source()
        owner = self._owners.of(project, source)
        if isinstance(owner, Absent | Unknown):
            return owner
        if owner.url == PRIVATE:
            return self._own(project)
        epoch = self._judge.epoch
        admission = self._judge.admission(owner, source)
        page = admission.index.page(owner, project)
        if isinstance(page, Absent | Unknown):
            return page
        records = self._mirror.files.of_project(project)
        sifted = sift(admission, owner, page, sources=True)
        now = admission.now
        plain = are_plain([entry.filename for entry in sifted.kept])
        files = [
            announced(entry, record, self._base, plain=plain)
            for entry in sifted.kept
            for record in (records.get(_key(entry)) if records else None,)
            if record is None or not _is_held_back(record, epoch, now)
        ]
        whole = len(files) == len(sifted.kept)
        return _rendered(
            serialize.Offer(
                name=page.name,
                status=page.status,
                versions=sorted(sifted.versions) if whole else _versions(files),
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
            if record.state is State.ADMITTED and record.listed.origin == PRIVATE
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


def _is_held_back(record: FileRecord, epoch: str, now: datetime) -> bool:
    """Tell whether a file was denied; what was denied under another standpoint is judged again."""
    if record.decided is None or record.state not in _HELD_BACK:
        return False
    if record.state is State.REVOKED:
        return True
    return record.decided.epoch == epoch and now < record.decided.valid_until


def announced(
    entry: PageFile, record: FileRecord | None, base: str = "../..", *, plain: bool = False
) -> serialize.Listed:
    """Return the entry at the mirror's own place, with what the mirror itself has beside it.

    The file name is known to be `plain` where a URL has it as it is. `base` is the mirror's own
    address where it is known. PEP-740: what leads to a provenance shall
    be a fully qualified URL; a wrong one would be worse than one that is relative to the page.

    PEP-658: whoever is promised a metadata file and does not get it fails, so only what is in the
    store is announced.
    """
    held = record.held if record is not None and record.state is State.ADMITTED else None
    listed = record.listed if record is not None else None
    sha256, name = entry.hashes["sha256"], entry.filename
    if not plain:
        name = quote(name, safe="+")
    return serialize.listed(
        entry,
        url=f"../../files/{sha256[:2]}/{sha256}/{name}",
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


def _versions(files: Iterable[serialize.Listed]) -> list[Version]:
    """PEP-700: all versions for which there are files."""
    found = {named[1] for entry in files if (named := project_of(entry.filename))}
    return sorted(found)


def _rendered(
    offer: serialize.Offer, *, until: datetime, epoch: str, hidden: tuple[PassedOver, ...]
) -> Rendered:
    # What it was made from is let go: that takes more room than the page itself.
    content = serialize.to_json(offer)
    return Rendered(
        json=Rendering(lambda: content),
        html=Rendering(lambda: serialize.json_to_html(content)),
        until=until,
        epoch=epoch,
        hidden=hidden,
    )


def _gzipped(content: bytes) -> bytes:
    return gzip.compress(content, _LEVEL, mtime=0)


def _zstandard(content: bytes) -> bytes:
    return zstandard.compress(content, _FAST)


_PACKED: Final = {"gzip": _gzipped, "zstd": _zstandard}


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
