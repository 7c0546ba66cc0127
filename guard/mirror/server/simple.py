"""`/simple/`: the pages, from memory where nothing has changed."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import anyio.to_thread
from packaging.utils import InvalidName, NormalizedName, canonicalize_name

from guard.mirror.database.changes import Changed
from guard.mirror.database.projects import Projects
from guard.mirror.judging import Judge
from guard.mirror.mirror import Mirror
from guard.mirror.pages import Pages, Rendered, Rendering, rendering, root_html, root_json
from guard.mirror.server.asgi import (
    AGAIN,
    NOT_FOUND,
    Headers,
    Problem,
    Request,
    Send,
    matches,
    not_modified,
    respond,
)
from guard.mirror.server.negotiation import JSON, coding_of, format_of
from guard.model import Absent, Unknown

_PREFIX: Final = "/simple/"
_VARY: Final = (b"vary", b"Accept, Accept-Encoding")
_CONTROL: Final = (b"cache-control", b"max-age=0, must-revalidate")
_KEPT: Final = 256 << 20
"""Bytes of rendered pages in memory."""


class Cache:
    """The rendered pages that were asked for last, up to a number of bytes."""

    def __init__(self, limit: int = _KEPT) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._pages: OrderedDict[NormalizedName, tuple[Rendered, int]] = OrderedDict()
        self._size = 0
        self._cleared = 0

    def get(self, project: NormalizedName, epoch: str, now: datetime) -> Rendered | None:
        """Return the page, if it still holds."""
        found = self._pages.get(project)
        if found is None or found[0].epoch != epoch or now >= found[0].until:
            return None
        return found[0]

    @property
    def stand(self) -> int:
        """A number that grows whenever something is forgotten."""
        return self._cleared

    def keep(self, project: NormalizedName, page: Rendered, stand: int) -> None:
        """Keep a page, unless something was forgotten since its rendering began, at `stand`."""
        size = sum(len(body) for body in (*page.json.bodies.values(), *page.html.bodies.values()))
        with self._lock:
            if stand != self._cleared:
                return
            self._drop(project)
            self._pages[project] = (page, size)
            self._size += size
            while self._size > self._limit and len(self._pages) > 1:
                self._drop(next(iter(self._pages)))

    def forget(self, changed: Changed) -> None:
        """Forget the pages that have changed."""
        if not (changed.everything or changed.projects):
            return
        with self._lock:
            self._cleared += 1
            for project in list(self._pages) if changed.everything else changed.projects:
                self._drop(project)

    def _drop(self, project: NormalizedName) -> None:
        found = self._pages.pop(project, None)
        if found is not None:
            self._size -= found[1]


class Simple:
    """Answers for every path below `/simple/`."""

    def __init__(self, mirror: Mirror, judge: Judge, pages: Pages, cache: Cache) -> None:
        self._mirror = mirror
        self._judge = judge
        self._pages = pages
        self._cache = cache
        self._projects = Projects(mirror.database)

    async def __call__(self, request: Request, send: Send) -> None:
        """Answer one request. Raises `MirrorError`."""
        media_type = format_of(request.header(b"accept"))
        if media_type is None:
            detail = f"there is {JSON} and text/html"
            await Problem(status=406, title="Not Acceptable", detail=detail).send(request, send)
            return
        name = request.path.removeprefix(_PREFIX)
        if name in {"", "index.html"}:
            page = await anyio.to_thread.run_sync(self._root)
            rendered = page.json if media_type == JSON else page.html
            await _send(request, send, rendered, media_type)
            return
        await self._project(request, send, name, media_type)

    async def _project(self, request: Request, send: Send, name: str, media_type: str) -> None:
        try:
            project = canonicalize_name(name.removesuffix("/"), validate=True)
        except InvalidName:
            await NOT_FOUND.send(request, send)
            return
        if f"{project}/" != name:  # PEP-503: one place for each page
            to = f"{request.scope.get('root_path', '')}{_PREFIX}{project}/".encode()
            await respond(send, 308, [(b"location", to)], b"", head=request.is_head)
            return
        found: Rendered | Absent | Unknown | None
        found = self._cache.get(project, self._judge.epoch, self._mirror.clock())
        if found is None:
            found = await anyio.to_thread.run_sync(self._rendered, project)
        match found:
            case Rendered():
                rendered = found.json if media_type == JSON else found.html
                await _send(request, send, rendered, media_type)
            case Absent(reason):
                await replace(NOT_FOUND, detail=reason).send(request, send)
            case Unknown(reason):
                undecided = Problem(status=503, title="Undecided", detail=reason, headers=[AGAIN])
                await undecided.send(request, send)

    def _rendered(self, project: NormalizedName) -> Rendered | Absent | Unknown:
        stand = self._cache.stand
        page = self._pages.of(project)
        if isinstance(page, Rendered):
            self._cache.keep(project, page, stand)
        return page

    def _root(self) -> _Root:
        names = self._projects.names()
        return _Root(rendering(root_json(names)), rendering(root_html(names)))


@dataclass(frozen=True, slots=True)
class _Root:
    json: Rendering
    html: Rendering


async def _send(request: Request, send: Send, page: Rendering, media_type: str) -> None:
    coding = coding_of(request.header(b"accept-encoding"))
    etag = page.etags[coding]
    headers: Headers = [(b"etag", etag.encode()), _VARY, _CONTROL]
    if matches(request.header(b"if-none-match"), etag):
        await not_modified(send, headers)
        return
    content_type = f"{media_type}; charset=utf-8" if media_type == "text/html" else media_type
    headers.append((b"content-type", content_type.encode()))
    if coding != "identity":
        headers.append((b"content-encoding", coding.encode()))
    await respond(send, 200, headers, page.bodies[coding], head=request.is_head)
