"""Who needs whom: markers of the target, extras that were asked for, and what is not here."""

from __future__ import annotations

import re
from typing import Final, cast

import pytest
from packaging.markers import Environment, default_environment
from packaging.utils import canonicalize_name

from guard.sbom.graph import Graph, Node, graph

LINUX: Final = cast(
    "Environment", {**default_environment(), "sys_platform": "linux", "python_version": "3.12"}
)


def node(name: str, *requires: str) -> Node:
    return canonicalize_name(name), requires


def drawn(*nodes: Node, wanted: str | None = None) -> Graph:
    """The graph of `nodes`; `wanted` is like `app[extra] other`."""
    if wanted is None:
        return graph(nodes, LINUX, None)
    pairs = re.findall(r"([a-z]+)(?:\[(.*?)\])?", wanted)
    names = {canonicalize_name(name): frozenset(extras.split(",")) for name, extras in pairs}
    return graph(nodes, LINUX, names)


def test_requirements_are_edges_by_any_spelling_of_the_name() -> None:
    found = drawn(node("app", "Typing_Extensions>=4", "b"), node("typing-extensions"), node("b"))
    assert found == Graph(roots=(0,), edges=((1, 2), (), ()), incomplete=frozenset())


def test_markers_are_those_of_the_target() -> None:
    found = drawn(
        node("app", "a; sys_platform == 'win32'", "b; sys_platform == 'linux'"),
        *(node("a"), node("b")),
        wanted="app",
    )
    assert found.edges[0] == (2,)


def test_an_extra_that_was_asked_for_is_followed_and_no_other() -> None:
    nodes = (
        node("app", "a; extra == 'Fast_Path'", "b; extra == 'other'"),
        *(node("a"), node("b")),
    )
    assert drawn(*nodes, wanted="app").edges[0] == ()
    assert drawn(*nodes, wanted="app[fast-path]").edges[0] == (1,)


def test_an_extra_that_another_asks_for_is_followed_through_a_chain() -> None:
    found = drawn(
        node("z", "b; extra == 'x'"),
        node("app", "m[y]"),
        node("m", "m[deep]; extra == 'y'", "z[x]; extra == 'deep'"),
        node("b"),
        wanted="app",
    )
    assert found.edges == ((3,), (2,), (0,), ())


def test_what_is_needed_and_not_here_is_said_to_be() -> None:
    found = drawn(node("app", "gone", "b"), node("b", "never; sys_platform == 'win32'"))
    assert (found.edges[0], found.incomplete) == ((1,), frozenset({0}))


def test_what_nobody_has_read_is_not_free_of_requirements() -> None:
    found = drawn((canonicalize_name("app"), None), node("b"))
    assert found.edges == (None, ())


@pytest.mark.parametrize("marker", ["sys_platform ~= 'linux'", "extras == 'x'", "'x' ~= 'x'"])
def test_a_marker_without_an_answer_leaves_its_part_incomplete(marker: str) -> None:
    found = drawn(node("app", f"b; {marker}", "c"), node("b"), node("c"))
    assert found.incomplete == {0}
    assert found.edges[0] == (2,)


def test_every_file_of_a_name_is_needed() -> None:
    found = drawn(node("app", "b"), node("b"), node("b"))
    assert found.edges[0] == (1, 2)


def test_without_a_request_the_roots_are_what_nobody_needs_and_one_of_each_circle() -> None:
    nodes = (node("a", "b"), node("b", "a"), node("c", "d"), node("d"), node("e", "e"))
    assert drawn(*nodes).roots == (2, 4, 0)


def test_with_a_request_the_roots_are_what_was_asked_for() -> None:
    assert drawn(node("a", "b"), node("b"), node("c"), wanted="b c").roots == (1, 2)


def test_more_extras_than_anybody_has_are_given_up() -> None:
    many = [f"app[e{n}]; extra == 'e{n - 1}'" for n in range(1, 400)]
    found = drawn(node("app", *many), wanted="app[e0]")
    assert found.incomplete == {0}


@pytest.mark.parametrize("text", ["", "not a requirement at all", "x" * 3000 + "!"])
def test_what_is_no_requirement_leaves_its_part_incomplete(text: str) -> None:
    assert drawn(node("app", text)).incomplete == {0}
