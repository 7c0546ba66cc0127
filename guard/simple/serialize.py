"""A project page out again, in either format: what an index says to pip and uv."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Any, Final

import msgspec
from packaging.utils import NormalizedName
from packaging.version import Version

from guard.model import ProjectStatus
from guard.simple.page import PageFile

API_VERSION: Final = "1.4"
"""PEP-629: with PEP 700 (versions, sizes, upload times), PEP 740 and PEP 792."""


_WITHOUT_SIZES: Final = "1.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """The page of one project as it is to be served."""

    name: NormalizedName
    status: ProjectStatus
    versions: Sequence[Version]
    files: Sequence[Listed]

    @property
    def api_version(self) -> str:
        """PEP-700: from 1.1 on, every file has a size; what else is said may be said before."""
        whole = all(entry.size is not None for entry in self.files)
        return API_VERSION if whole else _WITHOUT_SIZES


class Listed(msgspec.Struct, gc=False, omit_defaults=True, rename="kebab"):
    """An entry as it is to be written; `listed` makes one."""

    filename: str
    url: str
    hashes: dict[str, str]
    requires_python: str | None = None
    size: int | None = None
    upload_time: Any = None
    """A text, or a moment in UTC, which is written as one."""

    yanked: bool | str = False
    core_metadata: bool | dict[str, str] = False
    dist_info_metadata: bool | dict[str, str] = False
    provenance: str | None = None


class _Page(msgspec.Struct, rename="kebab"):
    meta: dict[str, str]
    name: str
    project_status: dict[str, str]
    versions: list[str]
    files: list[Listed]


_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(_Page)


def to_json(offer: Offer) -> bytes:
    """Return the page as PEP 691 has it."""
    return _ENCODER.encode(_page(offer))


def to_html(offer: Offer) -> bytes:
    """Return the page as PEP 503 has it."""
    return _html(_page(offer))


def json_to_html(content: bytes) -> bytes:
    """Return what `to_json` has written as `to_html` would have written it."""
    return _html(_DECODER.decode(content))


def _page(offer: Offer) -> _Page:
    status = {"status": offer.status.state.value}
    if offer.status.reason is not None:
        status["reason"] = offer.status.reason
    return _Page(
        meta={"api-version": offer.api_version},
        name=offer.name,
        project_status=status,
        versions=[str(version) for version in offer.versions],
        files=list(offer.files),
    )


def _html(page: _Page) -> bytes:
    tags = [("pypi:repository-version", page.meta["api-version"])]
    tags += [("pypi:project-status", page.project_status["status"])]
    if "reason" in page.project_status:
        tags.append(("pypi:project-status-reason", page.project_status["reason"]))
    head = "".join(f'<meta name="{name}" content="{escape(said)}">\n' for name, said in tags)
    anchors = "".join(map(_anchor, page.files))
    text = f"<!DOCTYPE html>\n<html>\n<head>\n{head}</head>\n<body>\n{anchors}</body>\n</html>\n"
    return text.encode()


def listed(
    entry: PageFile,
    *,
    url: str,
    size: int | None,
    core_metadata: str | None = None,
    provenance: str | None = None,
) -> Listed:
    """Return `entry` as it is said by whoever has the file at `url`, and this beside it.

    `core_metadata` is a sha256; empty where it is not known.
    """
    found = Listed(
        filename=entry.filename,
        url=url,
        hashes=entry.hashes if type(entry.hashes) is dict else dict(entry.hashes),
        requires_python=entry.requires_python,
        size=size,
        upload_time=None if entry.upload_time is None else _moment(entry.upload_time),
        yanked=False if entry.yanked is None else entry.yanked or True,
        provenance=provenance,
    )
    if core_metadata is not None:
        found.core_metadata = {"sha256": core_metadata} if core_metadata else True
        found.dist_info_metadata = found.core_metadata  # PEP-714: for clients of before
    return found


def _moment(moment: datetime) -> str | datetime:
    """PEP-700: yyyy-mm-ddThh:mm:ss.ffffffZ, as msgspec writes it where there are microseconds."""
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    if utc.microsecond:
        return utc
    return utc.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def _anchor(file: Listed) -> str:
    metadata = _attribute(file.core_metadata)
    attributes = {
        "href": file.url + _fragment(file.hashes),
        "data-requires-python": file.requires_python,
        "data-yanked": "" if file.yanked is True else file.yanked or None,
        "data-core-metadata": metadata,
        "data-dist-info-metadata": metadata,
        "data-provenance": file.provenance,
    }
    return f"<a{_said(attributes.items())}>{escape(file.filename)}</a><br>\n"


def _said(attributes: Iterable[tuple[str, str | None]]) -> str:
    return "".join(f' {name}="{escape(said)}"' for name, said in attributes if said is not None)


def _fragment(hashes: Mapping[str, str]) -> str:
    """PEP-503: one hash; the sha256, where there is one."""
    for name in ("sha256", "sha384", "sha512"):
        if digest := hashes.get(name):
            return f"#{name}={digest}"
    return ""


def _attribute(metadata: bool | dict[str, str]) -> str | None:  # noqa: FBT001 - as in PEP 691
    if isinstance(metadata, dict):
        return f"sha256={metadata['sha256']}"
    return "true" if metadata else None
