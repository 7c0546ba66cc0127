"""The recipes and examples: they can be read, and what they call is there."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from guard.cli.parser import parser
from tests.documents import ROOT
from tests.e2e.guarded import TIMEOUT
from tests.yaml_subset import NotSimpleError, read

EXAMPLES = ROOT / "docs" / "examples"
RECIPES = (ROOT / "docs/guides/docker.md", ROOT / "docs/guides/shell.md")
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_CALL = re.compile(r'(?<![\w/-])(?:[^\s"$(]*/)?guard"? ((?:check|install|lock|shell) [^\n&|)>"]*)')


def _blocks(language: str) -> list[str]:
    pages = (page.read_text(encoding="utf-8") for page in RECIPES)
    return [body for page in pages for given, body in _FENCE.findall(page) if given == language]


def _example(name: str) -> Any:
    return read((EXAMPLES / name).read_text(encoding="utf-8"))


def _texts() -> Iterator[str]:
    for path in sorted(EXAMPLES.rglob("*")):
        if path.is_file():
            yield path.read_text(encoding="utf-8")
    for language in ("dockerfile", "yaml", "json"):
        yield from _blocks(language)


def test_what_they_call_is_there() -> None:
    calls = [call.strip() for text in _texts() for call in _CALL.findall(text)]
    assert len(calls) >= 8
    for call in calls:
        assert parser().parse_args(shlex.split(call)).module


def test_recipes_can_be_read() -> None:
    for text in _blocks("yaml"):
        assert read(text)
    for text in _blocks("json"):
        assert json.loads(text)
    instructions = {"FROM", "RUN", "ENV", "COPY"}
    for text in _blocks("dockerfile"):
        lines = [line for line in text.splitlines() if line and not line.startswith(" ")]
        assert {line.split()[0] for line in lines} <= instructions
        assert lines[0].startswith("FROM ")


def test_the_action_is_a_composite_one_and_its_scripts_are_bash() -> None:
    action = _example("action.yml")
    assert action["runs"]["using"] == "composite"
    for step in action["runs"]["steps"]:
        assert step["shell"] == "bash"  # a composite action must say so
        # What comes from outside reaches a script as a variable, never as its text.
        assert "${{" not in step["run"]
        subprocess.run(["bash", "-n", "-c", step["run"]], check=True, timeout=TIMEOUT)


def test_the_hooks_name_what_a_hook_must() -> None:
    for hook in _example(".pre-commit-hooks.yaml"):
        assert {"id", "name", "entry", "language"} <= set(hook)
        words = [*shlex.split(hook["entry"]), *hook["args"]]
        assert words[0] == "guard"
        assert parser().parse_args(words[1:]).module == "check"
        assert {"pass_filenames": "false"}.items() <= hook.items()
        re.compile(hook["files"])


@pytest.mark.parametrize(
    "text",
    ["a: b: c\n", "a:\n\t- b\n", "a: 1\na: 2\n", "- a\n b: c\n", "a: {b: c}\n", "a: &x b\n", "a\n"],
)
def test_more_than_simple_is_an_error(text: str) -> None:
    with pytest.raises(NotSimpleError):
        read(text)
