"""Which URL is what: a page of a configured index, a file that such a page lists, or nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from packaging.utils import NormalizedName

from guard.gateway.files import Files, Found
from guard.gateway.message import Answer, Refusal, Request
from guard.gateway.pages import Pages, host_of
from guard.gateway.record import Record
from guard.gateway.releases import Releases
from guard.model import Index, Unknown

_NAME: Final = re.compile(r"([a-z0-9]+(?:-[a-z0-9]+)*)/?")
_SIDECAR: Final = ".metadata"
_FORBIDDEN: Final = 403


class Routes:
    """Answers every request of one run."""

    def __init__(
        self, indexes: Sequence[Index], pages: Pages, files: Files, record: Record
    ) -> None:
        self._indexes = tuple(indexes)
        self._pages = pages
        self._files = files
        self._record = record
        self._releases = Releases(pages, files)

    def __call__(self, request: Request) -> Answer:
        """Return the answer to `request`; whatever is not known is refused."""
        url = request.url
        for index in self._indexes:
            project = _project_of(index, url)
            if project is not None:
                return self._pages.answer(index, project, request.headers.get("accept", "*/*"))
            if (release := self._releases.asked(index, url)) is not None:
                return self._releases.answer(index, *release)
        sidecar = url.endswith(_SIDECAR)
        found = self._files.find(url.removesuffix(_SIDECAR) if sidecar else url)
        if isinstance(found, Found):
            return self._files.metadata(found) if sidecar else self._files.answer(found)
        return self._nothing(url, found)

    def _nothing(self, url: str, why: Unknown | None) -> Refusal:
        if why is not None:
            self._record.refused(url, why.reason, undecided=True)
            return Refusal(status=_FORBIDDEN, reason=f"guard undecided: {why.reason}")
        host = host_of(url)
        if any(host in hosts for hosts in self._record.hosts.values()):
            reason = f"files of an index lie at {host}, which was not known before"
        else:
            reason = "not a page or a file of a configured index"
            self._record.refused(url, reason)
        return Refusal(status=_FORBIDDEN, reason=f"guard refused: {reason}")


def _project_of(index: Index, url: str) -> NormalizedName | None:
    """Return whose page on `index` a URL is. Only the one spelling that pip and uv use counts."""
    base = f"{index.url}/"
    if index.flat or not url.startswith(base):
        return None
    match = _NAME.fullmatch(url.removeprefix(base))
    return NormalizedName(match[1]) if match else None
