"""A process that puts one file: `python -m tests.mirror.putting STORE SHA256 SOURCE`."""

from __future__ import annotations

import sys
from pathlib import Path

from guard.mirror.store import open_store

if __name__ == "__main__":
    open_store(sys.argv[1]).put(sys.argv[2], Path(sys.argv[3]))
