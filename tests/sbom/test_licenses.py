"""Declared licences: what SPDX knows by its id, and everything else by the name that it has."""

from __future__ import annotations

from typing import Any

import pytest

from guard.artifact.licensing import Licensing
from tests.sbom.described import component, named


def declared(**said: Any) -> list[str]:
    """Each licence in the document as `id MIT`, `expression …` or `name …`; all are declared."""
    found = component(named("frob", licensing=Licensing(**said))).get("licenses", [])
    shown = []
    for entry in found:
        inner = dict(entry.get("license", entry))
        assert inner.pop("acknowledgement") == "declared"
        [(kind, value)] = inner.items()
        shown.append(f"{kind} {value}")
    return shown


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("MIT", "id MIT"),
        ("apache-2.0", "id Apache-2.0"),
        ("mit or apache-2.0", "expression MIT OR Apache-2.0"),
        ("LicenseRef-Own", "expression LicenseRef-Own"),
        ("GPL-3.0-only WITH Classpath-exception-2.0",) * 2,
        ("MIT OR Apache-9.0", "name MIT OR Apache-9.0"),
        ("MIT OR", "name MIT OR"),
        ("(" * 400 + "MIT" + ")" * 400, f"name {'(' * 400}MIT{')' * 400}"),
        ("MIT 🦄\x1b[2J", r"name MIT 🦄\x1b[2J"),
        ("MIT\ud800", r"name MIT\ud800"),
    ],
)
def test_an_expression_is_one_if_spdx_knows_all_of_it(expression: str, shown: str) -> None:
    expected = shown if shown.startswith(("id ", "name ", "expression ")) else f"expression {shown}"
    assert declared(expression=expression) == [expected]


def test_beside_an_expression_nothing_else_counts() -> None:
    assert declared(expression="MIT", classifiers=("OSI Approved :: BSD License",), text="GPL") == [
        "id MIT"
    ]


@pytest.mark.parametrize(
    ("classifiers", "text", "shown"),
    [
        (("OSI Approved :: MIT License",), None, ["id MIT"]),
        (("OSI Approved :: BSD License",), "BSD-3-Clause", ["id BSD-3-Clause"]),
        (("OSI Approved :: BSD License",), "see LICENSE", ["name BSD License"]),
        (("OSI Approved :: MIT License", "OSI Approved"), "MIT", ["id MIT"]),
        (
            ("OSI Approved :: MIT License", "OSI Approved :: BSD License"),
            "MIT",
            ["id MIT", "name BSD License"],
        ),
        (
            ("OSI Approved :: MIT License", "OSI Approved :: BSD License"),
            "MIT OR BSD-3-Clause",
            ["expression MIT OR BSD-3-Clause"],
        ),
        ((), "MIT License", ["id MIT"]),
        ((), "Frob's own", ["name Frob's own"]),
        ((), "UNKNOWN", []),
        (("",), "", []),
    ],
)
def test_older_declarations_say_what_they_can(
    classifiers: tuple[str, ...], text: str | None, shown: list[str]
) -> None:
    assert sorted(declared(classifiers=classifiers, text=text)) == shown
