"""The documents that a judgement was made from, so that somebody else can make it again."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from guard.mirror.kept import KeptPages
from guard.sources.cache import PageCache, Stored


@dataclass(frozen=True, slots=True)
class Document:
    """A page or a provenance object, as an upstream said it."""

    stored: Stored
    body: bytes


class Recorder(KeptPages):
    """A cache that remembers what was read from it and what was written to it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._lock = threading.Lock()
        self._documents: dict[str, Document] = {}

    @property
    def documents(self) -> Mapping[str, Document]:
        """What was read, by the URL that was asked for."""
        with self._lock:
            return dict(self._documents)

    def load(self, key: str) -> tuple[Stored, bytes] | None:
        """Return the page of `key`, if it is here whole."""
        found = super().load(key)
        if found is not None:
            self._note(key, *found)
        return found

    def save(self, key: str, stored: Stored, body: bytes | None = None) -> None:
        """Keep the page."""
        super().save(key, stored, body)
        if body is not None:
            self._note(key, stored, body)

    def _note(self, key: str, stored: Stored, body: bytes) -> None:
        with self._lock:
            self._documents[key.partition(" ")[2]] = Document(stored, body)


def imported(cache: PageCache, url: str, document: Document) -> None:
    """Put a document where whoever asks `url` without credentials will find it."""
    cache.save(f" {url}", document.stored, document.body)
