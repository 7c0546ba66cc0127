"""Where the guard keeps what it fetched."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """Return the folder of the quarantine and the caches."""
    named = os.environ.get("GUARD_CACHE_DIR")
    return Path(named).absolute() if named else platformdirs.user_cache_path("wheelguard")
