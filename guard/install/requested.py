"""PEP-376: `REQUESTED` lies beside what was asked for, and not beside what that requires.

pip is handed every file by name, so it marks them all.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from guard.model import File
from guard.private import replacing

_MARK: Final = "REQUESTED"


def unmark(folders: Iterable[Path], files: Iterable[File]) -> None:
    """Take the mark back from the distributions of `files`, wherever in `folders` they are.

    Raises `OSError`.
    """
    places = tuple(folders)
    for file in files:
        stem = "-".join(file.filename.split("-")[:2])
        for folder in places:
            _unmark(folder / f"{stem}.dist-info")


def _unmark(info: Path) -> None:
    mark, record = info / _MARK, info / "RECORD"
    if not mark.is_file() or not record.is_file():
        return
    row = f"{info.name}/{_MARK},".encode()
    lines = record.read_bytes().splitlines(keepends=True)
    with replacing(record) as part:
        part.write_bytes(b"".join(line for line in lines if not line.startswith(row)))
        shutil.copymode(record, part)
    mark.unlink()
