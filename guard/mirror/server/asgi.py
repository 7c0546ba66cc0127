"""The little of ASGI that the hot routes speak themselves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import msgspec

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers: TypeAlias = list[tuple[bytes, bytes]]

_PROBLEM: Final = b"application/problem+json"


@dataclass(frozen=True, slots=True)
class Request:
    """What a hot route looks at."""

    scope: Scope

    @property
    def path(self) -> str:
        """The path, decoded."""
        return str(self.scope["path"])

    @property
    def is_head(self) -> bool:
        """Whether only the headers are wanted."""
        return bool(self.scope["method"] == "HEAD")

    def header(self, name: bytes) -> str:
        """Return a header; the empty text where there is none. Repeated ones are joined."""
        found = [value for key, value in self.scope["headers"] if key == name]
        return b", ".join(found).decode("latin-1")


async def respond(send: Send, status: int, headers: Headers, body: bytes, *, head: bool) -> None:
    """Send a whole response."""
    headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else body})


async def not_modified(send: Send, headers: Headers) -> None:
    """Say that what the client has still holds."""
    await send({"type": "http.response.start", "status": 304, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What went wrong, for programs and for people: RFC-9457."""

    status: int
    title: str
    detail: str | None = None
    more: Mapping[str, object] = field(default_factory=dict)
    headers: Headers = field(default_factory=list)

    async def send(self, request: Request, send: Send) -> None:
        """Send it."""
        document: dict[str, object] = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
        }
        if self.detail is not None:
            document["detail"] = self.detail
        body = msgspec.json.encode(document | dict(self.more))
        given = [(b"content-type", _PROBLEM), (b"cache-control", b"no-store"), *self.headers]
        await respond(send, self.status, given, body, head=request.is_head)


NOT_FOUND: Final = Problem(status=404, title="Not Found")
AGAIN: Final[tuple[bytes, bytes]] = (b"retry-after", b"5")


def matches(header: str, etag: str) -> bool:
    """Tell whether `If-None-Match` names `etag`. RFC-9110: compared weakly."""
    if not header:
        return False
    return any(item.strip().removeprefix("W/") in {etag, "*"} for item in header.split(","))
