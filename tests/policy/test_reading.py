"""From a file to the policy in force: defaults, what is extended, where each value comes from."""

from __future__ import annotations

import contextlib
import tomllib
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from guard.errors import PolicyError
from guard.model import IndexEntry, Level
from guard.policy import Policy, load, parse
from guard.rules import CATALOGUE
from guard.rules.archived_project import ArchivedProject
from guard.rules.denied_release import DeniedRelease
from guard.rules.foreign_index import ForeignIndex
from guard.rules.fresh_upload import FreshUpload
from guard.rules.yanked_file import YankedFile
from tests.builders import a_policy

WEEK: Final = timedelta(days=7)


def test_an_empty_file_has_every_rule_in_force_but_its_own_defaults() -> None:
    policy = a_policy()
    assert policy.rule(FreshUpload).age == WEEK
    assert policy.rule(ArchivedProject).level is Level.WARN
    assert policy.origins == {}


def test_extending_merges_key_by_key() -> None:
    policy = a_policy("""
        extends = "strict"
        rules.fresh-upload.level = "warn"
        rules.yanked-file.level = "off"
    """)
    fresh, yanked = policy.rule(FreshUpload), policy.rule(YankedFile)
    assert (fresh.level, fresh.age) == (Level.WARN, 2 * WEEK)
    assert (yanked.level, yanked.pinned_level) == (Level.OFF, Level.DENY)
    assert policy.rule(ArchivedProject).level is Level.DENY


def test_each_value_remembers_who_said_it() -> None:
    policy = a_policy("""
        extends = "strict"
        rules.fresh-upload.level = "warn"
    """)
    assert policy.origins["rules.fresh-upload.level"] == "guard.toml"
    assert policy.origins["rules.fresh-upload.age"] == "strict"
    assert policy.origins["rules.yanked-file.level"] == "default"
    assert "rules.fresh-upload.exempt-indexes" not in policy.origins


def test_a_value_that_repeats_the_default_still_weighs_against_the_preset() -> None:
    policy = a_policy("""
        extends = "strict"
        rules.fresh-upload.age = "7 days"
    """)
    assert policy.rule(FreshUpload).age == WEEK


def test_tables_reach_the_rules_that_are_filled_from_them() -> None:
    policy = a_policy("""
        [[index]]
        name = "internal"
        url = "https://user:secret@Packages.example.com:443/simple/"
        owns = ["Acme_*"]

        [[deny]]
        name = "Lite.LLM"
        reason = "bad"
    """)
    entry = IndexEntry(name="internal", url="https://packages.example.com/simple", owns=("acme-*",))
    assert policy.indexes == policy.rule(ForeignIndex).indexes == (entry,)
    assert policy.rule(FreshUpload).indexes == (entry,)
    assert [e.name for e in policy.rule(DeniedRelease).releases] == ["lite-llm"]


def test_an_exemption_is_read_whole() -> None:
    (exemption,) = a_policy(f"""
        [[exempt]]
        name = "Py_Win32"
        rule = "yanked-file"
        versions = ">=300,<400"
        sha256 = ["{"AB" * 32}"]
        reason = "reviewed"
        approved-by = "sec@example.com"
        expires = 2027-03-01
    """).exemptions
    assert exemption.name == "py-win32"
    assert exemption.sha256 == ("ab" * 32,)
    assert str(exemption.versions) == "<400,>=300"
    assert exemption.expires == date(2027, 3, 1)
    assert exemption.approved_by == "sec@example.com"


def test_a_preset_is_loaded_by_its_name_even_where_a_file_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "strict").write_text('rules.fresh-upload.level = "off"\n')
    monkeypatch.chdir(tmp_path)
    assert load("strict").rule(FreshUpload).level is Level.DENY
    assert load("./strict").rule(FreshUpload).level is Level.OFF


def test_pyproject_has_it_in_a_table_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text('rules = 1\n[tool.guard]\nextends = "strict"\n')
    assert load(str(path)).rule(FreshUpload).age == 2 * WEEK


@pytest.mark.parametrize("id_", CATALOGUE)
def test_each_rule_can_be_switched_off_and_no_other_is(id_: str) -> None:
    policy = a_policy(f'rules.{id_}.level = "off"\n')
    assert {rule.id for rule in policy.in_force()} == CATALOGUE.keys() - {id_}


keys = st.sampled_from(
    ["extends", "rules", "index", "deny", "exempt", "publisher", "name", "url", "owns", "reason"]
) | st.sampled_from(["level", "age", "allow", "versions", "sha256", "expires", *CATALOGUE])
texts = st.sampled_from(["default", "deny", "7 days", "https://[", "==1", "*", "", "yanked-file"])
values: st.SearchStrategy[Any] = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.dates() | st.datetimes() | texts | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=8,
)


def written(value: object) -> str:
    """`value` in TOML."""
    match value:
        case bool():
            return str(value).lower()
        case dict():
            return "{" + ", ".join(f"{key} = {written(v)}" for key, v in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(written, value)) + "]"
        case str():
            return '"' + "".join(f"\\U{ord(c):08x}" for c in value) + '"'
        case date():
            return value.isoformat()
        case _:
            return str(value)


def read(text: str) -> Policy | None:
    with contextlib.suppress(PolicyError):
        return parse(text, source="guard.toml")
    return None


@given(text=st.text(max_size=200))
@settings(max_examples=100, deadline=None)
@example("a = [" * 5000)
@example(f"a = {'9' * 5000}")
def test_any_text_is_a_policy_or_a_policy_error(text: str) -> None:
    read(text)


@given(document=st.dictionaries(keys, values, max_size=4))
@settings(max_examples=200, deadline=None)
@example({"rules": {"fresh-upload": 1}})
@example({"deny": [{"name": "x", "reason": "r", "versions": f"=={'9' * 5000}"}]})
@example({"rules": {"direct-url": {"allow": ["https://["]}}})
def test_any_document_is_a_policy_or_a_policy_error(document: dict[str, Any]) -> None:
    text = "".join(f"{key} = {written(value)}\n" for key, value in document.items())
    assert tomllib.loads(text).keys() == document.keys()
    read(text)
