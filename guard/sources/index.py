"""What the configured indexes say of a file: its origin, its listing, its project's status."""

from __future__ import annotations

import concurrent.futures
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from packaging.utils import NormalizedName
from packaging.version import Version

from guard.model import (
    Absent,
    Fact,
    File,
    History,
    Index,
    Listing,
    Origin,
    ProjectStatus,
    Unknown,
)
from guard.simple import ACCEPT, PageError, PageFile, ProjectPage, parse
from guard.sources.history import earlier_attested
from guard.sources.http import FetchError, NotFoundError, Response
from guard.sources.likeness import together
from guard.sources.pages import Pages, is_local
from guard.sources.sidecar import sidecar_sha256

PAGE_LIMIT: Final = 128 << 20
"""Bytes of one project page; the largest known is below 40 MB."""

_COMPARED: Final = 3
"""Earlier attested files to try: an earlier one whose attestations do not verify proves nothing."""


_NO_PAGE: Final = Absent("no index has a page of it")


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """What the indexes say of one file."""

    origin: Fact[Origin]
    listing: Fact[Listing]
    status: Fact[ProjectStatus]
    history: Fact[History] = _NO_PAGE


class IndexSource:
    """Asks the configured indexes, each page once. Used by many threads at once."""

    def __init__(self, source: Pages, indexes: Sequence[Index]) -> None:
        self._source = source
        self._indexes = tuple(indexes)
        self._documents: dict[str, concurrent.futures.Future[Fact[Response]]] = {}
        self._pages: dict[str, concurrent.futures.Future[Fact[ProjectPage]]] = {}
        self._lock = threading.Lock()

    def only(self, url: str) -> IndexSource:
        """Return a source that asks the index at `url` and no other; what is read is shared."""
        known = [index for index in self._indexes if index.url == url]
        alone = IndexSource(self._source, known or [Index(url=url)])
        alone._documents, alone._pages, alone._lock = self._documents, self._pages, self._lock
        return alone

    def locate(self, file: File, *, sidecar: bool = False) -> Located:
        """Return what the indexes say of `file`. Raises nothing: what is not known is Unknown.

        With `sidecar`, a metadata file whose digest the page does not give is fetched for it.
        """
        pages = [(index, self.page(index, file.project)) for index in self._indexes]
        places = [
            (index, page, entry)
            for index, page in pages
            if not isinstance(page, Absent | Unknown)
            if (entry := _entry(page, file)) is not None
        ]
        if not places:
            return self._nowhere(file, pages)
        index, page, entry = next((p for p in places if _is_at(p[2], file)), places[0])
        if isinstance(entry, Unknown):
            listing: Fact[Listing] = entry
        else:
            listing = listing_of(entry, index.url)
            listing = replace(listing, upload_time=_earliest(listing, places))
            if sidecar and isinstance(listing.core_metadata, Unknown):
                sha256 = sidecar_sha256(self._source, entry.url, username=_username(index))
                listing = replace(listing, core_metadata=sha256)
        offering = frozenset(p[0].url for p in places if not isinstance(p[2], Unknown))
        origin = Origin(url=index.url, rivals=self._rivals(offering, page, pages))
        return Located(origin=origin, listing=listing, status=page.status, history=_history(page))

    def page(self, index: Index, project: NormalizedName) -> Fact[ProjectPage]:
        """Return the page of `project` on `index`: absent where the index knows no such project."""
        with self._lock:
            key = f"{_page_url(index, project)} {project}"
            future = self._pages.get(key)
            mine = future is None
            if future is None:
                future = self._pages[key] = concurrent.futures.Future()
        if mine:
            try:
                future.set_result(self._read(index, project))
            except BaseException as error:
                future.set_exception(error)
                raise
        return future.result()

    def earlier(self, file: File, origin: str) -> Fact[tuple[tuple[Version, PageFile], ...]]:
        """Return the earlier attested files of the same release line on the same index."""
        page = self.page_on(origin, file.project)
        if isinstance(page, Absent | Unknown):
            return page
        try:
            found = tuple(islice(earlier_attested(page, file), _COMPARED))
        except PageError as error:
            return Unknown(f"earlier files could not be read: {error}")
        return found or Absent("no earlier release is attested")

    def page_on(self, origin: str, project: NormalizedName) -> Fact[ProjectPage]:
        """Return the page of `project` on the configured index at the URL `origin`."""
        for index in self._indexes:
            if index.url == origin:
                return self.page(index, project)
        return Absent("its index has no pages")

    def came_with_release(self, file: File, origin: str) -> bool:
        """Tell whether `file` is as old as the release that it belongs to, on the index `origin`.

        What was added later to a release that others have looked at is what nobody looked at.
        """
        page = self.page_on(origin, file.project)
        if isinstance(page, Absent | Unknown) or file.version is None:
            return False
        try:
            entries = [page.file(name) for name in page.wheels().get(file.version, ())]
            own = page.file(file.filename)
        except PageError:
            return False
        began = min((e.upload_time for e in entries if e and e.upload_time), default=None)
        return own is not None and together(began, own.upload_time)

    def seen_at(self, index: Index, project: NormalizedName) -> datetime | None:
        """Return when the page of `project` on `index` was last had; `None` if it is not kept."""
        return self._source.seen_at(_page_url(index, project), username=_username(index))

    @property
    def indexes(self) -> tuple[Index, ...]:
        """The configured indexes, in the order in which they are asked."""
        return self._indexes

    def prefetch(self, project: NormalizedName) -> None:
        """Ask for the pages of `project` now, because they are about to be needed."""
        for index in self._indexes:
            self.page(index, project)

    def readable(self, project: NormalizedName) -> Iterator[ProjectPage]:
        """Yield the pages of `project` that there are, and that can be had."""
        pages = self.pages(project)
        return (page for page in pages if not isinstance(page, Absent | Unknown))

    def first_page(self, project: NormalizedName) -> Fact[ProjectPage]:
        """Return the page of the first index that has `project`, or why none can be told."""
        page: Fact[ProjectPage] = Absent("no index is configured")
        for index in self._indexes:
            page = self.page(index, project)
            if not isinstance(page, Absent):
                return page
        return page

    def pages(self, project: NormalizedName) -> tuple[Fact[ProjectPage], ...]:
        """Return the page of `project` on each configured index."""
        return tuple(self.page(index, project) for index in self._indexes)

    def document(self, index: Index, project: NormalizedName) -> Fact[Response]:
        """Return the page of `project` on `index` as it came, unread."""
        url = _page_url(index, project)
        if index.flat and is_local(url):
            return Absent(f"{index.url} is a folder")
        with self._lock:
            key = f"{url} {project}"
            future = self._documents.get(key)
            mine = future is None
            if future is None:
                future = self._documents[key] = concurrent.futures.Future()
        if mine:
            try:
                future.set_result(self._fetched(index, url, project))
            except BaseException as error:
                future.set_exception(error)
                raise
        return future.result()

    def _fetched(self, index: Index, url: str, project: NormalizedName) -> Fact[Response]:
        try:
            return self._source.get(url, accept=ACCEPT, limit=PAGE_LIMIT, username=_username(index))
        except NotFoundError:
            return Absent(f"there is no {project} on {index.url}")
        except FetchError as error:
            return Unknown(f"its page on {index.url} could not be had: {error}")

    def _read(self, index: Index, project: NormalizedName) -> Fact[ProjectPage]:
        response = self.document(index, project)
        if isinstance(response, Absent | Unknown):
            return response
        try:
            return parse(
                response.body,
                content_type=response.headers.get("content-type", ""),
                url=response.url,
                project=project,
            )
        except PageError as error:
            return Unknown(f"its page on {index.url} could not be read: {error}")

    def _rivals(
        self,
        offering: frozenset[str],
        page: ProjectPage,
        pages: Sequence[tuple[Index, Fact[ProjectPage]]],
    ) -> Fact[tuple[str, ...]]:
        rivals = []
        for index, other in pages:
            if index.url in offering or isinstance(other, Absent):
                continue
            if isinstance(other, Unknown):
                return other
            if not _repeats(other, page):
                rivals.append(index.url)
        return tuple(rivals)

    def _nowhere(self, file: File, pages: Sequence[tuple[Index, Fact[ProjectPage]]]) -> Located:
        """Say what is known of a file that no page lists: perhaps that it is gone."""
        for index, _ in pages:
            if index.flat and _lies_in(file.url, index.url):
                reason = "a local folder has no pages"
                return Located(
                    origin=Origin(url=index.url),
                    listing=Listing(upload_time=Absent(reason)),
                    status=Absent(reason),
                )
        for _, page in pages:
            if isinstance(page, Unknown):
                return Located(origin=page, listing=page, status=page)
        known = [(index, page) for index, page in pages if not isinstance(page, Absent | Unknown)]
        if known:
            index, page = known[0]
            gone = Absent(f"the page of {file.project} on {index.url} does not list it")
            return Located(origin=Origin(url=index.url), listing=gone, status=page.status)
        if all(index.flat for index, _ in pages):
            reason = "none of the configured folders has it" if pages else "no index is configured"
            none = Unknown(reason)
            return Located(origin=none, listing=none, status=none)
        gone = Absent(f"no configured index has a project {file.project}")
        return Located(origin=Origin(url=pages[0][0].url), listing=gone, status=gone)


def _page_url(index: Index, project: NormalizedName) -> str:
    return index.url if index.flat else f"{index.url}/{project}/"


def _entry(page: ProjectPage, file: File) -> PageFile | Unknown | None:
    """Return the entry of this very file; other bytes by its name are another file."""
    try:
        entry = page.file(file.filename)
    except PageError as error:
        return Unknown(f"the index's entry could not be read: {error}")
    if entry is None or _is_at(entry, file):
        return entry
    ours, theirs = file.hashes.get("sha256"), entry.hashes.get("sha256")
    return entry if ours and ours == theirs else None


def _is_at(entry: PageFile | Unknown, file: File) -> bool:
    return not isinstance(entry, Unknown) and entry.url == file.url


def listing_of(entry: PageFile, index: str) -> Listing:
    """Return what an entry of a page of `index` says."""
    upload_time: Fact[datetime]
    if entry.upload_time is not None:
        upload_time = entry.upload_time
    elif is_local(index):
        upload_time = Absent("a local index has no upload times")
    else:
        upload_time = Unknown(f"{index} gives no upload times (PEP 700)")
    return Listing(
        upload_time=upload_time,
        hashes=entry.hashes,
        size=entry.size,
        yanked=entry.yanked,
        provenance_url=entry.provenance,
        core_metadata=_core_metadata(entry),
    )


def _core_metadata(entry: PageFile) -> Fact[str]:
    if entry.core_metadata is None:
        return Absent("its index offers no metadata file")
    return entry.core_metadata or Unknown("its index offers a metadata file without its sha256")


def _history(page: ProjectPage) -> Fact[History]:
    try:
        return History(first_upload=page.first_upload, releases=page.release_count)
    except PageError as error:
        return Unknown(f"the upload times on its page could not be read: {error}")


def _earliest(
    listing: Listing, places: Sequence[tuple[Index, ProjectPage, PageFile | Unknown]]
) -> Fact[datetime]:
    """Return the upload time; where there is none, that of the same bytes elsewhere."""
    if not isinstance(listing.upload_time, Unknown):
        return listing.upload_time
    sha256 = listing.hashes.get("sha256")
    times = [
        entry.upload_time
        for _, _, entry in places
        if not isinstance(entry, Unknown)
        if entry.upload_time is not None and sha256 and entry.hashes.get("sha256") == sha256
    ]
    return min(times, default=listing.upload_time)


def _repeats(other: ProjectPage, page: ProjectPage) -> bool:
    """Tell whether everything that `other` lists is on `page` too, with the same sha256."""
    if not set(other.filenames) <= set(page.filenames):
        return False
    try:
        return all(_same(other.file(name), page.file(name)) for name in set(other.filenames))
    except PageError:
        return False


def _lies_in(url: str, folder: str) -> bool:
    """Tell whether the file at `url` is directly in a local `folder`."""
    if not (is_local(url) and is_local(folder)):
        return False
    path, place = (Path(unquote(urlsplit(each).path)) for each in (url, folder))
    return path.parent == place and path.name not in {"", ".", ".."}


def _same(one: PageFile | None, other: PageFile | None) -> bool:
    if one is None or other is None:
        return False
    digest = one.hashes.get("sha256")
    return digest is not None and digest == other.hashes.get("sha256")


def _username(index: Index) -> str:
    """Part of the cache's key: two users may be shown different pages."""
    return index.credentials.username if index.credentials else ""
