"""HTTP/1.1 as uvicorn speaks it, with limits on how large and how slow the head of a request is."""

from __future__ import annotations

import asyncio
import functools
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from guard.mirror.server.immediate import Immediate
from guard.mirror.server.sendfile import SENDFILE, emptied, send_file

HEAD: Final = 32 << 10
"""Bytes of a request line and its headers."""

PATIENCE: Final = 20.0
"""Seconds for them to come."""

_TOO_LARGE: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)


class Bounded(HttpToolsProtocol):
    """One connection. Whoever sends a head without an end, or nothing at all, is left."""

    patience = PATIENCE
    immediate: Immediate | None = None
    """What is asked first, without the ordinary way."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - uvicorn's
        super().__init__(*args, **kwargs)
        self._head = 0
        self._came = 0
        self._is_too_large = False
        self._overdue: asyncio.TimerHandle | None = None
        self._answered = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Read on, up to the limit."""
        self._came = len(data)
        self._head += self._came
        super().data_received(data)
        if self.transport.is_closing() or not self._idle():
            return
        if self._head > HEAD:
            self._refuse()
        elif self._head and self._overdue is None:
            self._wait()

    def on_message_begin(self) -> None:
        """Count from here, at most what came with it from before."""
        self._head = self._came
        self._answered = False
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Stop waiting: the rest is the application's."""
        self._head = 0
        self._forget()
        fields = sum(len(name) + len(value) for name, value in self.headers)
        if len(self.url) + fields > HEAD:
            self._is_too_large = True
            raise ValueError("its head is too large")  # the parser stops, and says so below
        self._answered = self._answers()
        if not self._answered:
            super().on_headers_complete()
            # Bound to this request: whatever comes after it is read before it is answered.
            sending: Any = functools.partial(self.send_file, self.cycle)
            self.scope["extensions"] = {SENDFILE: sending}

    def on_body(self, body: bytes) -> None:
        """Take more of the body, if anybody is to have it."""
        if not self._answered:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Go on to the next request."""
        if self._answered:
            self.on_response_complete()
        else:
            super().on_message_complete()

    def _answers(self) -> bool:
        """Answer at once, if that can be done; never before what was asked for earlier."""
        if self.immediate is None or self.root_path or not self._idle() or self.pipeline:
            return False
        parser = self.parser
        plain = parser.get_method() == b"GET" and parser.get_http_version() == "1.1"
        if not (plain and parser.should_keep_alive()) or self.flow.write_paused:
            return False
        limit = self.limit_concurrency
        if limit is not None and len(self.connections) >= limit:
            return False
        answer = self.immediate.answer(self.url, self.headers, self.client)
        if answer is None:
            return False
        date = b"".join(b"%s: %s\r\n" % line for line in self.server_state.default_headers)
        self.transport.write(b"".join((STATUS_LINE[answer.status], date, answer.head)))
        if answer.body:
            self.transport.write(answer.body)
        return True

    async def send_file(
        self, cycle: RequestResponseCycle, source: int, start: int, size: int
    ) -> None:
        """Send part of a file as the body of the response that has begun. Raises `MirrorError`."""
        transport = self.transport
        await emptied(transport, self.flow)
        if not (cycle.disconnected or transport.is_closing()):
            gone = functools.partial(_is_gone, cycle, transport)
            await send_file(transport, source, start, size, gone=gone)
        cycle.expected_content_length = 0

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request, or too large a one."""
        if self._is_too_large:
            self._refuse()
        else:
            super().send_400_response(msg)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget everything."""
        self._forget()
        super().connection_lost(exc)

    def _refuse(self) -> None:
        self.logger.warning("The head of a request was too large.")
        self.transport.write(_TOO_LARGE)
        self.transport.close()

    def _idle(self) -> bool:
        """Tell whether there is no request that is being answered."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def _wait(self) -> None:
        self._overdue = self.loop.call_later(self.patience, self._leave)

    def _leave(self) -> None:
        self._overdue = None
        if self._idle() and not self.transport.is_closing():
            self.transport.close()

    def _forget(self) -> None:
        if self._overdue is not None:
            self._overdue.cancel()
            self._overdue = None


def _is_gone(cycle: RequestResponseCycle, transport: asyncio.Transport) -> bool:
    return cycle.disconnected or transport.is_closing()
