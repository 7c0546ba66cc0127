"""Receipts: for every artifact that an installer was given, why it was.

A receipt is an in-toto statement v1 with the SLSA Verification Summary predicate v1. The receipts
of one run are one file, a line for each; a line is the statement itself, or the DSSE envelope
around it where there is a key to sign with.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import msgspec

from guard import dsse
from guard.admission import standing
from guard.dsse import PrivateKey
from guard.errors import EvidenceError
from guard.evidence.digests import facts
from guard.evidence.durable import settle, write_durably
from guard.model import Admitted, Built, Candidate, Finding, Listing, Origin
from guard.policy import Policy
from guard.publisher import Provenance

PREDICATE: Final = "https://slsa.dev/verification_summary/v1"
VERIFIER: Final = "pkg:pypi/wheelguard"
"""A package URL: it names this program, and no place on the web."""

_UNEVALUATED: Final = "SLSA_BUILD_LEVEL_UNEVALUATED"
"""SLSA: what was verified is said by the guard's own words; nobody looked for a level."""

_SCHEMA: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What the receipts of one run have in common."""

    id: str
    command: str
    guard: str
    """The version that judged."""

    policy: Policy
    policy_uri: str
    policy_digest: str


@dataclass(frozen=True, slots=True)
class Receipts:
    """The files of receipts under `folder`, in the user's private state."""

    folder: Path

    def write(self, run: Run, admitted: Sequence[Admitted], key: PrivateKey | None) -> str:
        """Write the receipts of a run, whole or not at all; return the sha256 of the file.

        Raises `EvidenceError`.
        """
        lines = [_written(statement(item, run)) for item in admitted]
        if key is not None:
            lines = [key.seal(line).encode() for line in lines]
        content = b"".join(line + b"\n" for line in lines)
        try:
            write_durably(self.path(run.id), content)
            settle(self.folder)
        except OSError as error:
            raise EvidenceError(
                f"the receipts in `{self.folder}` could not be written, so nothing was begun",
                reason=error.strerror or str(error),
                hint="free some space, or name another folder in GUARD_STATE_DIR",
            ) from None
        return hashlib.sha256(content).hexdigest()

    def path(self, run: str) -> Path:
        """Return where the receipts of a run are."""
        return self.folder / f"{run}.jsonl"


def _written(document: dict[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(document)
    except UnicodeEncodeError:  # half a character, which only escaped JSON can say
        return json.dumps(document, separators=(",", ":")).encode()


def statement(admitted: Admitted, run: Run) -> dict[str, Any]:
    """Return the receipt of one artifact."""
    candidate = admitted.verdict.candidate
    return {
        "_type": dsse.STATEMENT,
        "subject": [{"name": candidate.file.filename, "digest": {"sha256": admitted.sha256}}],
        "predicateType": PREDICATE,
        "predicate": {
            "verifier": {"id": VERIFIER, "version": {"wheelguard": run.guard}},
            "timeVerified": f"{candidate.judged_at:%Y-%m-%dT%H:%M:%SZ}",
            "resourceUri": _purl(candidate),
            "policy": {"uri": run.policy_uri, "digest": {"sha256": run.policy_digest}},
            "inputAttestations": list(_attestations(candidate)),
            "verificationResult": "PASSED",
            "verifiedLevels": [_UNEVALUATED],
            "slsaVersion": "1.0",
            "wheelguard": _extension(admitted, run),
        },
    }


def _purl(candidate: Candidate) -> str:
    """Return the package URL of a file: its release, its index and its name."""
    file = candidate.file
    version = f"@{quote(str(file.version), safe='')}" if file.version else ""
    places = {"file_name": file.filename}
    if isinstance(candidate.origin, Origin):
        places["repository_url"] = candidate.origin.url
    else:
        places["download_url"] = file.url
    qualifiers = "&".join(f"{key}={_quoted(places[key])}" for key in sorted(places))
    return f"pkg:pypi/{file.project}{version}?{qualifiers}"


def _quoted(text: str) -> str:
    return quote(text, safe=":/", errors="backslashreplace")


def _attestations(candidate: Candidate) -> Iterator[dict[str, Any]]:
    """Yield the PEP 740 object that was verified, where there was one."""
    proved, listing = candidate.provenance, candidate.listing
    if isinstance(proved, Provenance) and proved.document:
        url = listing.provenance_url if isinstance(listing, Listing) else None
        yield ({"uri": url} if url else {}) | {"digest": {"sha256": proved.document}}


def _extension(admitted: Admitted, run: Run) -> dict[str, Any]:
    """Return what the guard says beyond the predicate: under one key, as in-toto lets anybody."""
    verdict = admitted.verdict
    candidate = verdict.candidate
    file, requested = candidate.file, candidate.requested
    return {
        "schema": _SCHEMA,
        "run": run.id,
        "command": run.command,
        "name": str(file.project),
        "version": str(file.version) if file.version else None,
        "url": file.url,
        "requested": {
            "named": requested.named,
            "pinned": requested.pinned,
            "locked": requested.locked,
        },
        "standing": str(standing(candidate, run.policy)),
        "publishers": list(_publishers(candidate)),
        "findings": [_finding(finding) for finding in verdict.findings],
        "facts": facts(candidate),
        **_built(candidate),
    }


def _built(candidate: Candidate) -> dict[str, Any]:
    """Return what was built here of what, and with what; nothing of what an index has."""
    if not isinstance(built := candidate.built, Built):
        return {}
    used = [{"filename": name, "sha256": sha256} for name, sha256 in built.requirements]
    source = built.source.file
    said = {"filename": source.filename, "sha256": built.sha256, "url": source.url}
    return {"built_from": said | {"isolation": built.isolation, "requirements": used}}


def _publishers(candidate: Candidate) -> Iterator[Mapping[str, Any]]:
    proved = candidate.provenance
    for identity in proved.identities if isinstance(proved, Provenance) else ():
        claims: dict[str, Any] = msgspec.to_builtins(identity)
        yield {claim: value for claim, value in claims.items() if value is not None}


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": str(finding.rule),
        "level": str(finding.level),
        "message": finding.message,
        "unknown": finding.unknown,
        "waiver": finding.waiver,
    }
