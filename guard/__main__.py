"""`python -m guard`."""

from __future__ import annotations

from guard.cli import entry

if __name__ == "__main__":
    entry()
