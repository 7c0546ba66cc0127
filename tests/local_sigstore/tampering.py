"""Faults that need no key: what anyone between signer and verifier can do to a document."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from .encoding import JsonObject, b64, flipped
from .fault import Fault
from .statement import change_digest, encoded

Tampering: TypeAlias = Callable[[JsonObject], None]
Path: TypeAlias = tuple[str | int, ...]

_CERTIFICATE = ("verification_material", "certificate")
_ENTRIES = ("verification_material", "transparency_entries")
_ENTRY = (*_ENTRIES, 0)
_TIME = (*_ENTRY, "integratedTime")
_PROMISE = (*_ENTRY, "inclusionPromise")
_SET = (*_PROMISE, "signedEntryTimestamp")
_PROOF = (*_ENTRY, "inclusionProof")
_CHECKPOINT = (*_PROOF, "checkpoint")
_NOTE = (*_CHECKPOINT, "envelope")
_STATEMENT = ("envelope", "statement")
_SIGNATURE = ("envelope", "signature")


def changed(path: Path, change: Callable[[Any], Any]) -> Tampering:
    """Put in place of the value at `path` what `change` makes of it."""

    def tamper(document: JsonObject) -> None:
        parent = _at(document, path[:-1])
        parent[path[-1]] = change(parent[path[-1]])

    return tamper


def replaced(path: Path, value: object) -> Tampering:
    """Put `value` in place of the one at `path`."""
    return changed(path, lambda _: value)


def removed(*paths: Path) -> Tampering:
    """Remove what is at `paths`."""

    def tamper(document: JsonObject) -> None:
        for path in paths:
            del _at(document, path[:-1])[path[-1]]

    return tamper


def _at(document: Any, path: Path) -> Any:
    for key in path:
        document = document[key]
    return document


def _flip(encoded_bytes: str) -> str:
    return b64(flipped(base64.b64decode(encoded_bytes)))


def _flip_note(note: str) -> str:
    """Flip a bit of the signature, which is the last word of a signed note."""
    rest, _, signature = note.rstrip("\n").rpartition(" ")
    return f"{rest} {_flip(signature)}\n"


def _mangle_note(note: str) -> str:
    """Put a signature in the note that cannot be base64: it has one character too many."""
    return f"{note.rpartition(' ')[0]} AAAAA\n"


def _change_statement(payload: str) -> str:
    statement = json.loads(base64.b64decode(payload))
    change_digest(statement)
    return b64(encoded(statement))


TAMPERINGS: Mapping[Fault | None, Tampering] = {
    Fault.MALFORMED_CERTIFICATE: replaced(_CERTIFICATE, b64(b"not X.509")),
    Fault.BAD_SIGNATURE: changed(_SIGNATURE, _flip),
    Fault.EMPTY_SIGNATURE: replaced(_SIGNATURE, ""),
    Fault.TAMPERED_STATEMENT: changed(_STATEMENT, _change_statement),
    Fault.NO_LOG_ENTRY: replaced(_ENTRIES, []),
    Fault.UNKNOWN_ENTRY_KIND: replaced(
        (*_ENTRY, "kindVersion"), {"kind": "intoto", "version": "0.0.2"}
    ),
    Fault.UNKNOWN_ENTRY_VERSION: replaced((*_ENTRY, "kindVersion", "version"), "0.0.9"),
    # Rekor v2 neither promises nor tells the time.
    Fault.REKOR_V2_WITHOUT_TIMESTAMP: removed(_PROMISE, _TIME),
    Fault.NO_INCLUSION_PROOF: removed(_PROOF),
    Fault.BAD_INCLUSION_PROOF: changed((*_PROOF, "hashes", 0), _flip),
    Fault.WRONG_LOG_INDEX: changed((*_PROOF, "logIndex"), lambda index: str(int(index) - 1)),
    Fault.WRONG_ROOT_HASH: changed((*_PROOF, "rootHash"), _flip),
    Fault.NO_CHECKPOINT: removed(_CHECKPOINT),
    Fault.MALFORMED_CHECKPOINT: changed(_NOTE, _mangle_note),
    Fault.BAD_CHECKPOINT_SIGNATURE: changed(_NOTE, _flip_note),
    Fault.NO_SET: removed(_PROMISE),
    Fault.NO_INTEGRATED_TIME: removed(_TIME),
    Fault.BAD_SET: changed(_SET, _flip),
    Fault.SET_OF_OTHER_TIME: changed(_TIME, lambda time: str(int(time) + 60)),
    Fault.UNKNOWN_VERSION: replaced(("version",), 2),
    Fault.MALFORMED_BASE64: changed(_STATEMENT, lambda statement: statement[:-1]),
}
