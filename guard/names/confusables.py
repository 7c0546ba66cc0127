"""What a name looks like: the skeleton of UTS 39, for the few characters that a name may have."""

from __future__ import annotations

from typing import Final

_PROTOTYPES: Final = str.maketrans(
    {
        # UTS-39, confusables.txt: 0 is O, 1 and I are l, m is rn. A normalized name is in lower
        # case: its i may have been written I, and its o may have been an O.
        "0": "o",
        "1": "l",
        "i": "l",
        "m": "rn",
        "w": "vv",  # not in UTS 39, and as much alike as m and rn
        # The separators that PEP 503 knows: a name reads the same without them.
        "-": "",
        "_": "",
        ".": "",
    }
)


def skeleton(name: str) -> str:
    """Return what is left of `name` when characters that look alike are one.

    UTS-39: two strings are confusable if and only if their skeletons are the same. The result is
    for comparison only, and is no name.
    """
    return name.lower().translate(_PROTOTYPES)
