"""Unpacks a source distribution that was judged, as strictly as it was read before."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from guard.artifact.tar import Tar, TarMember
from guard.artifact.zip_fault import ArchiveError
from guard.artifact.zip_limits import Limits
from guard.build.backend import unbuildable

_NEVER: Final = frozenset({"", ".", ".."})
_FILE: Final = 0o644
_PROGRAM: Final = 0o755


def unpack(sdist: Path, folder: Path, *, most: int) -> Path:
    """Unpack `sdist` below the empty `folder`, and return the one folder that it is.

    Whatever a policy overlooks: no link is made, and nothing leaves `folder`. `most` bytes are
    written. Raises `BuildError`.
    """
    title = sdist.name
    try:
        with sdist.open("rb") as stream:
            for member, chunks in Tar(stream, Limits(total_bytes=most)).entries():
                _write(member, chunks, folder, title)
    except ArchiveError as error:
        raise unbuildable(title, str(error.defect.message)) from None
    except OSError as error:
        raise unbuildable(title, f"it cannot be unpacked: {error.strerror}") from None
    found = list(folder.iterdir())
    if len(found) != 1 or not found[0].is_dir():
        raise unbuildable(title, "it is not one folder (PEP 517)")
    return found[0]


def _write(member: TarMember, chunks: Iterator[bytes], folder: Path, title: str) -> None:
    parts = member.name.removesuffix("/").split("/") if member.is_directory else None
    parts = parts or member.name.split("/")
    if member.special is not None or not all(map(_is_plain, parts)):
        what = member.special or "a path that is not below its folder"
        raise unbuildable(title, f"it holds {member.name[:200]!r}, {what}")
    place = folder.joinpath(*parts)
    if member.is_directory:
        place.mkdir(parents=True, exist_ok=True)
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    mode = _PROGRAM if member.mode & 0o111 else _FILE
    with os.fdopen(os.open(place, flags, mode), "wb") as stream:
        for chunk in chunks:
            stream.write(chunk)


def _is_plain(part: str) -> bool:
    """Tell whether `part` is one name in a folder, here or on Windows."""
    return part not in _NEVER and not (os.name == "nt" and set(part) & set('\\/:*?"<>|'))
