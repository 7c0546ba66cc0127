"""The outermost layer: it answers for health and metrics, and notes every other request."""

from __future__ import annotations

import ipaddress
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import anyio.to_thread
import msgspec

from guard.errors import MirrorError
from guard.mirror.people.person import Caller
from guard.mirror.server.asgi import (
    AGAIN,
    App,
    Message,
    Problem,
    Receive,
    Request,
    Scope,
    Send,
    respond,
)
from guard.mirror.server.immediate import Immediate
from guard.mirror.server.lines import Line
from guard.mirror.server.metrics import Metrics
from guard.mirror.watch.health import Health

_JSON: Final = (b"content-type", b"application/json")
_PLAIN: Final = (b"content-type", b"text/plain; charset=utf-8")
_UNCACHED: Final = (b"cache-control", b"no-store")
_PROJECT: Final = re.compile(r"/(?:simple|integrity)/([A-Za-z0-9._-]{1,200})/")
_FILE: Final = re.compile(r"/files/[0-9a-f]{2}/[0-9a-f]{64}/([A-Za-z0-9._+!-]{1,250})")
_ROUTES: Final = ("simple", "files", "integrity", "receipts", "legacy", "api", "login", "static")
"""What the first part of a path may be called in a metric: anything else is one route."""

_INTERNAL: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Openness:
    """Who may read the metrics."""

    everybody: bool = False
    """Otherwise only this machine, or whoever `allows` lets in."""

    allows: Callable[[Request], bool] | None = None
    """Looks at the token of a request; it may ask the database."""


class Observed:
    """An application, looked at."""

    def __init__(
        self,
        app: App,
        health: Health,
        metrics: Metrics | None,
        *,
        openness: Openness = Openness(),
        lines: Callable[[Line], None] | None = None,
    ) -> None:
        """`lines` writes one for each request."""
        self._app = app
        self._health = health
        self._metrics = metrics
        self._openness = openness
        self._lines = lines
        self.immediate: Immediate | None = getattr(app, "immediate", None)
        """What is answered before it comes here is noted all the same."""
        if self.immediate is not None:
            self.immediate.noted = self._answered

    def _answered(self, path: str, status: int, client: object, seconds: float) -> None:
        self._note({"method": "GET", "client": client}, path, status, seconds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or have it answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        if path in {"/healthz", "/readyz", "/metrics"} and scope["method"] in {"GET", "HEAD"}:
            await self._told(Request(scope), path, send)
            return
        began = time.perf_counter()
        status = _INTERNAL

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            self._note(scope, path, status, time.perf_counter() - began)

    def _note(self, scope: Scope, path: str, status: int, seconds: float) -> None:
        route = _route(path)
        if self._metrics is not None:
            self._metrics.request(route, scope["method"], status, seconds)
        if self._lines is not None:
            caller = scope.get("guard.caller")
            client = scope.get("client")
            self._lines(
                Line(
                    method=scope["method"],
                    route=route,
                    status=status,
                    milliseconds=round(seconds * 1000, 2),
                    project=_named(path),
                    caller=caller_named(caller),
                    client=str(client[0]) if client else None,
                )
            )

    async def _told(self, request: Request, path: str, send: Send) -> None:
        if path == "/healthz":
            await respond(send, 200, [_PLAIN, _UNCACHED], b"ok\n", head=request.is_head)
        elif path == "/readyz":
            await self._ready(request, send)
        else:
            await self._measured(request, send)

    async def _ready(self, request: Request, send: Send) -> None:
        checks = await anyio.to_thread.run_sync(self._health.checks)
        ready = all(check.ready for check in checks.values())
        shown = {name: check.document() for name, check in checks.items()}
        body = msgspec.json.encode({"ready": ready, "checks": shown})
        headers = [_JSON, _UNCACHED] if ready else [_JSON, _UNCACHED, AGAIN]
        await respond(send, 200 if ready else 503, headers, body, head=request.is_head)

    async def _measured(self, request: Request, send: Send) -> None:
        try:
            if not await self._may_read(request):
                detail = "metrics are for this machine; a token or `--metrics-open` opens them"
                await Problem(status=403, title="Forbidden", detail=detail).send(request, send)
            elif self._metrics is None:
                detail = "metrics need the extra `wheelguard[mirror-scale]`"
                await Problem(status=404, title="Not Found", detail=detail).send(request, send)
            else:
                body = await anyio.to_thread.run_sync(self._metrics.text)
                content_type = (b"content-type", self._metrics.content_type.encode())
                await respond(send, 200, [content_type, _UNCACHED], body, head=request.is_head)
        except MirrorError as error:
            said = Problem(status=503, title="Unavailable", detail=error.message, headers=[AGAIN])
            await said.send(request, send)

    async def _may_read(self, request: Request) -> bool:
        if self._openness.everybody:
            return True
        allows = self._openness.allows
        if allows is not None and await anyio.to_thread.run_sync(allows, request):
            return True
        # Whoever comes through a proxy on this machine is not this machine.
        forwarded = request.header(b"x-forwarded-for") or request.header(b"forwarded")
        client = request.scope.get("client")
        return client is not None and not forwarded and _is_loopback(str(client[0]))


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def caller_named(caller: object) -> str | None:
    """Return whose token it was: the name and the token's number, never the token."""
    return f"{caller.name} (token {caller.token})" if isinstance(caller, Caller) else None


def _route(path: str) -> str:
    first = path[1:].partition("/")[0]
    return first if first in _ROUTES else "other"


def _named(path: str) -> str | None:
    match = _PROJECT.match(path) or _FILE.match(path)
    return match[1] if match else None
