"""What the mirror keeps: one record for each file that it has met, and what became of it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

from packaging.utils import NormalizedName

from guard.model import FileKind, Finding

PRIVATE = "private"
"""The owner of the projects that were uploaded to the mirror itself."""


class State(enum.StrEnum):
    """What the mirror does with a file. Only one of these lets bytes out."""

    UNJUDGED = "unjudged"
    """Listed, and nobody has asked for it."""

    ADMITTED = "admitted"
    DENIED = "denied"
    UNDECIDED = "undecided"
    REVOKED = "revoked"
    """Admitted once, and no more."""


@dataclass(frozen=True, slots=True)
class Key:
    """Names one file: the same bytes under another name are another file, and so the other way."""

    sha256: str
    filename: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A file as its upstream's page lists it."""

    key: Key
    project: NormalizedName
    version: str
    kind: FileKind
    origin: str
    """The index that it is from, without credentials; `PRIVATE` for what was uploaded here."""

    url: str
    """Where its bytes are; never shown to a client."""

    size: int | None = None
    upload_time: datetime | None = None
    requires_python: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What became of a file, under one state of policy, approvals and advisories."""

    state: State
    epoch: str
    """A digest of all that the judgement followed from, but for pages and files."""

    judged_at: datetime
    valid_until: datetime
    """From when on it has to be judged again: denied files ripen, approvals expire."""

    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What of a file is in the store, by digest: its bytes, and what was made of them."""

    size: int
    metadata: str | None = None
    """The sha256 of METADATA, which is in the store under that name."""

    provenance: str | None = None
    receipt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecord:
    """All that is known of one file."""

    listed: Listed
    decided: Decided | None = None
    held: Held | None = None

    @property
    def state(self) -> State:
        """What is to be done with it."""
        return self.decided.state if self.decided else State.UNJUDGED

    def served(self, *, epoch: str, moment: datetime) -> bool:
        """Tell whether its bytes may be sent without judging again."""
        decided = self.decided
        return (
            decided is not None
            and decided.state is State.ADMITTED
            and decided.epoch == epoch
            and moment < decided.valid_until
            and self.held is not None
        )

    def settled(self, *, epoch: str, moment: datetime) -> bool:
        """Tell whether it says what would be judged now."""
        decided = self.decided
        return (
            decided is not None
            and decided.epoch == epoch
            and moment < decided.valid_until
            and (decided.state is not State.ADMITTED or self.held is not None)
        )
