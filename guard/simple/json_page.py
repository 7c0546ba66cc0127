"""A project page in JSON (PEP 691)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, Final, Generic, TypeVar

import msgspec
from packaging.utils import NormalizedName

from guard.simple import fields, ordinary
from guard.simple.page import LONGEST_NAME, PageError, PageFile, ProjectPage


class _Meta(msgspec.Struct):
    api_version: str | None = msgspec.field(default=None, name="api-version")


class _Status(msgspec.Struct):
    status: str | None = None
    reason: str | None = None


class _Entry(msgspec.Struct, gc=False, rename="kebab"):
    filename: str
    url: str
    hashes: dict[str, str] = msgspec.field(default_factory=dict)
    size: int | None = None
    upload_time: str | None = None
    yanked: bool | str | None = None
    requires_python: str | None = None
    provenance: str | None = None
    core_metadata: bool | dict[str, str] | None = None
    data_dist_info_metadata: bool | dict[str, str] | None = None


class _Head(msgspec.Struct, gc=False, rename="kebab"):
    """What is asked of every entry, whether or not the rest of it can be read."""

    filename: str
    upload_time: Any = None
    provenance: Any = None


_Files = TypeVar("_Files")


class _Page(msgspec.Struct, Generic[_Files]):
    name: str
    files: list[_Files]
    meta: _Meta = msgspec.field(default_factory=_Meta)
    project_status: _Status | None = msgspec.field(default=None, name="project-status")
    versions: Any = None


_WHOLE: Final = msgspec.json.Decoder(_Page[_Entry])
_FRAME: Final = msgspec.json.Decoder(_Page[msgspec.Raw])
_ENTRY: Final = msgspec.json.Decoder(_Entry)
_HEAD: Final = msgspec.json.Decoder(_Head)

_ERRORS: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What reading JSON may raise."""

_ORDINARY: Final = re.compile(
    rf"{fields.ADDRESS}\n[A-Za-z0-9][A-Za-z0-9._+-]{{0,{LONGEST_NAME - 1}}}"
)
"""URL and file name as nearly all are: every check of theirs would leave them as they are.

Nothing in it matches the line feed between them.
"""


class JsonPage(ProjectPage):
    """A PEP 691 page: the frame is read at once, an entry when it is asked for."""

    def __init__(self, body: bytes, *, url: str, project: NormalizedName) -> None:
        try:
            page, self._entries, heads = _read(body)
        except _ERRORS as error:
            raise PageError(f"not a PEP 691 page: {error}") from None
        fields.api_version(page.meta.api_version)
        marker = page.project_status or _Status()
        self.name = fields.own_name(page.name, project)
        self.status = fields.status(marker.status, marker.reason)
        self.filenames = tuple([head.filename for head in heads])
        self._heads = heads
        self._versions = page.versions
        self._url = url

    @property
    def release_count(self) -> int:
        """PEP-700: `versions` has all of them; an index of before it has only file names."""
        return len(self._versions if isinstance(self._versions, list) else self.releases())

    @cached_property
    def first_upload(self) -> datetime | None:
        """The smallest of the times: written as PEP 700 says, they sort as they are."""
        given = [head.upload_time for head in self._heads]
        if not given or None in given:
            return None
        times = [time for time in given if isinstance(time, str)]
        if len(times) != len(given):
            raise PageError("files[].upload-time is not always a string")
        return fields.upload_time(min(times))

    @cached_property
    def attested(self) -> tuple[str, ...]:
        """The names of the files with a provenance URL."""
        attested = [head for head in self._heads if head.provenance is not None]
        if not all(isinstance(head.provenance, str) for head in attested):
            raise PageError("files[].provenance is not always a string")
        return tuple([head.filename for head in attested if head.provenance])

    def readable(self) -> Iterator[PageFile]:
        """Yield the entries that `file` would return, in the order of the page; no others."""
        once = len(set(self.filenames)) == len(self.filenames)
        entries = [entry for entry in self._entries if isinstance(entry, _Entry)]
        whole = once and len(entries) == len(self._entries)
        found = ordinary.files(entries) if whole else None
        return super().readable() if found is None else iter(found)

    def _entry(self, position: int) -> PageFile:
        entry = self._entries[position]
        if isinstance(entry, PageError):
            raise PageError(str(entry))
        if entry.size is not None and entry.size < 0:
            raise PageError(f"files[{position}].size is negative")
        url, filename = entry.url, entry.filename
        if not _ORDINARY.fullmatch(f"{url}\n{filename}"):
            url, filename = self._address(url.partition("#")[0]), fields.plain_filename(filename)
        digests: Mapping[str, str] = entry.hashes
        if len(digests) != 1 or not fields.is_digest(digests.get("sha256", "")):
            digests = fields.hashes(digests)
        return PageFile(
            filename=filename,
            url=url,
            hashes=digests,
            size=entry.size,
            upload_time=fields.upload_time(entry.upload_time),
            yanked=_yanked(entry.yanked),
            requires_python=entry.requires_python,
            provenance=self._address(entry.provenance) if entry.provenance else None,
            core_metadata=_core_metadata(entry),
        )

    def _address(self, href: str) -> str:
        return fields.address(href, base=self._url, page=self._url)


def _read(
    body: bytes,
) -> tuple[_Page[Any], Sequence[_Entry | PageError], Sequence[_Entry | _Head]]:
    """Return a page, its entries, and the heads of these; an entry may be an error of its own.

    Raises `msgspec.DecodeError`, `UnicodeDecodeError` or `RecursionError`.
    """
    try:
        page = _WHOLE.decode(body)
    except _ERRORS:
        frame = _FRAME.decode(body)
        entries = [_read_entry(raw, position) for position, raw in enumerate(frame.files)]
        return frame, entries, [_HEAD.decode(raw) for raw in frame.files]
    return page, page.files, page.files


def _read_entry(raw: msgspec.Raw, position: int) -> _Entry | PageError:
    try:
        return _ENTRY.decode(raw)
    except _ERRORS as error:
        return PageError(f"files[{position}]: {error}")


def _core_metadata(entry: _Entry) -> str | None:
    """PEP-714: `core-metadata` comes first; the older name may still be there for older clients."""
    given = entry.core_metadata
    if given is None:
        given = entry.data_dist_info_metadata
    if not given:
        return None
    return fields.hashes(given).get("sha256", "") if isinstance(given, dict) else ""


def _yanked(given: bool | str | None) -> str | None:  # noqa: FBT001 - as PEP 691 spells it
    """PEP-691: a truthy string is the reason; `true` is yanked without one."""
    if given is True:
        return ""
    return given or None
