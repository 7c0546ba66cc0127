"""The schema for editors says what the reader reads."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from guard.policy import parse
from guard.policy.case_tables import CaseTable
from guard.policy.schema import cases_schema, schema
from guard.rules import CATALOGUE, Rule

ROOT: Final = Path(__file__).parents[2]
SCHEMA: Final[dict[str, Any]] = json.loads(schema())
CASES: Final[dict[str, Any]] = json.loads(cases_schema())
STARTER: Final = (resources.files("guard.policy") / "starter.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("rule", CATALOGUE.values(), ids=str)
def test_every_option_of_every_rule_is_in_it(rule: type[Rule]) -> None:
    table = SCHEMA["$defs"]["rules"]["properties"][rule.id]
    assert set(table["properties"]) == set(rule.options())
    assert table["additionalProperties"] is False


def references(document: object) -> Iterator[str]:
    if isinstance(document, dict):
        if "$ref" in document:
            yield document["$ref"]
        for value in document.values():
            yield from references(value)
    elif isinstance(document, list):
        for value in document:
            yield from references(value)


@pytest.mark.parametrize("document", [SCHEMA, CASES], ids=["policy", "cases"])
def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    assert {r.removeprefix("#/$defs/") for r in references(document)} == set(document["$defs"])


def test_a_case_has_the_keys_that_are_read_and_no_others() -> None:
    table = CASES["$defs"]["CaseTable"]
    assert set(table["properties"]) == {f.encode_name for f in msgspec.structs.fields(CaseTable)}
    assert table["required"] == ["title", "expect", "name", "version"]
    assert all(table["additionalProperties"] is False for table in tables(CASES))
    (by, _) = table["properties"]["by"]["anyOf"]
    assert by["items"]["enum"] == list(CATALOGUE)


def tables(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield document
    yield from (each for each in document["$defs"].values() if each.get("type") == "object")


def test_every_key_of_a_preset_is_in_it() -> None:
    for path in (ROOT / "policies").glob("*.toml"):
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        assert set(table) <= set(SCHEMA["properties"])
        assert set(table.get("rules", {})) <= set(SCHEMA["$defs"]["rules"]["properties"])


@pytest.mark.parametrize(("name", "text"), [("policy", schema()), ("policy-cases", cases_schema())])
def test_the_one_that_is_shipped_is_this_one(name: str, text: str) -> None:
    written = ROOT / f"docs/reference/{name}.schema.json"
    assert written.read_text(encoding="utf-8") == text, "`make docs` writes it"


def test_the_starter_is_a_policy_and_so_is_each_of_its_examples() -> None:
    parse(STARTER, source="starter.toml")
    whole = re.sub(r"^# (?=[\[a-z])(?=\[\[|\w+[-.\w]* = )", "", STARTER, flags=re.MULTILINE)
    policy = parse(whole, source="starter.toml")
    assert len(policy.publishers) == len(policy.indexes) == len(policy.groups) == 1
    assert len(policy.deny) == len(policy.exemptions) == 1
