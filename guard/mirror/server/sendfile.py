"""Files sent by the system, from the disk to the connection, without passing through here."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from uvicorn.protocols.http.flow_control import FlowControl

from guard.errors import MirrorError

SENDFILE: Final = "guard.sendfile"
"""The name of the extension in an ASGI scope: a coroutine function of a file, start and size."""

_SHORT: Final = "the mirror's store has less of a file than it should"
_PART: Final = 1 << 20
_SLOWEST: Final = 60.0
"""Seconds for which a client may take nothing."""


async def emptied(transport: asyncio.Transport, flow: FlowControl) -> None:
    """Wait until all that was written is with the system."""
    if not transport.get_write_buffer_size():
        return
    transport.set_write_buffer_limits(high=0)
    try:
        async with asyncio.timeout(_SLOWEST):
            if transport.get_write_buffer_size():
                await flow.drain()
    except TimeoutError:
        transport.abort()
    finally:
        transport.set_write_buffer_limits()


@contextlib.contextmanager
def opened(path: Path, size: int) -> Iterator[int]:
    """Yield the descriptor of a file that has at least `size` bytes. Raises `MirrorError`."""
    try:
        source = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise _unreadable(error) from None
    try:
        if os.fstat(source).st_size < size:
            raise MirrorError(_SHORT)
        yield source
    finally:
        os.close(source)


async def send_file(
    transport: asyncio.Transport, source: int, start: int, size: int, *, gone: Callable[[], bool]
) -> None:
    """Send `size` bytes of an open file, from `start`, as long as somebody takes them.

    Nothing else may be written meanwhile. Raises `MirrorError` where the file has less.
    """
    connection = transport.get_extra_info("socket")
    try:
        # The loop keeps the transport's own descriptor to itself.
        target = os.dup(connection.fileno())
        try:
            await _sent(target, source, start, start + size, gone)
        finally:
            os.close(target)
    except (TimeoutError, ConnectionError):
        transport.abort()  # whoever takes nothing gets nothing
    except OSError as error:
        raise _unreadable(error) from None


async def _sent(target: int, source: int, start: int, end: int, gone: Callable[[], bool]) -> None:
    while start < end and not gone():
        try:
            count = os.sendfile(target, source, start, min(_PART, end - start))
        except BlockingIOError:
            async with asyncio.timeout(_SLOWEST):
                await _writable(target)
            continue
        if not count:
            raise MirrorError(_SHORT)
        start += count
        await asyncio.sleep(0)  # others want to be answered, too


async def _writable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_writer(descriptor, _done, ready)
    try:
        await ready
    finally:
        loop.remove_writer(descriptor)


def _done(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


def _unreadable(error: OSError) -> MirrorError:
    reason = error.strerror or str(error)
    return MirrorError("the mirror's store could not be read", reason=reason)
