"""Receipts, read again: by whoever shows them, and by whoever wants to know that they are whole."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from guard import dsse
from guard.dsse import PublicKey, SealError
from guard.errors import EvidenceError
from guard.evidence.receipt import PREDICATE

_LIMIT: Final = 256 << 20


def receipts_of(path: Path, sha256: str) -> bytes:
    """Return what the file of receipts at `path` holds, if that is what was written there.

    Raises `EvidenceError`.
    """
    content = read(path)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise EvidenceError(
            f"`{path}` is not what was written there",
            reason=f"its sha256 is not the journal's, {sha256[:16]}…",
            hint="`guard log verify` says what else was changed",
        )
    return content


def read(path: Path) -> bytes:
    """Return what the file of receipts at `path` holds. Raises `EvidenceError`."""
    try:
        with path.open("rb") as stream:
            content = stream.read(_LIMIT + 1)
    except OSError as error:
        raise EvidenceError(f"`{path}` could not be read", reason=error.strerror) from None
    if len(content) > _LIMIT:
        raise EvidenceError(f"`{path}` is larger than {_LIMIT} bytes")
    return content


def statements(
    content: bytes, keys: Sequence[PublicKey] = ()
) -> Iterator[dict[str, Any] | SealError]:
    """Yield the statement of each line, or what is wrong with it.

    With `keys`, each line must be signed by one of them.
    """
    for line in content.removesuffix(b"\n").split(b"\n"):
        try:
            yield _statement(line, keys)
        except SealError as error:
            yield error


def _statement(line: bytes, keys: Sequence[PublicKey]) -> dict[str, Any]:
    document = dsse.json_object(line)
    if "payloadType" in document:
        payload = dsse.opened(line, keys)[0] if keys else dsse.unopened(line)
        document = dsse.json_object(payload)
    elif keys:
        raise SealError("it is not signed")
    if document.get("_type") != dsse.STATEMENT or document.get("predicateType") != PREDICATE:
        raise SealError("it is no receipt")
    try:
        msgspec.convert(document, _Receipt, strict=True)
    except msgspec.ValidationError as error:
        raise SealError(f"it is no receipt: {error}") from None
    return document


class _Subject(msgspec.Struct):
    name: str
    digest: dict[str, str]


class _Extension(msgspec.Struct):
    run: str
    name: str
    version: str | None
    standing: str
    findings: list[dict[str, Any]]


class _Predicate(msgspec.Struct):
    wheelguard: _Extension


class _Receipt(msgspec.Struct):
    """What whoever shows a receipt relies on."""

    subject: tuple[_Subject]
    predicate: _Predicate
