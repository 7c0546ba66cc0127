"""The schema for editors says what the reader reads."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any, Final

import pytest

from guard.policy import parse
from guard.policy.schema import schema
from guard.rules import CATALOGUE, Rule

ROOT: Final = Path(__file__).parents[2]
SCHEMA: Final[dict[str, Any]] = json.loads(schema())
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


def test_every_reference_leads_somewhere() -> None:
    assert {r.removeprefix("#/$defs/") for r in references(SCHEMA)} == set(SCHEMA["$defs"])


def test_every_key_of_a_preset_is_in_it() -> None:
    for path in (ROOT / "policies").glob("*.toml"):
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        assert set(table) <= set(SCHEMA["properties"])
        assert set(table.get("rules", {})) <= set(SCHEMA["$defs"]["rules"]["properties"])


def test_the_one_that_is_shipped_is_this_one() -> None:
    written = ROOT / "docs/reference/policy.schema.json"
    assert written.read_text(encoding="utf-8") == schema(), "`make docs` writes it"


def test_the_starter_is_a_policy_and_so_is_each_of_its_examples() -> None:
    parse(STARTER, source="starter.toml")
    whole = re.sub(r"^# (?=[\[a-z])(?=\[\[|\w+[-.\w]* = )", "", STARTER, flags=re.MULTILINE)
    policy = parse(whole, source="starter.toml")
    assert len(policy.publishers) == len(policy.indexes) == len(policy.groups) == 1
    assert len(policy.deny) == len(policy.exemptions) == 1
