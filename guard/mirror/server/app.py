"""The whole of the mirror as one ASGI application."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from guard.dsse import PrivateKey
from guard.errors import GuardError
from guard.mirror.database.changes import Changed, Seen
from guard.mirror.intake import Intake
from guard.mirror.judging import Judge
from guard.mirror.mirror import Mirror
from guard.mirror.owners import Owners
from guard.mirror.pages import Pages
from guard.mirror.pulling import Pulling
from guard.mirror.records import FileRecord
from guard.mirror.server.asgi import (
    AGAIN,
    NOT_FOUND,
    App,
    Message,
    Problem,
    Receive,
    Request,
    Scope,
    Send,
)
from guard.mirror.server.files import Denied, Files
from guard.mirror.server.hosts import Hosts
from guard.mirror.server.immediate import Immediate
from guard.mirror.server.receipts import Receipts
from guard.mirror.server.simple import Cache, Simple, moved
from guard.mirror.server.uploading import PATHS, Uploading
from guard.mirror.uploads.uploads import Uploads

_log: Final = logging.getLogger("guard.mirror")
_EVERY: Final = 1.0
"""Seconds between two looks at what has changed: a revocation is to be seen within 2 s."""

_READING: Final = frozenset({"GET", "HEAD"})
_HOT: Final = ("/simple/", "/files/", "/integrity/", "/receipts/")
_UNAVAILABLE: Final = Problem(
    status=503,
    title="Unavailable",
    detail="the mirror cannot use its database, its store or its disk; ask again in a moment",
    headers=[AGAIN],
)
_NO_UPLOADS: Final = Problem(status=403, title="Forbidden", detail="nobody may upload here")
_NOT_ALLOWED: Final = Problem(
    status=405, title="Method Not Allowed", headers=[(b"allow", b"GET, HEAD")]
)


@dataclass(frozen=True)
class Parts:
    """What the application is put together from; made once in a process."""

    mirror: Mirror
    judge: Judge
    owners: Owners
    intake: Intake
    pulling: Pulling
    pages: Pages
    cache: Cache

    def close(self) -> None:
        """Begin nothing more."""
        self.pulling.close()


def parts(mirror: Mirror, judge: Judge) -> Parts:
    """Return the parts of one mirror."""
    owners = Owners(mirror, judge)
    intake = Intake(mirror, judge, owners)
    cache = Cache()

    def forget(record: FileRecord) -> None:
        cache.forget(Changed(projects=frozenset({record.listed.project})))

    return Parts(
        mirror=mirror,
        judge=judge,
        owners=owners,
        intake=intake,
        pulling=Pulling(mirror, intake, forget),
        pages=Pages(mirror, judge, owners),
        cache=cache,
    )


class Application:
    """Routes: the hot paths by hand, everything else to `others`."""

    def __init__(  # noqa: PLR0913 - what one mirror may be given, and another not
        self,
        own: Parts,
        others: App | None = None,
        gate: Gate | None = None,
        denied: Denied | None = None,
        *,
        hosts: Hosts | None = None,
        key: PrivateKey | None = None,
    ) -> None:
        """`gate` says who may come in, `hosts` by which names; without them, everybody by any.

        `denied` is told of what was; `key` signs receipts.
        """
        self._own = own
        self._others = others
        self._gate = gate
        self._hosts = hosts or Hosts()
        self._simple = Simple(own.mirror, own.judge, own.pages, own.cache)
        self._files = Files(own.mirror, own.judge, own.pulling, denied)
        closed = gate is not None and not gate.anonymous
        self.immediate = None if closed else Immediate(self._simple, self._hosts)
        """What the server may ask first, of whoever shows no token: it passes by the gate."""
        self._receipts = Receipts(own.mirror, own.judge, own.pulling, key)
        self._uploading = None
        if own.mirror.settings.uploads and gate is not None:
            taking = Uploads(own.mirror, own.judge, own.owners, own.intake)
            self._uploading = Uploading(taking)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or take part in the server's start and end."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            if await self._hosts.admits(request, watched) and (
                self._gate is None or await self._gate(request, watched)
            ):
                await self._route(request, receive, watched)
        except GuardError as error:
            _log.error("%s: %s", error.message, error.reason)
            if started:
                return  # the server closes the connection: the client sees that it is short
            await _UNAVAILABLE.send(request, send)  # why, and where on the disk, the log says

    async def _route(self, request: Request, receive: Receive, send: Send) -> None:
        path = request.path
        if path.startswith(_HOT):
            if request.scope["method"] not in _READING:
                await _NOT_ALLOWED.send(request, send)
            elif path.startswith("/simple/"):
                await self._simple(request, send)
            elif path.startswith("/files/"):
                await self._files.file(request, receive, send)
            elif path.startswith("/integrity/"):
                await self._files.provenance(request, receive, send)
            else:
                await self._receipts(request, send)
        elif self._uploading is not None and self._gate is not None and path in PATHS:
            uploader = await self._gate.uploader(request, send)
            if uploader is not None:
                await self._uploading(request, receive, send, uploader)
        elif path == "/simple":
            await moved(request, send, "simple/")
        elif self._others is not None:
            await self._others(request.scope, receive, send)
        else:
            await NOT_FOUND.send(request, send)

    def close(self) -> None:
        """Begin nothing more."""
        self._simple.close()
        self._files.close()


class Gate:
    """Says who may come in."""

    anonymous = False
    """Whether pages may be read by whoever shows no token."""

    async def __call__(self, request: Request, send: Send) -> bool:
        """Tell whether to go on; otherwise everything was answered."""
        raise NotImplementedError

    async def uploader(self, request: Request, send: Send) -> str | None:
        """Return the name of whoever may upload; otherwise everything was answered."""
        await _NO_UPLOADS.send(request, send)
        return None


@contextlib.contextmanager
def watching(own: Parts, then: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Keep the pages in memory and the standpoint of the judge as new as the database says.

    `then` is called when policy, approvals or advisories have changed.
    """
    over = threading.Event()
    thread = threading.Thread(target=_watch, args=(own, over, then), name="watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _watch(own: Parts, over: threading.Event, then: Callable[[], None]) -> None:
    seen: Seen | None = None
    trouble = None
    while not over.wait(_EVERY):
        try:
            if seen is None:
                seen = Seen(own.mirror.changes)
                own.cache.forget(Changed(everything=True))
            own.cache.forget(seen.more())
            if own.judge.refresh():
                then()
            if own.judge.trouble not in {None, trouble}:
                _log.error("the policy before it stays in force: %s", own.judge.trouble)
            trouble = own.judge.trouble
        except GuardError as error:
            _log.error("%s: %s", error.message, error.reason)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await send({"type": "lifespan.shutdown.complete"})
            return
