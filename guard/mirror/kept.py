"""Pages of upstreams as a mirror keeps them: compressed, for it has those of ten thousand projects.

Writing two megabytes costs more than making a sixth of them; to read them is for the bad days.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Final

import zstandard

from guard.sources.cache import PageCache
from guard.sources.index import PAGE_LIMIT

_LEVEL: Final = 1


class KeptPages(PageCache):
    """Compressed pages under a folder. What cannot be read is not there."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._compressor = zstandard.ZstdCompressor(level=_LEVEL)
        self._lock = threading.Lock()

    def _packed(self, body: bytes) -> bytes:
        with self._lock:  # one after the other: what a compressor works in is as large as a page
            return self._compressor.compress(body)

    def _unpacked(self, content: bytes) -> bytes | None:
        try:
            size = zstandard.frame_content_size(content)
            if not 0 <= size <= PAGE_LIMIT:
                return None
            return zstandard.decompress(content, max_output_size=PAGE_LIMIT)
        except zstandard.ZstdError:
            return None
