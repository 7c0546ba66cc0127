"""What comes in over HTTP, with limits on all of it, and what every answer says about itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

import anyio
import msgspec
from starlette.requests import Request

from guard.errors import RefusedError
from guard.mirror.server.asgi import App, Message, Problem, Receive, Scope, Send
from guard.mirror.server.asgi import Request as Raw

_BODY: Final = 64 << 10
_HEADERS: Final = 32 << 10
_FIELDS: Final = 100
_SECONDS: Final = 10.0
_FORM: Final = "application/x-www-form-urlencoded"
_JSON: Final = "application/json"

_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_SAID: Final = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),  # `no-referrer` would take the Origin off our own posts
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
_UNCACHED: Final = (b"cache-control", b"no-store")


class Careful:
    """Turns away what is too large, and says with every answer what a browser may do with it."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def saying(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = list(message.get("headers", []))
                names = {name for name, _ in given}
                more = [header for header in (*_SAID, _UNCACHED) if header[0] not in names]
                message = {**message, "headers": [*given, *more]}
            await send(message)

        size = sum(len(name) + len(value) for name, value in scope["headers"])
        if size > _HEADERS:
            raw = Raw(scope)
            await Problem(status=431, title="Request Header Fields Too Large").send(raw, saying)
            return
        await self._app(scope, receive, saying)


async def form_of(request: Request) -> dict[str, list[str]]:
    """Return the fields of a posted form. Raises `RefusedError` (400, 408, 413, 415)."""
    body = await body_of(request, _FORM)
    try:
        pairs = parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            max_num_fields=_FIELDS,
            errors="strict",
        )
    except ValueError as error:
        raise RefusedError("that is no form", status=400, reason=str(error)[:200]) from None
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return fields


async def json_of(request: Request, kind: Any) -> Any:  # noqa: ANN401 - of the type that is asked for
    """Return the JSON document of a request as `kind`. Raises `RefusedError`, as `form_of`."""
    body = await body_of(request, _JSON)
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        said = str(error)[:200]
        raise RefusedError("that is not what is expected here", status=400, reason=said) from None


async def body_of(request: Request, media_type: str) -> bytes:
    """Return the body, if it is of that type, small, and comes soon. Raises `RefusedError`."""
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != media_type:
        raise RefusedError(f"this takes {media_type}", status=415)
    body = bytearray()
    with anyio.move_on_after(_SECONDS):
        async for chunk in request.stream():
            body += chunk
            if len(body) > _BODY:
                raise RefusedError(f"there are more than {_BODY} bytes", status=413)
        return bytes(body)
    raise RefusedError(f"the request took longer than {_SECONDS:g} seconds", status=408)


def only(fields: Mapping[str, list[str]], name: str, default: str = "") -> str:
    """Return the one value of a field. Raises `RefusedError` (400) where there are several."""
    values = fields.get(name, [default])
    if len(values) != 1:
        raise RefusedError(f"there is more than one `{name}`", status=400)
    return values[0]
