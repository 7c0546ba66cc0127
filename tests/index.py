"""What a Simple API index holds, and the pages on which it says so."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from typing import Any, Literal

from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.wheels import Artifact

API_VERSION = "1.4"
JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"
PLAIN_HTML = "text/html"

Marker = Literal["active", "archived", "deprecated", "quarantined"]
Page = tuple[str, bytes]
"""A media type and a body."""


@dataclass(frozen=True, kw_only=True)
class Listing:
    """One file, with what the index says about it and where the file, by that word, is."""

    artifact: Artifact
    url: str
    hashes: Mapping[str, str]
    uploaded: datetime | None
    yanked: bool | str
    size: bool
    sidecar: bytes | None = field(repr=False)
    provenance: bytes | None = field(repr=False)
    provenance_url: str

    @property
    def project(self) -> str:
        return canonicalize_name(self.artifact.name)


@dataclass(frozen=True, kw_only=True)
class Status:
    """A status marker, and whether the index offers files of the project all the same."""

    marker: Marker
    reason: str | None
    offers_files: bool


def hashes_of(content: bytes, wanted: bool | Mapping[str, str]) -> Mapping[str, str]:
    """The hashes to publish: the true SHA-256, none, or those given, whether true or not."""
    if isinstance(wanted, Mapping):
        return wanted
    return {"sha256": hashlib.sha256(content).hexdigest()} if wanted else {}


def root_page(media_type: str, projects: Sequence[str]) -> Page:
    """The page that names every project."""
    if media_type == JSON:
        named = [{"name": project} for project in projects]
        return _json_page({"meta": {"api-version": API_VERSION}, "projects": named})
    return _html_page(media_type, "", [_anchor(f"{each}/", each, {}) for each in projects])


def project_page(
    media_type: str, project: str, listings: Sequence[Listing], status: Status | None
) -> Page:
    """The page of one project, in the form that `media_type` names."""
    offered = listings if status is None or status.offers_files else ()
    if media_type == JSON:
        return _json_page(_project_document(project, offered, status))
    return _html_page(media_type, _status_tags(status), [_file_anchor(each) for each in offered])


def chosen(accept: str | None, offered: Sequence[str]) -> str | None:
    """The media type to answer with, the first of equals, or None where none is acceptable."""
    ranges = _accepted(accept or "*/*")
    best = max(offered, key=lambda media_type: _quality(media_type, ranges))
    return best if _quality(best, ranges) > 0 else None


def _accepted(header: str) -> dict[str, float]:
    ranges: dict[str, float] = {}
    for part in header.split(","):
        media_range, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weights = (each.removeprefix("q=") for each in parameters if each.startswith("q="))
        ranges[media_range.replace(".latest+", ".v1+")] = float(next(weights, "1"))
    return ranges


def _quality(media_type: str, ranges: Mapping[str, float]) -> float:
    family = media_type.partition("/")[0]
    # The most specific range wins, even where a wider one weighs more.
    for media_range in (media_type, f"{family}/*", "*/*"):
        if media_range in ranges:
            return ranges[media_range]
    return 0.0


def _json_page(document: Mapping[str, Any]) -> Page:
    return JSON, json.dumps(document).encode()


def _project_document(
    project: str, listings: Sequence[Listing], status: Status | None
) -> dict[str, Any]:
    document: dict[str, Any] = {
        "meta": {"api-version": API_VERSION},
        "name": project,
        "versions": sorted({each.artifact.version for each in listings}, key=Version),
        "files": [_file_document(each) for each in listings],
    }
    if status is not None:
        reason = {} if status.reason is None else {"reason": status.reason}
        document["project-status"] = {"status": status.marker, **reason}
    return document


def _file_document(listing: Listing) -> dict[str, Any]:
    document: dict[str, Any] = {
        "filename": listing.artifact.filename,
        "url": listing.url,
        "hashes": dict(listing.hashes),
        "yanked": listing.yanked,
    }
    if listing.artifact.requires_python is not None:
        document["requires-python"] = listing.artifact.requires_python
    if listing.size:
        document["size"] = len(listing.artifact.content)
    if listing.uploaded is not None:
        moment = listing.uploaded.astimezone(UTC).replace(tzinfo=None)
        document["upload-time"] = moment.isoformat(timespec="microseconds") + "Z"
    if listing.sidecar is not None:
        # The older key stays beside the newer one, as PEP 714 asks of an index.
        document["core-metadata"] = hashes_of(listing.sidecar, wanted=True)
        document["dist-info-metadata"] = document["core-metadata"]
    if listing.provenance is not None:
        document["provenance"] = listing.provenance_url
    return document


def _html_page(media_type: str, head: str, anchors: Sequence[str]) -> Page:
    page = (
        "<!DOCTYPE html>\n<html>\n<head>\n"
        f'<meta name="pypi:repository-version" content="{API_VERSION}">\n{head}'
        "</head>\n<body>\n" + "".join(anchors) + "</body>\n</html>\n"
    )
    return media_type, page.encode()


def _status_tags(status: Status | None) -> str:
    if status is None:
        return ""
    tags = {"status": status.marker, "status-reason": status.reason}
    return "".join(
        f'<meta name="pypi:project-{name}" content="{escape(content)}">\n'
        for name, content in tags.items()
        if content is not None
    )


def _file_anchor(listing: Listing) -> str:
    attributes: dict[str, str | None] = {
        "data-requires-python": listing.artifact.requires_python,
        "data-yanked": _yanked_attribute(listing.yanked),
        "data-provenance": listing.provenance_url if listing.provenance is not None else None,
    }
    if listing.sidecar is not None:
        said = f"sha256={hashlib.sha256(listing.sidecar).hexdigest()}"
        attributes |= {"data-core-metadata": said, "data-dist-info-metadata": said}
    return _anchor(listing.url + _fragment(listing.hashes), listing.artifact.filename, attributes)


def _yanked_attribute(yanked: bool | str) -> str | None:
    if isinstance(yanked, str):
        return yanked
    return "" if yanked else None


def _fragment(hashes: Mapping[str, str]) -> str:
    # A URL has one fragment, so HTML has room for one hash; the strongest name sorts last.
    return "".join(f"#{name}={digest}" for name, digest in sorted(hashes.items())[-1:])


def _anchor(href: str, text: str, attributes: Mapping[str, str | None]) -> str:
    said = "".join(
        f' {name}="{escape(value)}"' for name, value in attributes.items() if value is not None
    )
    return f'<a href="{escape(href)}"{said}>{escape(text)}</a><br>\n'
