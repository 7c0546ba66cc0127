"""Scripts that say themselves what they need: a block of comments that is TOML (PEP 723)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from guard.gateway.documents import body, decoded

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
