"""What METADATA declares of the licence, in each of the ways that there have been (PEP 639)."""

from __future__ import annotations

import pytest

from guard.artifact.headers import parse
from guard.artifact.licensing import Licensing, read_licensing
from tests.artifact.archives import INFO, METADATA, content_of


def declared(*lines: str) -> Licensing:
    return read_licensing(parse("\n".join(lines).encode()))


def test_each_way_is_kept_as_it_is_written() -> None:
    found = declared(
        "License-Expression: mit OR Apache-2.0",
        "Classifier: Typing :: Typed",
        "Classifier: License :: OSI Approved :: MIT License",
        "Classifier: License :: Public Domain",
        "License: see LICENSE",
    )
    assert found == Licensing(
        expression="mit OR Apache-2.0",
        classifiers=("OSI Approved :: MIT License", "Public Domain"),
        text="see LICENSE",
    )


def test_the_content_of_a_wheel_has_it() -> None:
    text = f"{METADATA}License-Expression: MIT\n"
    assert content_of({f"{INFO}/METADATA": text}).licensing == Licensing(expression="MIT")


@pytest.mark.parametrize("lines", [(), ("License:",), ("License-Expression: ", "License:  ")])
def test_nothing_is_declared_where_nothing_is_said(lines: tuple[str, ...]) -> None:
    assert declared(*lines) == Licensing()


def test_of_a_whole_licence_the_first_line_is_its_name() -> None:
    found = declared("License: ", "        The Frob License", "        ", "        Permission is")
    assert found.text == "The Frob License"


def test_what_stands_there_twice_is_not_declared() -> None:
    twice = ("License: MIT", "License: GPL", "License-Expression: MIT", "License-Expression: GPL")
    assert declared(*twice) == Licensing()


def test_an_expression_that_readers_could_take_for_two_is_not_declared() -> None:
    assert declared("License-Expression: MIT", " OR Apache-2.0").expression is None


def test_what_is_too_long_is_cut_and_no_expression_any_more() -> None:
    found = declared(f"License-Expression: {'MIT OR ' * 10_000}MIT", f"License: {'x' * 10_000}")
    assert found.expression is not None
    assert found.text is not None
    assert found.expression.endswith("…")
    assert len(found.expression) == len(found.text) == 501


def test_of_many_classifiers_the_first_are_kept() -> None:
    found = declared(*(f"Classifier: License :: {n}" for n in range(1000)))
    assert found.classifiers == tuple(map(str, range(20)))
