"""Which words uv takes for files that lie here, and which for projects of an index."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_ARCHIVES: Final = frozenset(
    {
        *(".bz2", ".egg", ".gz", ".lz", ".lzma", ".tar", ".tbz"),
        *(".tgz", ".tlz", ".txz", ".whl", ".xz", ".zip", ".zst"),
    }
)


def is_here(word: str) -> bool:
    """Tell whether uv may read the project called `word` from a file of that name.

    A folder of that name is none: to uv that is `./word`.
    """
    path = Path(word)
    return path.exists() and not (path.is_dir() and path.suffix not in _ARCHIVES)
