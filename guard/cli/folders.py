"""Where the guard keeps what it fetched."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return the folder of the quarantine and the caches."""
    named = os.environ.get("GUARD_CACHE_DIR")
    if named:
        return Path(named).absolute()
    import platformdirs  # noqa: PLC0415 - only where nothing is named

    return platformdirs.user_cache_path("wheelguard")
