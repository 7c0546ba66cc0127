"""How a reader says what is wrong with an archive: a `Defect` that travels as an exception."""

from __future__ import annotations

from guard.artifact.defect import Defect, DefectKind


class ArchiveError(Exception):
    """The archive cannot be read in one way only, and `defect` says why and where."""

    def __init__(self, defect: Defect) -> None:
        super().__init__(defect.message)
        self.defect = defect


def ambiguous(message: str, *, offset: int, member: str | None = None) -> ArchiveError:
    """Return the error for bytes that two readers could read differently."""
    kind = DefectKind.AMBIGUOUS_ARCHIVE
    return ArchiveError(Defect(kind=kind, message=message, member=member, offset=offset))


def oversized(message: str, *, offset: int, member: str | None = None) -> ArchiveError:
    """Return the error for an archive that asks for more than a reader may spend on it."""
    kind = DefectKind.OVERSIZED_ARCHIVE
    return ArchiveError(Defect(kind=kind, message=message, member=member, offset=offset))
