"""A bundle on the other side: every file judged again, by the policy of whoever imports it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from guard.dsse import PublicKey
from guard.errors import UsageError
from guard.mirror.static import bundle
from guard.mirror.static.recorder import Document, imported
from guard.quarantine import Quarantine, TooLargeError
from guard.sources.cache import PageCache

_DOCUMENT_LIMIT = 128 << 20
_FILE_LIMIT = 8 << 30


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What a bundle brought: in quarantine, and in the cache of pages."""

    predicate: bundle.Predicate
    signer: str
    """The id of the key."""

    @property
    def origins(self) -> Sequence[str]:
        """The indexes that its files came from, in order."""
        return sorted({file.origin for file in self.predicate.files})


def unpack(
    path: Path, keys: Sequence[PublicKey], *, quarantine: Quarantine, cache: PageCache
) -> Unpacked:
    """Bring the files into quarantine and the documents into the cache. Raises `UsageError`.

    The documents say what the indexes said. Whoever signed the bundle is believed in that, and in
    nothing else.
    """
    bodies: dict[str, bytes] = {}

    def sink(name: str, chunks: Iterator[bytes]) -> None:
        folder, _, rest = name.partition("/")
        if folder == "documents":
            bodies[rest] = _all(chunks)
            return
        filename = rest.partition("/")[2]
        try:
            quarantine.receive(filename, chunks, limit=_FILE_LIMIT)
        except TooLargeError as error:
            raise UsageError(f"{filename} is too large", reason=str(error)) from None

    opened = bundle.read(path, keys, sink)
    for item in opened.predicate.documents:
        body = bodies.get(item.sha256)
        if body is None or item.sha256 != hashlib.sha256(body).hexdigest():
            raise UsageError(f"`{path}` contradicts itself", reason=f"about {item.url}")
        imported(cache, item.url, Document(item.stored, body))
    return Unpacked(opened.predicate, opened.signer.id)


def _all(chunks: Iterator[bytes]) -> bytes:
    parts, size = [], 0
    for chunk in chunks:
        size += len(chunk)
        if size > _DOCUMENT_LIMIT:
            raise UsageError("a document of the bundle is too large")
        parts.append(chunk)
    return b"".join(parts)
