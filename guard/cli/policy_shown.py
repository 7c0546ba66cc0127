"""The effective policy, as TOML and as a document for programs: each value with its origin."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from guard.model import DenyEntry, IndexEntry, ReceiptTerms
from guard.policy import Exemption, Policy
from guard.policy.policy import Group
from guard.publisher import CLAIMS, IdentityPattern, Pin
from guard.report.text import plain
from guard.rules._page import toml

_BUILT_IN = "built in"


def shown(policy: Policy) -> str:
    """Return the policy as TOML, with the origin of each value beside it."""
    lines = [f"# Not all of it is loosened: {plain(reason)}." for reason in _floors(policy)]
    lines += [""] if lines else []
    lines += _approvals(policy)
    for rule in policy.rules:
        lines.append(f"[rules.{rule.id}]")
        for key, name in rule.options().items():
            origin = policy.origins.get(f"rules.{rule.id}.{key}", _BUILT_IN)
            lines.append(f"{key} = {toml(getattr(rule, name))}  # {plain(origin)}")
        lines.append("")
    for table, entries in _tables(policy).items():
        for entry in entries:
            lines += [f"[[{table}]]", *(f"{k} = {_value(v)}" for k, v in entry.items()), ""]
    for group in policy.groups:
        lines += ["[[group]]", f"name = {toml(group.name)}", f"members = {toml(group.members)}"]
        for rule_id, options in _options(policy, group).items():
            lines += [f"rules.{rule_id}.{key} = {toml(value)}" for key, value in options.items()]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def document(policy: Policy) -> dict[str, Any]:
    """Return the policy as it is serialized to JSON."""
    rules = {
        str(rule.id): {
            key: {
                "value": _plain(getattr(rule, name)),
                "origin": policy.origins.get(f"rules.{rule.id}.{key}", _BUILT_IN),
            }
            for key, name in rule.options().items()
        }
        for rule in policy.rules
    }
    groups = [
        {
            "name": group.name,
            "members": list(group.members),
            "rules": {
                rule: {key: _plain(value) for key, value in options.items()}
                for rule, options in _options(policy, group).items()
            },
        }
        for group in policy.groups
    ]
    tables = {
        table: [{key: _plain(value) for key, value in entry.items()} for entry in entries]
        for table, entries in _tables(policy).items()
    }
    return {
        "schema": 1,
        "floors": list(_floors(policy)),
        "approval": {
            "value": _required(policy),
            "origin": policy.origins.get("approval", _BUILT_IN),
        },
        "approvals": [
            {"name": entry.name, "version": str(entry.version), "source": entry.source}
            for entry in policy.approvals.entries
        ],
        "rules": rules,
        **tables,
        "group": groups,
    }


def _floors(policy: Policy) -> Iterator[str]:
    """Yield why the policy does not count in full, from the top."""
    return (each.floor.reason for each in policy.stack() if each.floor is not None)


def _required(policy: Policy) -> str:
    return "required" if policy.approval_required else "optional"


def _approvals(policy: Policy) -> Iterator[str]:
    yield f'approval = "{_required(policy)}"  # {plain(policy.origins.get("approval", _BUILT_IN))}'
    for entry in policy.approvals.entries:
        yield f"# approved: {entry.title}, in {plain(entry.source)}"
    yield ""


def _tables(policy: Policy) -> dict[str, list[dict[str, Any]]]:
    """Return the entries of the policy as its files have them; what is not set is left out."""
    found: dict[str, list[dict[str, Any]]] = {
        "publisher": list(map(_publisher, policy.publishers)),
        "index": list(map(_index, policy.indexes)),
        "deny": list(map(_deny, policy.deny)),
        "exempt": list(map(_exempt, policy.exemptions)),
    }
    return {
        table: [{key: value for key, value in entry.items() if value} for entry in entries]
        for table, entries in found.items()
    }


def _publisher(pin: Pin) -> dict[str, Any]:
    return {
        "name": pin.name,
        "identities": [_identity(pattern) for pattern in pin.identities],
        "attestation": "required" if pin.required else "if-present",
    }


def _identity(pattern: IdentityPattern) -> dict[str, Any]:
    kind = {"kind": str(pattern.kind)} if pattern.kind else {}
    claims = {claim.replace("_", "-"): list(getattr(pattern, claim)) for claim in CLAIMS}
    return kind | {claim: values for claim, values in claims.items() if values}


def _index(entry: IndexEntry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "url": entry.url,
        "owns": entry.owns,
        "trust-root": entry.trust_root,
    } | ({"receipts": _receipts(entry.receipts)} if entry.receipts else {})


def _receipts(terms: ReceiptTerms) -> dict[str, Any]:
    given = {"key": terms.key, "max-age": f"{terms.max_age // timedelta(seconds=1)} seconds"}
    return given | ({"policies": list(terms.policies)} if terms.policies else {})


def _deny(entry: DenyEntry) -> dict[str, Any]:
    versions = str(entry.versions) if entry.versions else None
    return {"name": entry.name, "reason": entry.reason, "versions": versions}


def _exempt(entry: Exemption) -> dict[str, Any]:
    return {
        "name": entry.name,
        "rule": entry.rule,
        "reason": entry.reason,
        "versions": str(entry.versions) if entry.versions else None,
        "sha256": entry.sha256,
        "approved-by": entry.approved_by,
        "expires": entry.expires,
    }


def _options(policy: Policy, group: Group) -> dict[str, dict[str, object]]:
    """Return what a group sets: for each rule, keys and values."""
    found = {}
    for rule in policy.rules:
        keys = {name: key for key, name in rule.options().items()}
        if given := group.options.get(rule.id):
            found[str(rule.id)] = {keys[name]: value for name, value in given.items()}
    return found


def _value(value: object) -> str:
    """Return `value` as TOML has it: dates without quotes, tables inline."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return f"[{', '.join(map(_inline, value))}]"
    return toml(value)


def _inline(table: dict[str, Any]) -> str:
    return "{ " + ", ".join(f"{key} = {toml(value)}" for key, value in table.items()) + " }"


def _plain(value: object) -> object:
    """Return `value` as JSON has it."""
    if isinstance(value, timedelta | date):
        return str(value)
    return list(value) if isinstance(value, tuple) else value
