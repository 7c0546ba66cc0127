"""`/files/` and `/integrity/`: bytes, if the record of their file says so at this moment."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, NamedTuple, TypeAlias

import anyio.to_thread
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from guard.mirror.database.recent import Recent
from guard.mirror.intake import Missing
from guard.mirror.judging import Judge
from guard.mirror.mirror import Mirror
from guard.mirror.pulling import Pulling, Taken
from guard.mirror.records import FileRecord, Held, Key, State
from guard.mirror.server.asgi import (
    NOT_FOUND,
    Headers,
    Message,
    Receive,
    Request,
    Scope,
    Send,
    matches,
    not_modified,
    respond,
)
from guard.mirror.server.refusal import refusal
from guard.mirror.server.sendfile import SENDFILE, opened
from guard.mirror.server.span import Span, Unsatisfiable, span_of
from guard.mirror.server.streaming import parts, stream
from guard.mirror.store import path_of

_PLACE: Final = re.compile(r"/files/([0-9a-f]{2})/(\1[0-9a-f]{62})/([^/\x00-\x1f\x7f]{1,264})")
_PROVENANCE: Final = re.compile(r"/integrity/([^/]{1,255})/([^/]{1,255})/([^/]{1,255})/provenance")
_SIDECAR: Final = ".metadata"
_OCTETS: Final = b"application/octet-stream"
_INTEGRITY: Final = b"application/vnd.pypi.integrity.v1+json"
_TEXT: Final = b"text/plain; charset=utf-8"
_SMALL: Final = 64 << 10
_KEPT: Final = 1000
"""How many small documents are kept in memory."""
_MINUTE: Final = timedelta(minutes=1)

Denied: TypeAlias = Callable[[Scope, FileRecord], None]
"""Is told, before the answer is sent, who was denied what. Raises `MirrorError`."""


@dataclass(frozen=True, slots=True)
class _Body:
    """What is to be sent: bytes of the store, and what they are."""

    sha256: str
    size: int
    content_type: bytes
    content: bytes | None = None
    """Where they are in memory already."""


class Place(NamedTuple):
    """Which bytes of the store."""

    sha256: str
    start: int
    end: int


class Files:
    """Answers for every path below `/files/` and `/integrity/`."""

    def __init__(
        self, mirror: Mirror, judge: Judge, pulling: Pulling, denied: Denied | None = None
    ) -> None:
        self._mirror = mirror
        self._judge = judge
        self._pulling = pulling
        self._denied = denied
        self._recent = Recent(mirror.database)
        self._beside_files: OrderedDict[str, bytes] = OrderedDict()

    def close(self) -> None:
        """Let go of the database."""
        self._recent.close()

    async def file(self, request: Request, receive: Receive, send: Send) -> None:
        """Send a file, or its METADATA. Raises `MirrorError`."""
        match = _PLACE.fullmatch(request.path)
        if match is None:
            await NOT_FOUND.send(request, send)
            return
        sidecar = match[3].endswith(_SIDECAR)
        key = Key(match[2], match[3].removesuffix(_SIDECAR))
        taken = await self._taken(key, listed=sidecar)
        if not isinstance(taken, FileRecord) or not self._is_served(taken):
            await self._refuse(request, send, taken)
        elif sidecar:
            metadata = taken.held.metadata if taken.held else None
            await self._beside(request, receive, send, metadata, _TEXT)
        elif (address := await self._elsewhere(key)) is not None:
            headers: Headers = [(b"location", address.encode()), (b"cache-control", b"no-store")]
            await respond(send, 307, headers, b"", head=request.is_head)
        else:
            await self._send(request, receive, send, _whole(key, taken.held))

    async def _elsewhere(self, key: Key) -> str | None:
        """Return where the store itself sends a file that may be sent, if it is to."""
        if not self._mirror.settings.presigned:
            return None
        presigned = self._mirror.store.presigned
        return await anyio.to_thread.run_sync(presigned, key.sha256, _MINUTE)

    async def provenance(self, request: Request, receive: Receive, send: Send) -> None:
        """Send the provenance object of a file. Raises `MirrorError`."""
        match = _PROVENANCE.fullmatch(request.path)
        record = None
        if match is not None:
            record = await anyio.to_thread.run_sync(self._named, match[1], match[2], match[3])
        if record is None:
            await NOT_FOUND.send(request, send)
            return
        taken = record if self._is_settled(record) else await self._pulling.soon(record.listed.key)
        if not isinstance(taken, FileRecord) or not self._is_served(taken):
            await self._refuse(request, send, taken)
            return
        provenance = taken.held.provenance if taken.held else None
        await self._beside(request, receive, send, provenance, _INTEGRITY)

    async def _beside(
        self,
        request: Request,
        receive: Receive,
        send: Send,
        sha256: str | None,
        content_type: bytes,
    ) -> None:
        """Send what belongs to a file, if there is any."""
        if sha256 is None:
            await NOT_FOUND.send(request, send)
            return
        content = self._beside_files.get(sha256)
        if content is None:
            content = await anyio.to_thread.run_sync(self._mirror.store.get, sha256)
            self._keep(sha256, content)
        await self._send(request, receive, send, _Body(sha256, len(content), content_type, content))

    def _keep(self, sha256: str, content: bytes) -> None:
        """Keep what is small, and never another one under the same name."""
        if len(content) <= _SMALL:
            self._beside_files[sha256] = content
            if len(self._beside_files) > _KEPT:
                self._beside_files.popitem(last=False)

    async def _taken(self, key: Key, *, listed: bool) -> Taken:
        """Return the record as it is, and have the file judged where that is not known.

        With `listed`, only of a file that was asked for before: it was never announced otherwise.
        """
        record = await self._record(key)
        if record is not None and self._is_settled(record):
            return record
        if listed and record is None:
            return Missing("nobody has asked for the file itself")
        return await self._pulling.soon(key)

    async def _record(self, key: Key) -> FileRecord | None:
        """Return the record of a file as it is at this moment."""
        record = self._recent.find(key)
        if record is None:
            version = self._recent.version()
            record = await anyio.to_thread.run_sync(self._mirror.files.find, key)
            if record is not None:
                self._recent.keep(record, version)
        return record

    def _named(self, project: str, version: str, filename: str) -> FileRecord | None:
        """Return the file of that name; where there were several, one that may be sent."""
        try:
            wanted = str(Version(version))
        except InvalidVersion:
            return None
        records = self._mirror.files.of_project(canonicalize_name(project))
        found = [
            record
            for record in records.values()
            if (record.listed.version, record.listed.key.filename) == (wanted, filename)
            if record.held
        ]
        return next(filter(self._is_served, found), found[0] if found else None)

    def _is_settled(self, record: FileRecord) -> bool:
        return record.settled(epoch=self._judge.epoch, moment=self._mirror.clock())

    def _is_served(self, record: FileRecord) -> bool:
        return record.served(epoch=self._judge.epoch, moment=self._mirror.clock())

    async def _refuse(self, request: Request, send: Send, taken: Taken) -> None:
        if self._denied is not None and isinstance(taken, FileRecord) and _is_denied(taken):
            await anyio.to_thread.run_sync(self._denied, request.scope, taken)
        await refusal(taken).send(request, send)

    async def _send(self, request: Request, receive: Receive, send: Send, body: _Body) -> None:
        etag = f'"{body.sha256}"'
        headers: Headers = [
            (b"etag", etag.encode()),
            (b"cache-control", b"max-age=0, must-revalidate"),
            (b"accept-ranges", b"bytes"),
            (b"x-content-type-options", b"nosniff"),
        ]
        if matches(request.header(b"if-none-match"), etag):
            await not_modified(send, headers)
            return
        headers.append((b"content-type", body.content_type))
        span = _asked(request, etag, body.size)
        if isinstance(span, Unsatisfiable):
            headers.append((b"content-range", b"bytes */%d" % body.size))
            await respond(send, 416, headers, b"", head=False)
            return
        start, end = (span.start, span.end) if span else (0, body.size)
        if span is not None:
            headers.append((b"content-range", b"bytes %d-%d/%d" % (start, end - 1, body.size)))
        headers.append((b"content-length", b"%d" % (end - start)))
        begin = {"type": "http.response.start", "status": 206 if span else 200, "headers": headers}
        if request.is_head:
            await send(begin)
            await send({"type": "http.response.body", "body": b""})
        elif body.content is not None:
            await send(begin)
            await send({"type": "http.response.body", "body": body.content[start:end]})
        else:
            await self._bytes(request, receive, send, begin, Place(body.sha256, start, end))

    async def _bytes(
        self, request: Request, receive: Receive, send: Send, begin: Message, place: Place
    ) -> None:
        """Send part of a file: by the system alone where the store is a folder."""
        folder, accelerated = self._mirror.store.folder, self._mirror.settings.accel_redirect
        by_system = request.scope.get("extensions", {}).get(SENDFILE)
        size = place.end - place.start
        if folder is not None and accelerated is not None:
            await _by_nginx(send, begin, f"{accelerated}/{path_of(place.sha256)}")
            return
        if folder is None or by_system is None or not size:
            chunks = self._chunks(place.sha256, place.start, place.end)
            await stream(receive, send, begin, chunks, size)
            return
        with opened(folder / path_of(place.sha256), place.end) as source:
            await send(begin)
            await by_system(source, place.start, size)
            await send({"type": "http.response.body", "body": b""})

    def _chunks(self, sha256: str, start: int, end: int) -> Iterator[bytes]:
        """Return the bytes in parts: from the file itself, where the store is a folder."""
        folder = self._mirror.store.folder
        if folder is None:
            return self._mirror.store.chunks(sha256, start, end)
        return parts(folder / path_of(sha256), start, end)


async def _by_nginx(send: Send, begin: Message, place: str) -> None:
    """Have the nginx in front send a file that may be sent now; it cuts ranges out by itself."""
    own = {b"content-length", b"content-range"}
    headers = [header for header in begin["headers"] if header[0] not in own]
    headers.append((b"x-accel-redirect", place.encode()))
    await respond(send, 200, headers, b"", head=False)


def _is_denied(record: FileRecord) -> bool:
    return record.state in {State.DENIED, State.REVOKED}


def _whole(key: Key, held: Held | None) -> _Body:
    return _Body(key.sha256, held.size if held else 0, _OCTETS)


def _asked(request: Request, etag: str, size: int) -> Span | Unsatisfiable | None:
    """RFC-9110: a part is for GET alone; with `If-Range`, only one of the very same bytes."""
    if request.is_head:
        return None
    condition = request.header(b"if-range")
    if condition and condition != etag:
        return None
    return span_of(request.header(b"range"), size)
