"""The environments of a tool that installs one thing after the other, as they were before a run.

uv and pip have everything before they install anything. Poetry and pdm install while they still
fetch, so a denial would come too late for some. What was installed is therefore kept beside, as
hard links, and put back.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from guard.gateway.snapshot import Snapshot
from guard.private import private_folder

_REWRITTEN: Final = (".cfg", ".pth", "RECORD", "REQUESTED", "direct_url.json", "INSTALLER")
"""Ends of the names of files that are written in place: a link would change with them."""

_SMALL: Final = 1 << 16
"""Bytes up to which a file is copied rather than linked: scripts, and most modules."""


class Kept(Snapshot):
    """Files, and environments: all that a pattern names in a folder. Closed at the end."""

    def __init__(
        self,
        files: Iterable[Path],
        places: Iterable[tuple[Path, str]],
        *,
        aside: Path,
        changes: bool = True,
    ) -> None:
        """Read the files, and link the environments in the folder `aside`. Raises `OSError`.

        A run that `changes` no environment may still make one.
        """
        super().__init__(files, None)
        private_folder(aside)
        self._aside = aside
        self._places = tuple(places)
        found = tuple(self._environments())
        self._known = frozenset(found)
        self._before = {each: self._copied(each) for each in found if changes}

    def restore(self) -> None:
        """Put back the files and the environments; new ones are removed. Raises `OSError`."""
        super().restore()
        for found in self._environments():
            if found not in self._known:
                _remove(found)
        for place, copy in self._before.items():
            _put_back(copy, place)

    def close(self) -> None:
        """Forget what was."""
        for copy in self._before.values():
            _remove(copy.parent)

    def _environments(self) -> Iterator[Path]:
        for folder, pattern in self._places:
            for found in sorted(folder.glob(pattern)):
                if found.is_dir() and not found.is_symlink() and (found / "pyvenv.cfg").is_file():
                    yield found

    def _copied(self, environment: Path) -> Path:
        """Return a copy of the environment, where the tool does not look."""
        place = Path(tempfile.mkdtemp(dir=self._aside))
        try:
            return _linked(environment, place / environment.name)
        except BaseException:
            _remove(place)
            raise


def _put_back(copy: Path, place: Path) -> None:
    """Replace the environment at `place` by its copy, in one step."""
    beside = Path(tempfile.mkdtemp(prefix=".guard-", dir=place.parent))
    try:
        fresh = _linked(copy, beside / "fresh")
        if os.path.lexists(place):
            place.rename(beside / "spoilt")
        fresh.rename(place)
    finally:
        _remove(beside)


def _linked(source: Path, place: Path) -> Path:
    return Path(shutil.copytree(source, place, symlinks=True, copy_function=_link))


def _link(source: str, place: str) -> None:
    status = os.lstat(source)
    if status.st_size > _SMALL and not source.endswith(_REWRITTEN):
        with contextlib.suppress(OSError):  # there are disks without links
            os.link(source, place, follow_symlinks=False)
            return
    shutil.copy2(source, place, follow_symlinks=False)


def _remove(folder: Path) -> None:
    with contextlib.suppress(OSError):
        shutil.rmtree(folder)
