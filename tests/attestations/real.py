"""Real files with real attestations, which lie beside the checkout where they are there at all."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from guard.publisher import Provenance
from guard.sources.verifier import Verifier

_DATA: Final = Path(__file__).parents[3] / "shared/data/attestations"

REASON: Final = "there is no ../shared/data/attestations beside this checkout"

needs_real = pytest.mark.skipif(not _DATA.is_dir(), reason=REASON)


@dataclass(frozen=True)
class Real:
    """A file, its attestations, and what they are known to say."""

    path: Path
    evidence: Path
    known: dict[str, Any]

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    def verified(self, verifier: Verifier, raw: bytes | None = None) -> Provenance:
        """What the guard makes of the attestations, or of `raw` in their place."""
        one = self.known["attestation_kind"] == "attestation"
        verify = verifier.attestation if one else verifier.provenance
        raw = self.evidence.read_bytes() if raw is None else raw
        return verify(raw, filename=self.path.name, sha256=self.sha256)


def every_real() -> list[Real]:
    """Every entry of the index of real attestations; none where there is no such folder."""
    index = _DATA / "index.json"
    if not index.is_file():
        return []
    known = json.loads(index.read_text(encoding="utf-8"))
    return [Real(_DATA / k["filename"], _DATA / k["attestation_file"], k) for k in known]


def of(evidence: str) -> Real:
    """The entry whose attestations lie in `evidence`."""
    return next(each for each in every_real() if each.evidence.name == evidence)


def each_real() -> pytest.MarkDecorator:
    """Run a test for every entry, or skip it once."""
    entries = [pytest.param(each, id=each.evidence.name) for each in every_real()]
    nothing = [pytest.param(None, marks=pytest.mark.skip(reason=REASON), id="none")]
    return pytest.mark.parametrize("real", entries or nothing)
