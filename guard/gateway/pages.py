"""Project pages as the policy lets a resolver see them, in the upstream's own words and URLs.

What is rendered is kept for as long as it would come out the same: the same pages of the same
indexes, the same policy and advisories, and no file that has become old enough meanwhile.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
from packaging.utils import NormalizedName
from packaging.version import Version

from guard.admission.basis import basis
from guard.admission.gather import Admission
from guard.admission.sift import sift
from guard.gateway.message import Answer, Document, Refusal
from guard.gateway.record import Record
from guard.model import Absent, Finding, Index, PassedOver, Unknown
from guard.private import is_own, private_folder, write_private
from guard.simple import PageFile, ProjectPage, serialize
from guard.simple.parse import HTML, JSON

_BLOCKED: Final = 451


class _Hidden(msgspec.Struct, frozen=True):
    version: str
    findings: tuple[Finding, ...]


class _Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """A page that was rendered, and what has to be known of it without reading it again."""

    until: float
    """Seconds since the epoch."""

    body: bytes
    versions: tuple[str, ...]
    hidden: tuple[_Hidden, ...]
    hosts: tuple[str, ...]
    """Where its files are."""


_DECODER: Final = msgspec.msgpack.Decoder(_Rendered)


class Pages:
    """Renders the pages of one run. Used by many threads at once."""

    def __init__(
        self,
        admission: Admission,
        record: Record,
        *,
        folder: Path,
        without: Mapping[NormalizedName, frozenset[Version]],
    ) -> None:
        self._admission = admission
        self._record = record
        self._folder = folder
        self._without = without
        self._basis = basis(admission, *(index.url for index in admission.index.indexes))

    def answer(self, index: Index, project: NormalizedName, accept: str) -> Answer:
        """Return the page of `project` on `index`, or why there is none."""
        document = self._admission.index.document(index, project)
        if isinstance(document, Absent):
            return Refusal(status=404, reason="Not Found")
        if isinstance(document, Unknown):
            self._record.refused(f"{index.url}/{project}/", document.reason, undecided=True)
            return Refusal(status=_BLOCKED, reason=f"guard undecided: {document.reason}")
        html = JSON not in accept  # PEP-691: who takes anything may be of before there was JSON
        rendered = self._rendered(index, project, html=html)
        if isinstance(rendered, Unknown):
            self._record.refused(f"{index.url}/{project}/", rendered.reason, undecided=True)
            return Refusal(status=_BLOCKED, reason=f"guard undecided: {rendered.reason}")
        self._note(index, project, rendered)
        etag = f'"{hashlib.sha256(rendered.body).hexdigest()[:40]}"'
        media_type = HTML if html else JSON
        return Document(content=rendered.body, media_type=media_type, etag=etag)

    def _note(self, index: Index, project: NormalizedName, rendered: _Rendered) -> None:
        hidden = (
            PassedOver(project=project, version=Version(item.version), findings=item.findings)
            for item in rendered.hidden
        )
        self._record.page(project, map(Version, rendered.versions), hidden)
        self._record.lies_at(index.url, rendered.hosts)

    def _rendered(
        self, index: Index, project: NormalizedName, *, html: bool
    ) -> _Rendered | Unknown:
        path = self._folder / self._key(index, project, html=html)
        if (known := self._known(path)) is not None:
            return known
        page = self._admission.index.page(index, project)
        if isinstance(page, Absent):
            return Unknown(page.reason)
        if isinstance(page, Unknown):
            return page
        rendered = self._render(index, page, html=html)
        with contextlib.suppress(OSError):  # what cannot be kept is rendered again
            private_folder(self._folder.parent)
            private_folder(self._folder)
            write_private(path, msgspec.msgpack.encode(rendered))
        return rendered

    def _render(self, index: Index, page: ProjectPage, *, html: bool) -> _Rendered:
        without = self._without.get(page.name, frozenset())
        sifted = sift(self._admission, index, page, without=without)
        offer = serialize.Offer(
            name=page.name,
            status=page.status,
            versions=sifted.versions,
            files=[_announced(entry) for entry in sifted.kept],
        )
        return _Rendered(
            until=_end(self._admission.now, ripens=sifted.ripens),
            body=serialize.to_html(offer) if html else serialize.to_json(offer),
            versions=tuple(map(str, sifted.versions)),
            hidden=tuple(_Hidden(str(item.version), item.findings) for item in sifted.hidden),
            hosts=tuple(sorted(_hosts(sifted.kept))),
        )

    def _known(self, path: Path) -> _Rendered | None:
        try:
            if not is_own(self._folder):
                return None
            known = _DECODER.decode(path.read_bytes())
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None
        now = self._admission.now.timestamp()
        return known if now < known.until < now + timedelta(days=2).total_seconds() else None

    def _key(self, index: Index, project: NormalizedName, *, html: bool) -> str:
        """Return the digest of all that a page follows from, but for the time."""
        source = self._admission.index
        pages = [source.document(other, project) for other in source.indexes]
        before = self._admission.publications.known.attested_version(project, index.url)
        without = sorted(map(str, self._without.get(project, ())))
        said = [_digest(page) for page in pages]
        parts = (self._basis, index.url, project, *said, str(before), *without, str(html))
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def host_of(url: str) -> str:
    """Return the host of a URL of a page, quickly: `https://host:1/path` → `host`."""
    place = url.partition("://")[2].partition("/")[0].rpartition("@")[2]
    if place.startswith("["):
        return place[1:].partition("]")[0].lower()
    return place.partition(":")[0].lower()


def _hosts(entries: Iterable[PageFile]) -> set[str]:
    places = {entry.url.split("/", 3)[2] for entry in entries}
    return {host_of(f"https://{place}") for place in places}


def _announced(entry: PageFile) -> serialize.Listed:
    """Return the entry with the metadata file that the gateway has for every wheel.

    Attestations are the guard's business: nobody behind the gateway asks for them.
    """
    metadata = (entry.core_metadata or "") if entry.filename.endswith(".whl") else None
    return serialize.listed(entry, url=entry.url, size=entry.size, core_metadata=metadata)


def _digest(page: object) -> str:
    body = getattr(page, "body", None)
    return hashlib.sha256(body).hexdigest() if isinstance(body, bytes) else str(page)


def _end(now: datetime, *, ripens: bool) -> float:
    """Return when a page may be another one: at the next hour, or when waivers expire."""
    now = now.astimezone(UTC)
    if ripens:
        hour = now.replace(minute=0, second=0, microsecond=0)
        return (hour + timedelta(hours=1)).timestamp()
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return (day + timedelta(days=1)).timestamp()
