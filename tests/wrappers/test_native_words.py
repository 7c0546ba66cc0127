"""Every option that the guard is said to have too, it has: its own parser takes the words."""

from __future__ import annotations

import pytest

from guard.cli.parser import parse
from guard.wrappers.coverage import Arity, Handling, Option, Treatment, classify, table

HONOURED = [
    (tool, path, name, option)
    for tool in ("pip", "uv")
    for path, entry in table(tool).commands.items()
    if entry.handling is Handling.NATIVE
    for name, option in entry.options.items()
    if option.treatment is Treatment.HONOURED
]


@pytest.mark.parametrize(
    ("tool", "path", "name", "option"), HONOURED, ids=lambda value: str(value)[:40]
)
def test_the_guard_has_what_it_is_said_to_have(
    tool: str, path: tuple[str, ...], name: str, option: Option
) -> None:
    value = [] if option.arity is Arity.FLAG else ["7 days" if "newer" in name else "x"]
    found = classify(tool, [*path, name, *value, "y"])
    assert found.handling is Handling.NATIVE
    arguments = parse(found.guard_words)
    assert arguments.module == table(tool).commands[path].guard


def test_a_value_that_looks_like_an_option_stays_a_value() -> None:
    words = classify("pip", ["install", "--index-url", "--policy", "-r", "--pre", "y"]).guard_words
    arguments = parse(words)
    assert (arguments.index_url, arguments.policy, arguments.pre) == ("--policy", None, False)
    assert [str(path) for path in arguments.requirement_files] == ["--pre"]
    after = parse(classify("uv", ["pip", "install", "--", "--policy=observe"]).guard_words)
    assert (after.requirement, after.policy) == (["--policy=observe"], None)
