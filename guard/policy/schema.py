"""The JSON Schemas of a policy and of its cases, for editors; `guard.policy` reads both itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec

from guard.duration import EXPECTED
from guard.policy.case_tables import WHEN, CasesFile, Moment
from guard.policy.tables import PolicyFile
from guard.rules import CATALOGUE, Rule

_UNSET = msgspec.UNSET
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> str:
    """Return the schema of a policy as indented JSON."""
    document, definitions = _of(PolicyFile)
    rules: dict[str, Any] = {}
    for id_, rule in CATALOGUE.items():
        rules[str(id_)], more = _rule(rule)
        definitions |= more
    table = {"type": "object", "additionalProperties": False, "properties": rules}
    document["properties"]["rules"] = {"$ref": "#/$defs/rules"}
    definitions["GroupTable"]["properties"]["rules"] = {"$ref": "#/$defs/rules"}
    definitions["rules"] = table
    return _written("A policy of Guard", document, definitions)


def cases_schema() -> str:
    """Return the schema of a file of cases as indented JSON."""
    document, definitions = _of(CasesFile)
    by = definitions["CaseTable"]["properties"]["by"]["anyOf"][0]
    by["items"] = {"enum": list(CATALOGUE)}
    return _written("What a team expects of its policy", document, definitions)


def _written(title: str, document: dict[str, Any], definitions: dict[str, Any]) -> str:
    """Return the schema with the definitions that it needs, directly or not."""
    needed: set[str] = set()
    found = set(_referred(document))
    while found:
        needed |= found
        found = {n for name in found for n in _referred(definitions[name])} - needed
    whole = {
        "$schema": _DIALECT,
        **document,
        "title": title,
        "$defs": {name: definitions[name] for name in sorted(needed)},
    }
    return json.dumps(whole, indent=2) + "\n"


def _rule(rule: type[Rule]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the table of a rule: its options, without what comes from elsewhere in the file."""
    options = rule.options()
    fields = [
        (f.name, f.type | msgspec.UnsetType, msgspec.field(name=f.encode_name, default=_UNSET))
        for f in msgspec.structs.fields(rule)
        if f.encode_name in options
    ]
    table = msgspec.defstruct(rule.__name__, fields, forbid_unknown_fields=True, kw_only=True)
    document, definitions = _of(table)
    return document | {"description": (rule.__doc__ or "").partition("\n")[0]}, definitions


def _of(kind: type[msgspec.Struct]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the schema of one struct, and those of the others that it needs."""
    (document,), definitions = msgspec.json.schema_components(
        (kind,), schema_hook=_custom, ref_template="#/$defs/{name}"
    )
    return definitions.pop(document["$ref"].rpartition("/")[2]), definitions


def _custom(kind: type) -> dict[str, Any]:
    """Return the schema of a type that is ours; others are in no option of a rule."""
    if issubclass(kind, timedelta):
        return {"type": "string", "description": EXPECTED, "examples": ["7 days", "P7D"]}
    if kind is Moment:
        return {"type": "string", "description": WHEN, "examples": ["2 hours ago"]}
    return {"not": {}}


def _referred(document: object) -> Iterator[str]:
    """Yield the names of the definitions that `document` needs directly."""
    if isinstance(document, dict):
        if isinstance(reference := document.get("$ref"), str):
            yield reference.rpartition("/")[2]
        for value in document.values():
            yield from _referred(value)
    elif isinstance(document, list):
        for value in document:
            yield from _referred(value)
