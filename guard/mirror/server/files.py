"""`/files/` and `/integrity/`: bytes, if the record of their file says so at this moment."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import quote

import anyio.to_thread
import msgspec
from packaging.utils import canonicalize_name

from guard.errors import MirrorError
from guard.mirror.intake import Missing
from guard.mirror.judging import Judge
from guard.mirror.mirror import Mirror
from guard.mirror.pulling import Pulling, Taken
from guard.mirror.records import FileRecord, Held, Key, State
from guard.mirror.server.asgi import (
    AGAIN,
    NOT_FOUND,
    Headers,
    Problem,
    Request,
    Scope,
    Send,
    matches,
    not_modified,
    respond,
)
from guard.mirror.server.span import Span, Unsatisfiable, span_of
from guard.mirror.store import path_of
from guard.model import Finding, Unknown

_PLACE: Final = re.compile(r"/files/([0-9a-f]{2})/(\1[0-9a-f]{62})/([^/\x00-\x1f\x7f]{1,255})")
_PROVENANCE: Final = re.compile(r"/integrity/([^/]{1,255})/([^/]{1,255})/([^/]{1,255})/provenance")
_SIDECAR: Final = ".metadata"
_OCTETS: Final = b"application/octet-stream"
_INTEGRITY: Final = b"application/vnd.pypi.integrity.v1+json"
_TEXT: Final = b"text/plain; charset=utf-8"
_CHUNK: Final = 1 << 20
_MINUTE: Final = timedelta(minutes=1)
_SAFE: Final = " :;,.()[]=<>!~+-_/'\"`"
"""Characters of a header that say what they say; what is not ASCII is escaped."""

Denied: TypeAlias = Callable[[Scope, FileRecord], None]
"""Is told, before the answer is sent, who was denied what. Raises `MirrorError`."""


@dataclass(frozen=True, slots=True)
class _Body:
    """What is to be sent: bytes of the store, and what they are."""

    sha256: str
    size: int
    content_type: bytes


class Files:
    """Answers for every path below `/files/` and `/integrity/`."""

    def __init__(
        self, mirror: Mirror, judge: Judge, pulling: Pulling, denied: Denied | None = None
    ) -> None:
        self._mirror = mirror
        self._judge = judge
        self._pulling = pulling
        self._denied = denied

    async def file(self, request: Request, send: Send) -> None:
        """Send a file, or its METADATA. Raises `MirrorError`."""
        match = _PLACE.fullmatch(request.path)
        if match is None:
            await NOT_FOUND.send(request, send)
            return
        filename = match[3]
        sidecar = filename.endswith(_SIDECAR)
        key = Key(match[2], filename.removesuffix(_SIDECAR))
        taken = await anyio.to_thread.run_sync(self._known, key, sidecar)
        if not isinstance(taken, FileRecord) or not self._is_served(taken):
            await self._refuse(request, send, taken)
            return
        if sidecar:
            metadata = taken.held.metadata if taken.held else None
            await self._beside(request, send, metadata, _TEXT)
        elif (address := await self._elsewhere(key)) is not None:
            headers: Headers = [(b"location", address.encode()), (b"cache-control", b"no-store")]
            await respond(send, 307, headers, b"", head=request.is_head)
        else:
            await self._send(request, send, _whole(key, taken.held))

    async def _elsewhere(self, key: Key) -> str | None:
        """Return where the store itself sends a file that may be sent, if it is to."""
        if not self._mirror.settings.presigned:
            return None
        presigned = self._mirror.store.presigned
        return await anyio.to_thread.run_sync(presigned, key.sha256, _MINUTE)

    async def provenance(self, request: Request, send: Send) -> None:
        """Send the provenance object of a file. Raises `MirrorError`."""
        match = _PROVENANCE.fullmatch(request.path)
        record = None
        if match is not None:
            record = await anyio.to_thread.run_sync(self._named, match[1], match[2], match[3])
        if record is None or not self._is_served(record):
            await NOT_FOUND.send(request, send)
            return
        provenance = record.held.provenance if record.held else None
        await self._beside(request, send, provenance, _INTEGRITY)

    async def _beside(
        self, request: Request, send: Send, sha256: str | None, content_type: bytes
    ) -> None:
        """Send what belongs to a file, if there is any."""
        if sha256 is None:
            await NOT_FOUND.send(request, send)
            return
        size = await anyio.to_thread.run_sync(self._mirror.store.size, sha256)
        await self._send(request, send, _Body(sha256, size, content_type))

    def _known(self, key: Key, sidecar: bool) -> Taken:  # noqa: FBT001 - called through a thread
        """Return the record as it is, and have the file judged where that is not known."""
        record = self._mirror.files.find(key)
        if record is not None and self._is_settled(record):
            return record
        if sidecar and record is None:
            return Missing("nobody has asked for the file itself")
        return self._pulling.of(key)

    def _named(self, project: str, version: str, filename: str) -> FileRecord | None:
        records = self._mirror.files.of_project(canonicalize_name(project))
        for record in records.values():
            listed = record.listed
            if (listed.version, listed.key.filename) == (version, filename) and record.held:
                return record
        return None

    def _is_settled(self, record: FileRecord) -> bool:
        """Tell whether a record says what would be judged now."""
        decided = record.decided
        return (
            decided is not None
            and decided.epoch == self._judge.epoch
            and self._mirror.clock() < decided.valid_until
            and (decided.state is not State.ADMITTED or record.held is not None)
        )

    def _is_served(self, record: FileRecord) -> bool:
        return record.served(epoch=self._judge.epoch, moment=self._mirror.clock())

    async def _refuse(self, request: Request, send: Send, taken: Taken) -> None:
        if isinstance(taken, Missing):
            await replace(NOT_FOUND, detail=taken.reason).send(request, send)
        elif isinstance(taken, FileRecord) and taken.state in {State.DENIED, State.REVOKED}:
            if self._denied is not None:
                await anyio.to_thread.run_sync(self._denied, request.scope, taken)
            await denial(taken).send(request, send)
        else:
            await _undecided(taken).send(request, send)

    async def _send(self, request: Request, send: Send, body: _Body) -> None:
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
            await respond(send, 416, headers, b"", head=request.is_head)
            return
        await self._stream(send, body, span, headers, head=request.is_head)

    async def _stream(
        self, send: Send, body: _Body, span: Span | None, headers: Headers, *, head: bool
    ) -> None:
        start, end = (span.start, span.end) if span else (0, body.size)
        if span is not None:
            headers.append((b"content-range", b"bytes %d-%d/%d" % (start, end - 1, body.size)))
        headers.append((b"content-length", b"%d" % (end - start)))
        chunks: Iterator[bytes] = iter(())
        first = b""
        if not head:
            chunks = self._chunks(body.sha256, start, end)
            first = await anyio.to_thread.run_sync(next, chunks, b"")
        status = 206 if span is not None else 200
        await send({"type": "http.response.start", "status": status, "headers": headers})
        sent = len(first)
        while first and sent < end - start:
            await send({"type": "http.response.body", "body": first, "more_body": True})
            first = await anyio.to_thread.run_sync(next, chunks, b"")
            sent += len(first)
        await send({"type": "http.response.body", "body": first})

    def _chunks(self, sha256: str, start: int, end: int) -> Iterator[bytes]:
        """Return the bytes in parts: from the file itself, where the store is a folder."""
        folder = self._mirror.store.folder
        if folder is None:
            return self._mirror.store.chunks(sha256, start, end)
        return _parts(folder / path_of(sha256), start, end)


def _parts(path: Path, start: int, end: int) -> Iterator[bytes]:
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


def _whole(key: Key, held: Held | None) -> _Body:
    return _Body(key.sha256, held.size if held else 0, _OCTETS)


def _asked(request: Request, etag: str, size: int) -> Span | Unsatisfiable | None:
    """RFC-9110: with `If-Range`, a part only of the very same bytes."""
    condition = request.header(b"if-range")
    if condition and condition != etag:
        return None
    return span_of(request.header(b"range"), size)


def _undecided(taken: FileRecord | Unknown) -> Problem:
    findings: tuple[Finding, ...] = ()
    if isinstance(taken, Unknown):
        detail = taken.reason
    else:
        findings = taken.decided.findings if taken.decided else ()
        held = "; ".join(finding.message for finding in findings if finding.holds)
        detail = held or "it could not be judged"
    return Problem(
        status=503,
        title="Undecided",
        detail=detail,
        more={"findings": msgspec.to_builtins(findings)},
        headers=[AGAIN],
    )


def denial(record: FileRecord) -> Problem:
    """Return what is said to whoever asks for a file that was denied, and how to request it."""
    listed, decided = record.listed, record.decided
    findings = decided.findings if decided else ()
    held = [finding for finding in findings if finding.holds and not finding.unknown]
    detail = "; ".join(f"{finding.rule}: {finding.message}" for finding in held)
    title = "Revoked" if record.state is State.REVOKED else "Denied"
    said = quote(f"guard {title.lower()}: {detail}"[:200], safe=_SAFE)
    return Problem(
        status=403,
        title=title,
        detail=detail,
        more={
            "file": listed.key.filename,
            "sha256": listed.key.sha256,
            "state": record.state.value,
            "findings": msgspec.to_builtins(findings),
            "request": f"guard request {listed.project}=={listed.version} --reason WHY",
        },
        headers=[(b"x-guard", said.encode())],
    )
