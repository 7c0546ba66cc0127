"""How bytes and objects are written into the documents minted here."""

from __future__ import annotations

import base64
import json
from typing import Any, TypeAlias

JsonObject: TypeAlias = dict[str, Any]


def b64(raw: bytes) -> str:
    """Write `raw` as standard base64, on one line."""
    return base64.b64encode(raw).decode("ascii")


def canonical_json(value: object) -> bytes:
    """Write `value` as RFC 8785 has it, for the ASCII strings and small integers used here."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")


def flipped(raw: bytes) -> bytes:
    """Flip the last bit of `raw`."""
    return raw[:-1] + bytes([raw[-1] ^ 1])
