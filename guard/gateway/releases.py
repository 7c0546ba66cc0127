"""What PyPI's own API says of a release, for poetry asks it: made of what the policy lets through.

`/pypi/NAME/VERSION/json` is no part of the Simple API. What is answered here is the release as the
filtered page has it, and the METADATA of its wheel that was uploaded first, as PyPI has it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version

from guard.gateway.files import BLOCKED, Files, Found
from guard.gateway.message import Answer, Document, Refusal
from guard.gateway.pages import Pages
from guard.model import Index
from guard.simple.page import version_of
from guard.simple.parse import JSON

_SIMPLE: Final = "/simple"
_PATH: Final = re.compile(r"/pypi/([A-Za-z0-9._-]+)/([A-Za-z0-9.!+_-]+)/json")
_MISSING: Final = Refusal(status=404, reason="Not Found")


class Releases:
    """Answers what is asked of PyPI's API, for each index whose URL is like PyPI's own."""

    def __init__(self, pages: Pages, files: Files) -> None:
        self._pages = pages
        self._files = files

    def asked(self, index: Index, url: str) -> tuple[NormalizedName, Version] | None:
        """Return which release on `index` is asked for, if one is."""
        base = index.url.removesuffix(_SIMPLE)
        if base == index.url or not url.startswith(f"{base}/pypi/"):
            return None
        match = _PATH.fullmatch(url.removeprefix(base))
        try:
            return (canonicalize_name(match[1]), Version(match[2])) if match else None
        except InvalidVersion:
            return None

    def answer(self, index: Index, project: NormalizedName, version: Version) -> Answer:
        """Return what there is to know of a release, or why there is nothing."""
        page = self._pages.answer(index, project, JSON)
        if not isinstance(page, Document):
            return page
        entries = [
            entry
            for entry in json.loads(page.content)["files"]
            if version_of(entry["filename"], project) == version
        ]
        wheels = [entry for entry in entries if entry["filename"].endswith(".whl")]
        if not wheels:
            return _MISSING
        first = min(wheels, key=lambda entry: entry.get("upload-time") or "")
        found = self._files.find(first["url"])
        if not isinstance(found, Found):
            return Refusal(status=BLOCKED, reason="guard undecided: its page has changed")
        metadata = self._files.metadata(found)
        if not isinstance(metadata, Document):
            return metadata
        body = json.dumps(_said(metadata.content, entries)).encode()
        etag = f'"{hashlib.sha256(body).hexdigest()[:40]}"'
        return Document(content=body, media_type="application/json", etag=etag)


def _said(metadata: bytes, entries: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the document of a release, as far as a resolver reads it."""
    from packaging.metadata import parse_email  # noqa: PLC0415 - 50 ms, only for poetry

    raw, _ = parse_email(metadata)
    yanked = [entry["yanked"] for entry in entries if entry.get("yanked", False) is not False]
    whole = len(yanked) == len(entries)
    return {
        "info": {
            "name": raw.get("name"),
            "version": raw.get("version"),
            "summary": raw.get("summary"),
            "requires_dist": raw.get("requires_dist"),
            "requires_python": raw.get("requires_python"),
            "yanked": whole,
            "yanked_reason": _reason(yanked[0]) if whole else None,
        },
        "urls": [_file(entry) for entry in entries],
    }


def _file(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    yanked = entry.get("yanked", False)
    return {
        "filename": entry["filename"],
        "packagetype": "bdist_wheel" if entry["filename"].endswith(".whl") else "sdist",
        "digests": entry["hashes"],
        "url": entry["url"],
        "size": entry.get("size"),
        "upload_time_iso_8601": entry.get("upload-time"),
        "yanked": yanked is not False,
        "yanked_reason": _reason(yanked),
    }


def _reason(yanked: object) -> str | None:
    return yanked if isinstance(yanked, str) else None
