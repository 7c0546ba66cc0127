"""What a run leaves behind, without a run: entries, receipts, and keys to sign with."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from guard.dsse import PrivateKey, private_key
from guard.evidence import Entry, Event, Journal, Receipts, Run
from guard.evidence.digests import policy_digest
from guard.model import Admitted, Candidate
from tests.builders import NOW, a_candidate, a_digest, a_file, a_policy, a_verdict

RUN: Final = "20260401T120000Z-00000000"


def a_run(toml: str = "", **changes: Any) -> Run:
    """A run under the policy that `toml` says."""
    policy = a_policy(toml)
    said: dict[str, Any] = {
        "id": RUN,
        "command": "install",
        "guard": "1.2.3",
        "policy": policy,
        "policy_uri": "file:///etc/wheelguard/guard.toml",
        "policy_digest": policy_digest(policy),
    }
    return Run(**said | changes)


def an_admitted(candidate: Candidate | None = None, toml: str = "") -> Admitted:
    """The proof that `candidate` may be installed."""
    candidate = candidate or a_candidate()
    return Admitted(a_verdict(candidate, toml), Path("unread.whl"), a_digest())


def an_entry(**changes: Any) -> Entry:
    """An entry of an install that went well."""
    said: dict[str, Any] = {
        "time": NOW,
        "run": RUN,
        "event": Event.DONE,
        "command": "install",
        "guard": "1.2.3",
        "by": "builder",
        "asked": ("litellm",),
    }
    return Entry(**said | changes)


def a_history(folder: Path, runs: int = 3, key: PrivateKey | None = None) -> tuple[str, ...]:
    """Let some runs have happened in `folder`; return their names."""
    journal, receipts = Journal(folder), Receipts(folder / "receipts")
    names = tuple(f"20260401T12000{n}Z-0000000{n}" for n in range(runs))
    for name in names:
        plan = [an_admitted(), an_admitted(a_candidate(file=a_file("idna", "3.10")))]
        written = receipts.write(a_run(id=name), plan, key)
        for event in (Event.BEGUN, Event.DONE):
            journal.append(an_entry(run=name, event=event, receipts=written, files=2))
    return names


@cache
def _pems(number: int) -> tuple[bytes, bytes]:
    key = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
    return (
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    )


def a_key_file(folder: Path, number: int = 1) -> Path:
    """A file with a private key; the public one lies beside it, and ends in `.pub`."""
    private, public = _pems(number)
    path = folder / f"key-{number}.pem"
    path.write_bytes(private)
    path.with_suffix(".pub").write_bytes(public)
    return path


def a_key(folder: Path, number: int = 1) -> PrivateKey:
    return private_key(a_key_file(folder, number))
