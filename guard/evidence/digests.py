"""Digests of what a verdict follows from: the policy, and the facts about one file.

The same value has the same digest on every machine: JSON with sorted keys and sorted sets, and
nothing of where a value was read from.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any, Final

import msgspec
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from guard.model import Absent, Candidate, Unknown, Versions
from guard.policy import Policy

_NO_FACTS: Final = frozenset({"file", "requested", "judged_at", "built"})
"""What a receipt says by itself."""

_ELSEWHERE: Final = frozenset({"origins", "floor", "rules", "approvals"})


def policy_digest(policy: Policy) -> str:
    """Return the sha256 of what a policy says, its approvals and its floors included."""
    return _sha256(_policy(policy))


def facts(candidate: Candidate) -> dict[str, dict[str, str]]:
    """Return each fact about a candidate: its digest, or why there is none or nobody knows."""
    names = [field.name for field in fields(candidate) if field.name not in _NO_FACTS]
    return {name: _fact(getattr(candidate, name)) for name in names}


def _fact(fact: object) -> dict[str, str]:
    match fact:
        case Absent(reason):
            return {"absent": reason}
        case Unknown(reason):
            return {"unknown": reason}
        case _:
            return {"sha256": _sha256(fact)}


def _policy(policy: Policy) -> dict[str, Any]:
    plain = {f.name: getattr(policy, f.name) for f in fields(policy) if f.name not in _ELSEWHERE}
    rules = {
        str(rule.id): {key: getattr(rule, name) for key, name in rule.options().items()}
        for rule in policy.rules
    }
    approvals = {
        "open": policy.approvals.open,
        "entries": [replace(entry, source="") for entry in policy.approvals.entries],
    }
    floor = _policy(policy.floor.policy) if policy.floor else None
    return plain | {"rules": rules, "approvals": approvals, "floor": floor}


def _sha256(value: object) -> str:
    try:
        content = _ENCODER.encode(value)
    except UnicodeEncodeError:  # half a character, which only escaped JSON can say
        plain = msgspec.to_builtins(value, enc_hook=_written, order="deterministic")
        content = json.dumps(plain).encode()
    return hashlib.sha256(content).hexdigest()


def _written(value: object) -> object:
    match value:
        case Version() | SpecifierSet() | Versions():
            return str(value)
        case timedelta():
            return value.total_seconds()
        case Mapping():
            return dict(value)
        case _:
            raise NotImplementedError(type(value).__name__)


_ENCODER: Final = msgspec.json.Encoder(enc_hook=_written, order="deterministic")
