"""Pages that are in memory, answered where their request was read.

Nearly all that a mirror is asked is a page that has not changed. Whatever is not plainly that takes
the ordinary way: nothing is answered here that would be answered otherwise there.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

from guard.mirror.server.asgi import Headers, matches
from guard.mirror.server.heads import headers_of
from guard.mirror.server.hosts import Hosts
from guard.mirror.server.negotiation import JSON, coding_of, format_of

if TYPE_CHECKING:
    from guard.mirror.server.simple import Simple

_PREFIX: Final = b"/simple/"
_READ: Final = frozenset({b"accept", b"accept-encoding", b"if-none-match", b"host"})
_NOT_PLAIN: Final = frozenset(
    {b"authorization", b"content-length", b"transfer-encoding", b"upgrade", b"expect"}
)


class Answer(NamedTuple):
    """A response without its date: status, headers as they are sent, and body."""

    status: int
    head: bytes
    body: bytes


class Immediate:
    """Answers at once, or not at all."""

    def __init__(self, simple: Simple, hosts: Hosts) -> None:
        self._simple = simple
        self._hosts = hosts
        self.noted: Callable[[str, int, object, float], None] | None = None
        """Is told of each answer: path, status, the address of the client, and the seconds."""

    def answer(self, url: bytes, headers: Headers, client: object) -> Answer | None:
        """Return the answer to a GET without a body; `None` where it takes the ordinary way."""
        if not (url.startswith(_PREFIX) and url.endswith(b"/")):
            return None
        began = time.perf_counter()
        said: dict[bytes, bytes] = {}
        for name, value in headers:
            if name in _NOT_PLAIN or name in said:
                return None
            if name in _READ:
                said[name] = value
        chosen = _chosen(said.get(b"accept", b""), said.get(b"accept-encoding", b""))
        if chosen is None or not self._hosts.known(said.get(b"host", b"")):
            return None
        answer = self._page(url[len(_PREFIX) : -1], *chosen, said.get(b"if-none-match"))
        if answer is not None and self.noted is not None:
            self.noted(url.decode("ascii"), answer.status, client, time.perf_counter() - began)
        return answer

    def _page(
        self, name: bytes, media_type: str, coding: str, condition: bytes | None
    ) -> Answer | None:
        page = self._simple.in_memory(name)
        if page is None:
            return None
        rendering = page.json if media_type == JSON else page.html
        body = rendering.made.get(coding)
        if body is None:
            return None
        if condition is not None and matches(condition.decode("latin-1"), body.etag.decode()):
            return Answer(304, _same(body.etag), b"")
        head = _head(body.etag, media_type, coding, len(body.content))
        return Answer(200, head, body.content)


@functools.lru_cache(4096)
def _chosen(accept: bytes, accept_encoding: bytes) -> tuple[str, str] | None:
    """Return media type and coding; `None` where there is nothing to choose."""
    media_type = format_of(accept.decode("latin-1"))
    return (
        None if media_type is None else (media_type, coding_of(accept_encoding.decode("latin-1")))
    )


@functools.lru_cache(4096)
def _head(etag: bytes, media_type: str, coding: str, size: int) -> bytes:
    return _lines([*headers_of(etag, media_type, coding), (b"content-length", b"%d" % size)])


@functools.lru_cache(4096)
def _same(etag: bytes) -> bytes:
    return _lines(headers_of(etag))


def _lines(headers: Headers) -> bytes:
    return b"".join(b"%s: %s\r\n" % header for header in headers) + b"\r\n"
