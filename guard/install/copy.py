"""Handing files to a folder instead of an environment."""

from __future__ import annotations

import hashlib
from pathlib import Path

from guard.errors import QuarantineError, UsageError
from guard.model import Admitted
from guard.private import write_private


def copy_into(folder: Path, admitted: Admitted) -> Path:
    """Copy an admitted file into `folder`, whole, and hashed once more on the way out."""
    try:
        content = admitted.path.read_bytes()
    except OSError as error:
        raise QuarantineError(
            f"`{admitted.path}` could not be read", reason=error.strerror
        ) from None
    if hashlib.sha256(content).hexdigest() != admitted.sha256:
        raise QuarantineError(
            f"`{admitted.path.name}` was changed in quarantine after it was judged",
            hint="something else writes there: find out what, then `guard quarantine purge`",
        )
    path = folder / admitted.path.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_private(path, content)
        path.chmod(0o644)
    except OSError as error:
        raise UsageError(f"`{path}` could not be written", reason=error.strerror) from None
    return path
