"""`POST /legacy/`: an upload, as twine and `uv publish` send it."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import anyio.to_thread

from guard.errors import MirrorError, RefusedError
from guard.mirror.records import FileRecord, State
from guard.mirror.server.asgi import Problem, Receive, Request, Send, respond
from guard.mirror.server.refusal import refusal
from guard.mirror.server.told import told
from guard.mirror.uploads.form import Form, bad
from guard.mirror.uploads.uploads import LIMIT, Uploads
from guard.private import private_folder

PATHS: Final = frozenset({"/legacy/", "/legacy"})
_PATIENCE: Final = 30.0
"""Seconds for the next part of a body to come."""

_AT_ONCE: Final = 8
_NOT_ALLOWED: Final = Problem(status=405, title="Method Not Allowed", headers=[(b"allow", b"POST")])


class Uploading:
    """Answers for the place where projects are uploaded; whoever gets here may upload."""

    def __init__(self, uploads: Uploads, *, limit: int = LIMIT) -> None:
        self._uploads = uploads
        self._limit = limit
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def __call__(self, request: Request, receive: Receive, send: Send, uploader: str) -> None:
        """Take one upload of somebody. Raises `MirrorError`."""
        if request.scope["method"] != "POST":
            await _NOT_ALLOWED.send(request, send)
            return
        try:
            async with self._room:
                with _place(self._uploads.mirror.settings.data) as place:
                    record = await self._taken(request, receive, place, uploader)
        except RefusedError as error:
            await _refused(error).send(request, send)
            return
        if record.state is State.ADMITTED:
            await respond(send, 200, [(b"content-type", b"text/plain")], b"OK\n", head=False)
        else:
            await refusal(record).send(request, send)

    async def _taken(
        self, request: Request, receive: Receive, place: Path, uploader: str
    ) -> FileRecord:
        form = Form(request.header(b"content-type"), place, limit=self._limit)
        with contextlib.closing(form):
            more = True
            while more:
                async with _in_time():
                    message = await receive()
                if message["type"] != "http.request":
                    raise bad("it broke off")
                more = message.get("more_body", False)
                try:
                    await anyio.to_thread.run_sync(form.feed, message.get("body", b""))
                except OSError as error:
                    raise _unwritable(error) from None
            form.finish()
        return await anyio.to_thread.run_sync(self._uploads.take, form, place, uploader)


@contextlib.asynccontextmanager
async def _in_time() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(_PATIENCE):
            yield
    except TimeoutError:
        raise RefusedError("the upload did not come in time", status=408) from None


@contextlib.contextmanager
def _place(data: Path) -> Iterator[Path]:
    """Yield a place for a file that is gone afterwards."""
    folder = data / "uploads"
    try:
        private_folder(folder)
    except OSError as error:
        raise _unwritable(error) from None
    place = folder / f"{secrets.token_hex(16)}.part"
    try:
        yield place
    finally:
        with contextlib.suppress(OSError):
            place.unlink(missing_ok=True)


def _unwritable(error: OSError) -> MirrorError:
    return MirrorError("the mirror's folder could not be used", reason=error.strerror)


def _refused(error: RefusedError) -> Problem:
    retry = [] if error.retry_after is None else [(b"retry-after", b"%d" % error.retry_after)]
    return Problem(
        status=error.status,
        title=error.message,
        detail=told(error.reason or error.message),
        more={"help": error.hint} if error.hint else {},
        headers=[*retry, (b"connection", b"close")],
    )
