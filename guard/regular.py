"""Files that somebody else may have put there, read so that it ends.

To open a pipe is to wait for whoever writes to it, and reading from one or from a device may never
end.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Final

_AT_ONCE: Final = getattr(os, "O_NONBLOCK", 0)


class NotRegularError(OSError):
    """What is there is a pipe, a socket or a device."""


def read(path: Path, *, limit: int) -> bytes:
    """Return the first `limit` bytes of the file at `path`, and one more where there are more.

    Raises `OSError`, for what is no file a `NotRegularError`, and `ValueError` for no path at all.
    """
    with open(path, "rb", opener=_opener) as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode) and str(path) != os.devnull:
            raise NotRegularError(errno.EINVAL, "it is a pipe or a device, and no file", str(path))
        return stream.read(limit + 1)


def _opener(path: str, flags: int) -> int:
    return os.open(path, flags | _AT_ONCE)
