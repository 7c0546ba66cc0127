"""Lets in whoever may read pages and files, and knows them by their token."""

from __future__ import annotations

from typing import Final

import anyio.to_thread

from guard.errors import RefusedError
from guard.mirror.people.authentication import Authentication
from guard.mirror.people.person import Caller, Role
from guard.mirror.server.app import Gate
from guard.mirror.server.asgi import Headers, Problem, Request, Scope, Send

_HOT: Final = ("/simple/", "/files/", "/integrity/", "/receipts/")
_CALLER: Final = "guard.caller"
CHALLENGE: Final = (b"www-authenticate", b'Basic realm="guard mirror", charset="UTF-8"')


class TokenGate(Gate):
    """Asks for a token at what pip and uv read; the web page and the API ask for themselves."""

    def __init__(self, authentication: Authentication, *, anonymous: bool) -> None:
        self._authentication = authentication
        self.anonymous = anonymous

    async def __call__(self, request: Request, send: Send) -> bool:
        """Tell whether to go on; otherwise everything was answered. Raises `MirrorError`."""
        if not request.path.startswith(_HOT):
            return True
        given = request.header(b"authorization") or None
        if given is None and self.anonymous:
            return True
        if given is None:
            await problem(_CLOSED).send(request, send)
            return False
        try:
            request.scope[_CALLER] = await anyio.to_thread.run_sync(
                self._authentication.of_header, given, address_of(request.scope)
            )
        except RefusedError as error:
            await problem(error).send(request, send)
            return False
        return True

    async def uploader(self, request: Request, send: Send) -> str | None:
        """Return the name of whoever may upload. Raises `MirrorError`."""
        given = request.header(b"authorization") or None
        try:
            caller = await anyio.to_thread.run_sync(
                self._authentication.of_header, given, address_of(request.scope)
            )
            if caller is None:
                raise _NAMELESS
            caller.demand(Role.UPLOADER)
        except RefusedError as error:
            await problem(error).send(request, send)
            return None
        return caller.name


def caller_of(scope: Scope) -> Caller | None:
    """Return whom the gate has let in; `None` for somebody without a token."""
    caller = scope.get(_CALLER)
    return caller if isinstance(caller, Caller) else None


def address_of(scope: Scope) -> str:
    """Return the address that a request comes from."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def problem(error: RefusedError) -> Problem:
    """Return a refusal as it is sent."""
    headers: Headers = []
    if error.status == 401:  # noqa: PLR2004 - HTTP's
        headers.append(CHALLENGE)
    if error.retry_after is not None:
        headers.append((b"retry-after", b"%d" % error.retry_after))
    return Problem(
        status=error.status,
        title=error.message,
        detail=error.reason,
        more={"help": error.hint} if error.hint else {},
        headers=headers,
    )


_NAMELESS: Final = RefusedError(
    "uploads take a token", status=401, hint="send it as the password of __token__"
)
_CLOSED: Final = RefusedError(
    "this mirror is not open to everybody",
    status=401,
    hint="send a token as the password, as in https://token:…@HOST/simple/",
)
