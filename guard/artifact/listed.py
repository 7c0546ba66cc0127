"""RECORD as a table to look things up in: of a wheel, or of what is installed.

Nothing is checked here: `guard.artifact.record` has held the RECORD of a wheel to its content.
"""

from __future__ import annotations

import csv
from functools import cached_property
from pathlib import Path
from typing import Final

from guard.artifact.container import ArchiveError, Container, Member, open_container
from guard.artifact.layout import lay_out
from guard.artifact.place import Scheme
from guard.artifact.shape import shape
from guard.artifact.spot import fold, spot

LIMIT: Final = 64 << 20
"""Bytes of a RECORD; the longest real ones have a twentieth of that."""


def hashes(content: bytes) -> dict[str, str]:
    """Return the hash of each path in a RECORD, as written there; a line that is none is left out.

    Other than for a wheel, a broken line must not hide the good ones: what is installed is there.
    """
    found: dict[str, str] = {}
    for line in content.decode("utf-8", "replace").splitlines():
        fields = line.split(",") if '"' not in line else _quoted(line)
        if fields[0]:
            found[fields[0]] = fields[1] if len(fields) > 1 else ""
    return found


def _quoted(line: str) -> list[str]:
    try:
        return next(csv.reader([line]))
    except csv.Error:
        return [""]


class Listed:
    """The files of one wheel in quarantine by their folded spot, for the few that are asked about.

    Everything raises `OSError` where the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def hash(self, key: str) -> str | None:
        """Return the hash of the file at `key` as RECORD writes it; `None` where it has none."""
        members, listed = self._table
        return listed.get(members[key].name) or None if key in members else None

    def hashes(self) -> dict[str, str]:
        """Return the hash of every file by its folded spot, as RECORD writes it."""
        members, listed = self._table
        return {key: listed.get(member.name) or "" for key, member in members.items()}

    def text(self, key: str, limit: int) -> bytes | None:
        """Return the content of the file at `key`; `None` if it is longer than `limit`."""
        members, _ = self._table
        if key not in members:
            return None
        with open_container(self._path) as archive:
            return _content(archive, members[key], limit)

    @cached_property
    def _table(self) -> tuple[dict[str, Member], dict[str, str]]:
        with open_container(self._path) as archive:
            parts, _ = shape(archive.members, self._path.name)
            record = parts.files.get(f"{parts.info}/RECORD")
            listed = hashes((record and _content(archive, record, LIMIT)) or b"")
        # Purelib and platlib are one spot, so it does not matter which of them is the root.
        places = lay_out(tuple(parts.files), parts.data, pure=True).places
        members = {
            fold(spot(place)): parts.files[name]
            for name, place in places.items()
            if place.scheme is not Scheme.HEADERS
        }
        return members, listed


def _content(archive: Container, member: Member, limit: int) -> bytes | None:
    try:
        return archive.read(member, limit=limit)
    except ArchiveError:
        return None
