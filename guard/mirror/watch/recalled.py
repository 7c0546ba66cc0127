"""A quarantine that takes the mirror's word for what it has looked into before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from guard.quarantine import Arrival, Quarantine
from guard.sources.contents import Contents


@dataclass(frozen=True, slots=True)
class Recalled(Quarantine):
    """Finds what is held without reading it again, where its content is remembered.

    That is sound for judging again: a judgement is about a sha256, never about a place. The bytes
    were hashed when they were put under that sha256, the store never writes there again, and what
    is inside is remembered by the same sha256, the file's name and the reader's version. Whether a
    disk has since changed what lies there is another question: it is as open a moment after these
    bytes were hashed as it is now, and whoever downloads them compares them with the page's sha256.

    Where another digest is to be compared, or where a newer reader has not yet looked into the
    file, its bytes are read from `behind`, and hashed.
    """

    behind: Quarantine
    contents: Contents
    sizes: Mapping[str, int]
    """What is held: the number of bytes, by sha256."""

    def find(self, sha256: str, filename: str, algorithms: Iterable[str] = ()) -> Arrival | None:
        """Return the file if it is held, as it was when its content was read."""
        size, names = self.sizes.get(sha256), set(algorithms)
        if size is not None and names <= {"sha256"} and self.contents.known(sha256, filename):
            return Arrival(self._path(sha256, filename), {"sha256": sha256}, size)
        return self.behind.find(sha256, filename, names)
