"""Well-known names, and which of them another name could be mistaken for. Nothing is fetched."""

from __future__ import annotations

from guard.names.confusables import skeleton
from guard.names.resemblance import Kind, Resemblance, nearest

__all__ = ["Kind", "Resemblance", "nearest", "skeleton"]
