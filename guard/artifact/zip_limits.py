"""How much of a reader's time and memory an archive may ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_MIB: Final = 1 << 20
_GIB: Final = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds that the largest honest wheels keep by far, and that a bomb does not.

    The claims of the headers are held against them before any work is done; what is then read is
    held to the claims.
    """

    entries: int = 250_000
    """Members. The largest wheels of data files have a tenth of that."""

    directory_bytes: int = 64 * _MIB
    """The central directory, which is the only thing that is read into memory as a whole."""

    member_bytes: int = 8 * _GIB
    """One member, decompressed. The largest GPU libraries take a quarter of that."""

    total_bytes: int = 16 * _GIB
    """All members together, decompressed."""

    ratio: int = 50
    """All members together, decompressed, by the size of the file. It is PyPI's limit too."""

    spared_bytes: int = 64 * _MIB
    """No ratio is too high below this: such an archive is cheap to read whatever it claims."""
