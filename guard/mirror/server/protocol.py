"""HTTP/1.1 as uvicorn speaks it, with limits on how large and how slow the head of a request is."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

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

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - uvicorn's
        super().__init__(*args, **kwargs)
        self._head = 0
        self._came = 0
        self._overdue: asyncio.TimerHandle | None = None

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
            self.logger.warning("The head of a request was too large.")
            self.transport.write(_TOO_LARGE)
            self.transport.close()
        elif self._overdue is None:
            self._wait()

    def on_message_begin(self) -> None:
        """Count from here, at most what came with it from before."""
        self._head = self._came
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Stop waiting: the rest is the application's."""
        self._head = 0
        self._forget()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget everything."""
        self._forget()
        super().connection_lost(exc)

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
