"""How much of a machine one build may take."""

from __future__ import annotations

from dataclasses import dataclass

_MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds that builds of large C extensions keep, and that a build without an end does not."""

    seconds: float = 1_800
    """For one hook of the backend."""

    output: int = 64 * _MIB
    """Bytes that it may say."""

    memory: int = 4_096 * _MIB
    """Bytes that one process may have for itself; in the sandbox alone."""

    written: int = 4_096 * _MIB
    """Bytes that it may have written at any moment, the copy of its source included."""

    entries: int = 500_000
    """Files and folders that it may have made, likewise."""

    source: int = 2_048 * _MIB
    """Bytes of the source, unpacked."""

    wheel: int = 2_048 * _MIB
    """Bytes of what it makes."""
