"""`/simple/`: the pages, from memory where nothing has changed."""

from __future__ import annotations

import functools
import re
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import anyio.to_thread
from packaging.utils import NormalizedName, canonicalize_name, is_normalized_name

from guard.mirror.database.changes import Changed
from guard.mirror.database.projects import Projects
from guard.mirror.judging import Judge
from guard.mirror.mirror import Mirror
from guard.mirror.pages import Pages, Rendered, Rendering, root_html, root_json
from guard.mirror.server.asgi import (
    AGAIN,
    NOT_FOUND,
    Problem,
    Request,
    Send,
    matches,
    not_modified,
    respond,
)
from guard.mirror.server.heads import headers_of
from guard.mirror.server.negotiation import JSON, coding_of, format_of
from guard.mirror.server.told import told
from guard.mirror.shared import Shared
from guard.model import Absent, Unknown

_PREFIX: Final = "/simple/"
_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,200}/?")
_KEPT: Final = 256 << 20
"""Bytes of rendered pages in memory."""

_FORMS: Final = 4
"""How often its size in JSON a page takes: HTML or what it is made from, and both compressed."""

_THREADS: Final = 8
_WAITING: Final = 500
"""Pages that are being rendered or about to be: more are turned away."""


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
        size = _FORMS * page.json.size
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
        self._rendering = Shared(self._rendered, threads=_THREADS, waiting=_WAITING, name="page")
        self._listed: _Root | None = None

    def close(self) -> None:
        """Render nothing more."""
        self._rendering.close()

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

    def in_memory(self, name: bytes) -> Rendered | None:
        """Return the page of a project, if its name is as PEP 503 wants it and the page is here."""
        try:
            project = NormalizedName(name.decode("ascii"))
        except UnicodeDecodeError:
            return None
        return self._cache.get(project, self._judge.epoch, self._mirror.clock())

    async def _project(self, request: Request, send: Send, name: str, media_type: str) -> None:
        project = canonicalize_name(name.removesuffix("/"))
        if not _NAME.fullmatch(name) or not is_normalized_name(project):
            await NOT_FOUND.send(request, send)
            return
        if f"{project}/" != name:  # PEP-503: one place for each page
            to = f"../{project}/" if name.endswith("/") else f"{project}/"
            await moved(request, send, to)
            return
        found: Rendered | Absent | Unknown | None
        found = self._cache.get(project, self._judge.epoch, self._mirror.clock())
        if found is None:
            found = await self._rendering.of(project)
        match found:
            case Rendered():
                rendered = found.json if media_type == JSON else found.html
                await _send(request, send, rendered, media_type)
            case Absent(reason):
                await replace(NOT_FOUND, detail=told(reason)).send(request, send)
            case Unknown(reason):
                why = told(reason)
                undecided = Problem(status=503, title="Undecided", detail=why, headers=[AGAIN])
                await undecided.send(request, send)

    def _rendered(self, project: NormalizedName) -> Rendered | Absent | Unknown:
        stand = self._cache.stand
        page = self._pages.of(project)
        if isinstance(page, Rendered):
            self._cache.keep(project, page, stand)
        return page

    def _root(self) -> _Root:
        """Return the list of projects; it is rendered again when there are others."""
        names = self._projects.names()
        if (known := self._listed) is None or known.names != names:
            json = Rendering(functools.partial(root_json, names))
            html = Rendering(functools.partial(root_html, names))
            known = self._listed = _Root(names, json, html)
        return known


@dataclass(frozen=True, slots=True)
class _Root:
    names: Sequence[NormalizedName]
    json: Rendering
    html: Rendering


async def moved(request: Request, send: Send, to: str) -> None:
    """Send a client to where something is, seen from where it was looked for."""
    await respond(send, 308, [(b"location", to.encode())], b"", head=request.is_head)


async def _send(request: Request, send: Send, page: Rendering, media_type: str) -> None:
    coding = coding_of(request.header(b"accept-encoding"))
    body = page.made.get(coding)
    if body is None:
        body = await anyio.to_thread.run_sync(page.body, coding)
    if matches(request.header(b"if-none-match"), body.etag.decode()):
        await not_modified(send, headers_of(body.etag))
        return
    headers = headers_of(body.etag, media_type, coding)
    await respond(send, 200, headers, body.content, head=request.is_head)
