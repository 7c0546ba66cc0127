"""What judgements follow from, besides the pages and the files: told apart by one digest."""

from __future__ import annotations

import hashlib
from typing import Final

from packaging.utils import NormalizedName
from packaging.version import Version

import guard
from guard.admission.gather import Admission
from guard.model import Absent, Unknown

_NOBODY: Final = NormalizedName("guard")
_NOWHERE: Final = Version("0")


def basis(admission: Admission, *more: str) -> str:
    """Return the digest of this program's version, the policy, the advisories, and `more`."""
    advisories = admission.advisories.of(_NOBODY, _NOWHERE)
    stand = (
        advisories.reason
        if isinstance(advisories, Absent | Unknown)
        else f"{advisories.as_of} {advisories.source}"
    )
    said = (guard.__version__, admission.policy.digest, stand, *more)
    return hashlib.sha256("\n".join(said).encode()).hexdigest()
