"""What is wrong with an artifact: found by a reader, judged by a rule."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class DefectKind(enum.StrEnum):
    """The rule that a defect is for."""

    AMBIGUOUS_ARCHIVE = "ambiguous-archive"
    OVERSIZED_ARCHIVE = "oversized-archive"
    UNSAFE_PATH = "unsafe-path"
    RECORD_MISMATCH = "record-mismatch"
    METADATA_MISMATCH = "metadata-mismatch"
    STARTUP_HOOK = "startup-hook"
    SHADOWING_COMMAND = "shadowing-command"
    UNDECLARED_BINARY = "undeclared-binary"
    UNSAFE_PICKLE = "unsafe-pickle"
    SUSPICIOUS_CODE = "suspicious-code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """One thing that no honest build tool writes, or that two readers could read differently."""

    kind: DefectKind
    message: str
    """What is wrong, and the two readings where there are two."""

    member: str | None = None
    """The member of the archive, or the path where a file would land."""

    offset: int | None = None
    """Bytes from the beginning of the archive."""
