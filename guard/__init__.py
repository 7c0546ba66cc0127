"""Guard: judges every artifact of an install before pip or uv may have it."""

__version__ = "0.1.0"
