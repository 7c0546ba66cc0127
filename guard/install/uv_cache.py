"""The guard's own uv cache, sealed after every install and held to the seal before the next.

uv keeps every wheel unpacked and hard-links its files into environments, so whoever edits an
installed file in place edits the cache, and with it every install after. uv does not look again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from guard.errors import QuarantineError
from guard.model import Admitted
from guard.private import locked, private_folder, write_private

_SEALS: Final = "guard-seals.json"


class UvCache:
    """A uv cache under `folder` that nobody but the guard may have changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextlib.contextmanager
    def sealed(self, admitted: Sequence[Admitted]) -> Iterator[Path]:
        """Yield the cache for one install of `admitted`, by one guard at a time.

        An unpacked wheel that is not as it was sealed empties the cache: uv then unpacks the judged
        files again. Raises `QuarantineError` when the folder cannot be used.
        """
        try:
            private_folder(self._folder.parent)
            with locked(self._folder.with_suffix(".lock")):
                if not self._intact(admitted):
                    shutil.rmtree(self._folder)
                private_folder(self._folder)
                yield self._folder
                self._seal(admitted)
        except OSError as error:
            raise QuarantineError(
                f"the cache in `{self._folder}` could not be used",
                reason=error.strerror or str(error),
                hint="free some space, or name another folder in GUARD_CACHE_DIR",
            ) from error

    def _intact(self, admitted: Sequence[Admitted]) -> bool:
        seals = self._seals()
        return all(seals.get(folder.name) == _seal_of(folder) for folder in self._of(admitted))

    def _seal(self, admitted: Sequence[Admitted]) -> None:
        """Seal what uv has just unpacked; what was sealed before has just been seen intact."""
        seals = self._seals()
        new = [folder for folder in self._of(admitted) if folder.name not in seals]
        if new:
            seals |= {folder.name: _seal_of(folder) for folder in new}
            write_private(self._folder / _SEALS, msgspec.json.encode(seals))

    def _seals(self) -> dict[str, str]:
        try:
            content = (self._folder / _SEALS).read_bytes()
            return msgspec.json.decode(content, type=dict[str, str])
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return {}

    def _of(self, admitted: Sequence[Admitted]) -> list[Path]:
        """Return the folders that any wheel of these names was unpacked into."""
        names = {_distribution(item.path.name) for item in admitted}
        return [
            dist_info.parent
            for dist_info in self._folder.glob("archive-v*/*/*.dist-info")
            if _distribution(dist_info.name) in names
        ]


def _distribution(name: str) -> str:
    return name.partition("-")[0].lower()


def _seal_of(folder: Path) -> str:
    """Return a digest of name, size, time and inode of every file: an edit in place changes it."""
    rows = sorted(_row(entry) for entry in _files(folder))
    return hashlib.sha256("\n".join(rows).encode("utf-8", "surrogateescape")).hexdigest()


def _row(entry: os.DirEntry[str]) -> str:
    status = entry.stat(follow_symlinks=False)
    return f"{entry.path}\0{status.st_size}\0{status.st_mtime_ns}\0{status.st_ino}"


def _files(folder: Path | str) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _files(entry.path)
            else:
                yield entry
