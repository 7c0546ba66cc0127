"""pipx, poetry and pdm: what looks is passed on, what would install is refused by name."""

from __future__ import annotations

import json

import pytest

from guard.shell import shims
from tests.e2e.guarded import Guard, Ran, assert_paragraph


def typed(guard: Guard, *words: str, **settings: str) -> Ran:
    """Run a tool that says only that it ran, behind the guard."""
    tools = guard.folder / "bin"
    tools.mkdir(exist_ok=True)
    script = b'#!/bin/sh\necho "the real one: $0 $*"\n'
    shims.write_program(tools / words[0], script, mode=0o755)
    return guard(*words, PATH=f"{tools}:/usr/bin:/bin", **settings)


@pytest.mark.parametrize("words", [("pipx", "list"), ("poetry", "show"), ("pdm", "list")])
def test_what_only_looks_is_passed_on(guard: Guard, words: tuple[str, ...]) -> None:
    ran = typed(guard, *words)
    assert (ran.code, ran.out) == (
        0,
        f"the real one: {guard.folder / 'bin' / words[0]} {words[1]}\n",
    )


@pytest.mark.parametrize(
    "words",
    [
        ("pipx", "install", "ruff"),
        ("pipx", "run", "ruff"),
        ("poetry", "add", "six"),
        ("poetry", "install"),
        ("pdm", "add", "six"),
        ("pdm", "sync"),
        ("poetry", "no-such-command"),
        ("pipx", "install", "--no-such-option", "ruff"),
    ],
)
def test_what_would_install_is_refused(guard: Guard, words: tuple[str, ...]) -> None:
    ran = typed(guard, *words)
    assert (ran.code, ran.out) == (2, "")
    assert_paragraph(ran, 2, f"error: `{words[0]} ")


def test_one_command_can_be_let_past(guard: Guard) -> None:
    ran = typed(guard, "poetry", "install", GUARD_BYPASS="it is mine")
    assert (ran.code, ran.out.startswith("the real one: ")) == (0, True)
    (entry,) = (guard.state / "journal.jsonl").read_text().splitlines()
    assert json.loads(entry)["asked"] == ["poetry", "install"]


def test_a_tool_that_is_not_there_is_said_to_be_missing(guard: Guard) -> None:
    ran = guard("poetry", "install", PATH="/usr/bin:/bin")
    assert_paragraph(ran, 127, "there is no `poetry` on PATH")
