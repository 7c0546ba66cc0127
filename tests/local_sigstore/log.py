"""Rekor: a transparency log that records signatures, and proves it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from .encoding import JsonObject, b64, canonical_json
from .key import SigningKey

ORIGIN = "rekor.local-sigstore.test"

_SHARD_SIZE = 16
"""Proofs cost time in the size of the tree, so a shard is closed early and a new one begun."""


@dataclass(slots=True)
class TransparencyLog:
    """A log in shards, of which only the current one is kept."""

    key: SigningKey
    leaves: list[bytes] = field(default_factory=list)
    """The hashes of the entries in this shard."""
    sealed: int = 0
    """How many entries the shards before this one have."""

    @classmethod
    def create(cls) -> Self:
        """Make an empty log with a key of its own."""
        return cls(SigningKey.generate())

    def record(self, body: JsonObject, at: datetime) -> JsonObject:
        """Add an entry, and describe it by a protobuf-specs TransparencyLogEntry.

        A stranger's entry comes before it and one after it, so that its proof is never trivial.
        """
        raw = canonical_json(body)
        if len(self.leaves) + 3 > _SHARD_SIZE:
            self.sealed, self.leaves = self.sealed + len(self.leaves), []
        index = len(self.leaves) + 1
        self.leaves += [_STRANGER, _leaf(raw), _STRANGER]
        time = int(at.timestamp())
        return {
            "logIndex": str(self.sealed + index),
            "logId": {"keyId": b64(self.key.key_id)},
            "kindVersion": {"kind": body["kind"], "version": body["apiVersion"]},
            "integratedTime": str(time),
            "inclusionPromise": {"signedEntryTimestamp": b64(self._promise(raw, time, index))},
            "inclusionProof": self._proof(index),
            "canonicalizedBody": b64(raw),
        }

    def checkpoint(self, size: int, root: bytes) -> str:
        """Sign that a tree of this `size` has this `root`, as a signed note.

        signed-note: the signature is preceded by four bytes that hint at the key.
        """
        note = f"{ORIGIN} - 1\n{size}\n{b64(root)}\n"
        signature = b64(self.key.key_id[:4] + self.key.sign(note.encode()))
        return f"{note}\n\N{EM DASH} {ORIGIN} {signature}\n"

    def _proof(self, index: int) -> JsonObject:
        size, root = len(self.leaves), tree_root(self.leaves)
        return {
            "logIndex": str(index),
            "rootHash": b64(root),
            "treeSize": str(size),
            "hashes": [b64(node) for node in inclusion_path(index, self.leaves)],
            "checkpoint": {"envelope": self.checkpoint(size, root)},
        }

    def _promise(self, raw: bytes, time: int, index: int) -> bytes:
        """Sign that the entry was accepted at `time`: Rekor's signed entry timestamp (SET)."""
        return self.key.sign(
            canonical_json(
                {
                    "body": b64(raw),
                    "integratedTime": time,
                    "logID": self.key.key_id.hex(),
                    "logIndex": self.sealed + index,
                }
            )
        )


def tree_root(leaves: list[bytes]) -> bytes:
    """Hash a non-empty list of leaf hashes to the root of their Merkle tree.

    RFC-6962: MTH(D[n]) = SHA-256(0x01 || MTH(D[0:k]) || MTH(D[k:n]))
    """
    if len(leaves) == 1:
        return leaves[0]
    k = _split(leaves)
    return _node(tree_root(leaves[:k]), tree_root(leaves[k:]))


def inclusion_path(index: int, leaves: list[bytes]) -> list[bytes]:
    """List the hashes that lead from the leaf at `index` to the root, from the leaf up.

    RFC-6962: PATH(m, D[n]) = PATH(m, D[0:k]) : MTH(D[k:n]) for m < k
    """
    if len(leaves) == 1:
        return []
    k = _split(leaves)
    if index < k:
        return [*inclusion_path(index, leaves[:k]), tree_root(leaves[k:])]
    return [*inclusion_path(index - k, leaves[k:]), tree_root(leaves[:k])]


def _split(leaves: list[bytes]) -> int:
    """RFC-6962: let k be the largest power of two smaller than n."""
    return 1 << (len(leaves) - 1).bit_length() - 1


def _leaf(raw: bytes) -> bytes:
    return hashlib.sha256(b"\0" + raw).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


_STRANGER = _leaf(b"somebody else's entry")
