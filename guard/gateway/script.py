"""Scripts that say themselves what they need: a block of comments that is TOML (PEP 723)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from guard.errors import UsageError

_LIMIT: Final = 50_000_000
"""Bytes of one file that is read."""

_SCRIPT: Final = re.compile(rb"(?m)^# /// script\s*$\s(?P<content>(?:^#(?:| .*)$\s)+?)^# ///\s*$")


def is_script(path: Path) -> bool:
    """Tell whether `path` is a script that says what it needs."""
    return path.is_file() and _SCRIPT.search(body(path)) is not None


def metadata(path: Path) -> str | None:
    """Return the TOML in the script at `path`; `None` where it has none. Raises `UsageError`."""
    match = _SCRIPT.search(body(path))
    if match is None:
        return None
    lines = decoded(match["content"], path).splitlines()
    return "\n".join(line[2:] if line.startswith("# ") else line[1:] for line in lines)


def body(path: Path) -> bytes:
    """Return what is in the file at `path`. Raises `UsageError`."""
    try:
        with path.open("rb") as stream:
            found = stream.read(_LIMIT + 1)
    except OSError as error:
        raise UsageError(f"`{path}` could not be read", reason=error.strerror) from None
    if len(found) > _LIMIT:
        raise UsageError(f"`{path}` is larger than {_LIMIT} bytes")
    return found


def decoded(body: bytes, path: Path) -> str:
    """Return the text of the file at `path`. Raises `UsageError`."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"`{path}` is not UTF-8") from None
