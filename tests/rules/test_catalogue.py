"""The catalogue is whole: every rule is listed, named alike everywhere, documented and tested."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path
from typing import Final

import msgspec
import pytest

import guard.rules
from guard.model import Level, RuleId
from guard.policy import PRESETS, load, parse
from guard.rules import CATALOGUE, Rule
from guard.rules._page import index, page, summary

ROOT: Final = Path(__file__).parents[2]
MODULES: Final = sorted(
    path.stem for path in (ROOT / "guard/rules").glob("*.py") if not path.stem.startswith("_")
)
SECTIONS: Final = ["What it does", "Why is this bad?", "Example", "Remediation", "Options"]

every_rule = pytest.mark.parametrize("rule", [pytest.param(r, id=i) for i, r in CATALOGUE.items()])


def kebab(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


def example(rule: type[Rule]) -> str:
    """The documented example."""
    found = re.findall(r"```toml\n(.*?)```", page(rule), re.DOTALL)
    assert len(found) == 1, "one example of a policy"
    return str(found[0])


def test_every_module_is_in_the_catalogue() -> None:
    assert sorted(rule.__module__.rpartition(".")[2] for rule in CATALOGUE.values()) == MODULES


def test_every_rule_is_in_the_catalogue_under_its_own_name() -> None:
    assert {id_: rule.id for id_, rule in CATALOGUE.items()} == {id_: id_ for id_ in CATALOGUE}


@every_rule
def test_one_name_is_the_class_the_module_the_page_and_the_test(rule: type[Rule]) -> None:
    module = rule.__module__.rpartition(".")[2]
    assert rule.id == kebab(rule.__name__) == module.replace("_", "-")
    assert (ROOT / f"tests/rules/test_{module}.py").is_file()
    assert (ROOT / f"docs/rules/{rule.id}.md").is_file()


@every_rule
def test_the_documentation_page_is_the_rules_own(rule: type[Rule]) -> None:
    written = (ROOT / f"docs/rules/{rule.id}.md").read_text(encoding="utf-8")
    assert written == page(rule), "`make docs` writes it"


def test_the_index_of_the_documentation_lists_every_rule() -> None:
    written = (ROOT / "docs/rules/index.md").read_text(encoding="utf-8")
    assert written == index(CATALOGUE.values()), "`make docs` writes it"


def test_no_documentation_page_is_left_over() -> None:
    pages = {path.stem for path in (ROOT / "docs/rules").glob("*.md")} - {"index"}
    assert pages == set(CATALOGUE)


@every_rule
def test_the_page_says_what_why_and_what_to_do(rule: type[Rule]) -> None:
    text = page(rule)
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == SECTIONS
    for section in SECTIONS:
        body = text.partition(f"## {section}\n\n")[2].partition("\n## ")[0]
        assert len(body.strip()) > 40, section


@every_rule
def test_the_summary_is_one_sentence_about_what_is_objected_to(rule: type[Rule]) -> None:
    words = summary(rule)
    assert words.startswith(("Denies ", "Warns of "))
    assert words.endswith(".")
    assert words.count(". ") == 0


@every_rule
def test_the_example_is_a_policy_about_the_rule(rule: type[Rule]) -> None:
    text = example(rule)
    policy = parse(text, source=f"docs/rules/{rule.id}.md")
    given = tomllib.loads(text)
    configured = policy.rule(rule)
    filled = [table for name, table in rule.tables().items() if getattr(configured, name)]
    assert rule.id in given.get("rules", {}) or set(filled) & set(given)


@every_rule
def test_every_option_says_what_it_is_for(rule: type[Rule]) -> None:
    options = [f for f in msgspec.structs.fields(rule) if f.encode_name in rule.options()]
    for field in options:
        assert f"| `{field.encode_name}` |" in page(rule)
    for field in options[1:]:  # the first one is the level, which every rule has
        schema = msgspec.json.schema_components((field.type,), schema_hook=lambda _: {})[0][0]
        assert schema.get("description", "").endswith("."), field.name


@every_rule
def test_every_preset_says_how_strict_the_rule_is(rule: type[Rule]) -> None:
    for name in PRESETS:
        policy = load(name)
        assert policy.rule(rule).level in set(Level)
        assert policy.origins[f"rules.{rule.id}.level"] in PRESETS, name


@every_rule
def test_without_a_preset_the_rule_is_no_weaker_than_the_default_policy(rule: type[Rule]) -> None:
    order = list(Level)
    bare, default = rule().level, load("default").rule(rule).level
    assert order.index(bare) >= order.index(default)


@pytest.mark.parametrize("module", MODULES)
def test_a_rule_says_what_it_does_about_every_kind_of_fact(module: str) -> None:
    """`case _` would take in Unknown, and with it what the rule never thought of."""
    tree = ast.parse((ROOT / f"guard/rules/{module}.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.MatchAs):
            assert node.name is not None or node.pattern is not None, node.lineno


@pytest.mark.parametrize("module", MODULES)
def test_a_rule_is_pure(module: str) -> None:
    """I8: the clock is a fact, and so is all that is known."""
    tree = ast.parse((ROOT / f"guard/rules/{module}.py").read_text(encoding="utf-8"))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    called = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not names & {"open", "print", "input", "eval", "exec", "global"}
    assert not called & {"now", "utcnow", "today", "environ", "getenv", "read_text", "read_bytes"}


def test_the_catalogue_is_one_explicit_list() -> None:
    source = Path(guard.rules.__file__).read_text(encoding="utf-8")
    assert "pkgutil" not in source
    assert "__subclasses__" not in source
    assert list(CATALOGUE) == list(map(RuleId, dict.fromkeys(CATALOGUE)))
