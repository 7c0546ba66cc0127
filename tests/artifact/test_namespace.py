"""`__init__.py` files that declare a namespace, in every honest wording and in no other."""

from __future__ import annotations

import pytest

from guard.artifact.namespace import declares_namespace

PKGUTIL = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)"
TRIED = """\
try:
    import pkg_resources
    pkg_resources.declare_namespace(__name__)
except ImportError:
    import pkgutil
    __path__ = pkgutil.extend_path(__path__, __name__)
"""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\ufeff# -*- coding: utf-8 -*-\n",
        '"""Of many."""\n# a comment\n',
        PKGUTIL,
        f"{PKGUTIL}  # type: ignore\n",
        "from pkgutil import extend_path\n\n__path__ = extend_path(__path__, __name__)\n",
        "import pkgutil\n__path__ = pkgutil.extend_path(__path__, __name__)",
        "from __future__ import absolute_import\n" + PKGUTIL,
        '__import__("pkg_resources").declare_namespace(__name__)',
        TRIED,
    ],
)
def test_a_declaration_is_known(text: str) -> None:
    assert declares_namespace(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "import os",
        "__path__ = []",
        f"{PKGUTIL}\nimport evil",
        f"import evil\n{PKGUTIL}",
        "__path__ = __import__('evil').extend_path(__path__, __name__)",
        "import pkgutil as evil\n__path__ = pkgutil.extend_path(__path__, __name__)",
        "from evil import extend_path\n__path__ = extend_path(__path__, __name__)",
        "try:\n    import evil\nexcept ImportError:\n    " + PKGUTIL,
        "f'{print()}'",
        "(" * 9_000,
        "-" * 9_000 + "1",
        "\0",
        "def",
    ],
)
def test_anything_else_is_not(text: str) -> None:
    assert not declares_namespace(text.encode())


def test_bytes_that_are_no_text_are_not() -> None:
    assert not declares_namespace(b"# coding: nonesuch\n\xff")
