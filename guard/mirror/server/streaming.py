"""Sends bytes in parts, for as long as somebody takes them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import anyio.to_thread

from guard.errors import MirrorError
from guard.mirror.server.asgi import Message, Receive, Send

_CHUNK: Final = 1 << 20
_SLOWEST: Final = 60.0
"""Seconds that a client may take for one chunk."""


async def stream(
    receive: Receive, send: Send, begin: Message, chunks: Iterator[bytes], size: int
) -> None:
    """Send `size` bytes, for as long as somebody takes them. Raises `MirrorError`."""
    chunk = await anyio.to_thread.run_sync(next, chunks, b"")
    left = size - len(chunk)
    await send(begin)
    gone = asyncio.ensure_future(_gone(receive)) if left else None
    try:
        while chunk and left and not (gone and gone.done()):
            async with asyncio.timeout(_SLOWEST):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            chunk = await anyio.to_thread.run_sync(next, chunks, b"")
            left -= len(chunk)
    except TimeoutError:
        return  # whoever takes nothing gets nothing
    finally:
        if gone is not None:
            gone.cancel()
    if not left:
        await send({"type": "http.response.body", "body": chunk})
    elif not chunk:
        raise MirrorError("the mirror's store has less of a file than it should")


async def _gone(receive: Receive) -> None:
    """Return when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass


def parts(path: Path, start: int, end: int) -> Iterator[bytes]:
    """Yield a file in large parts. Raises `MirrorError`."""
    try:
        with path.open("rb", buffering=0) as stream:
            stream.seek(start)
            while start < end and (chunk := stream.read(min(_CHUNK, end - start))):
                start += len(chunk)
                yield chunk
    except OSError as error:
        raise MirrorError(
            "the mirror's store could not be read", reason=error.strerror or str(error)
        ) from None
