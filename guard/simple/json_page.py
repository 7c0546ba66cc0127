"""A project page in JSON (PEP 691)."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cached_property
from typing import Any, Final

import msgspec
from packaging.utils import NormalizedName

from guard.simple import fields
from guard.simple.page import PageError, PageFile, ProjectPage


class _Meta(msgspec.Struct):
    api_version: str | None = msgspec.field(default=None, name="api-version")


class _Status(msgspec.Struct):
    status: str | None = None
    reason: str | None = None


class _Name(msgspec.Struct, gc=False, rename="kebab"):
    filename: str
    upload_time: Any = None


class _Names(msgspec.Struct):
    files: list[_Name]


class _Page(msgspec.Struct):
    name: str
    files: list[msgspec.Raw]
    meta: _Meta = msgspec.field(default_factory=_Meta)
    project_status: _Status | None = msgspec.field(default=None, name="project-status")
    versions: Any = None


class _Entry(msgspec.Struct, rename="kebab"):
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


class _Attested(msgspec.Struct, gc=False):
    filename: str
    provenance: str | None = None


class _AttestedFiles(msgspec.Struct):
    files: list[_Attested]


_ATTESTED: Final = msgspec.json.Decoder(_AttestedFiles)
_MARK: Final = re.compile(rb'"provenance"\s*:\s*"')
_PAGE: Final = msgspec.json.Decoder(_Page)
_NAMES: Final = msgspec.json.Decoder(_Names)
_ENTRY: Final = msgspec.json.Decoder(_Entry)


class JsonPage(ProjectPage):
    """A PEP 691 page: the frame is read at once, an entry when it is asked for."""

    def __init__(self, body: bytes, *, url: str, project: NormalizedName) -> None:
        try:
            page = _PAGE.decode(body)
            names = _NAMES.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise PageError(f"not a PEP 691 page: {error}") from None
        fields.api_version(page.meta.api_version)
        marker = page.project_status or _Status()
        self.name = fields.own_name(page.name, project)
        self.status = fields.status(marker.status, marker.reason)
        self.filenames = tuple(entry.filename for entry in names.files)
        self._versions = page.versions
        self._times = [entry.upload_time for entry in names.files]
        self._entries = page.files
        self._body = body
        self._url = url

    @property
    def release_count(self) -> int:
        """PEP-700: `versions` has all of them; an index of before it has only file names."""
        return len(self._versions if isinstance(self._versions, list) else self.releases())

    @cached_property
    def first_upload(self) -> datetime | None:
        """The smallest of the times: written as PEP 700 says, they sort as they are."""
        if not self._times or None in self._times:
            return None
        if not all(isinstance(time, str) for time in self._times):
            raise PageError("files[].upload-time is not always a string")
        return fields.upload_time(min(self._times))

    @cached_property
    def attested(self) -> tuple[str, ...]:
        """The names of the files with a provenance URL; that there are none is soon seen."""
        if not _MARK.search(self._body):
            return ()
        try:
            files = _ATTESTED.decode(self._body).files
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise PageError(f"files[].provenance: {error}") from None
        return tuple(file.filename for file in files if file.provenance)

    def _entry(self, position: int) -> PageFile:
        try:
            entry = _ENTRY.decode(self._entries[position])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise PageError(f"files[{position}]: {error}") from None
        if entry.size is not None and entry.size < 0:
            raise PageError(f"files[{position}].size is negative")
        return PageFile(
            filename=fields.plain_filename(entry.filename),
            url=self._address(entry.url.partition("#")[0]),
            hashes=fields.hashes(entry.hashes),
            size=entry.size,
            upload_time=fields.upload_time(entry.upload_time),
            yanked=_yanked(entry.yanked),
            requires_python=entry.requires_python,
            provenance=self._address(entry.provenance) if entry.provenance else None,
            core_metadata=_core_metadata(entry),
        )

    def _address(self, href: str) -> str:
        return fields.address(href, base=self._url, page=self._url)


def _core_metadata(entry: _Entry) -> str | None:
    """PEP-714: `core-metadata` comes first; the older name may still be there for older clients."""
    given = (
        entry.core_metadata if entry.core_metadata is not None else entry.data_dist_info_metadata
    )
    if not given:
        return None
    return fields.hashes(given).get("sha256", "") if isinstance(given, dict) else ""


def _yanked(given: bool | str | None) -> str | None:  # noqa: FBT001 - as PEP 691 spells it
    """PEP-691: a truthy string is the reason; `true` is yanked without one."""
    if given is True:
        return ""
    return given or None
