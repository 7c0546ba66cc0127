"""`__init__.py` files that declare a namespace package and do nothing else.

Essential reading: the packaging guide on namespace packages. Before PEP 420 every distribution with
a share in a namespace had to bring such a file, each in its own words, and many still do.
"""

from __future__ import annotations

import ast
import itertools
from functools import cache
from typing import Final

_PKGUTIL: Final = (
    "__path__ = __import__('pkgutil').extend_path(__path__, __name__)",
    "from pkgutil import extend_path\n__path__ = extend_path(__path__, __name__)",
    "import pkgutil\n__path__ = pkgutil.extend_path(__path__, __name__)",
)
_PKG_RESOURCES: Final = (
    "__import__('pkg_resources').declare_namespace(__name__)",
    "import pkg_resources\npkg_resources.declare_namespace(__name__)",
)


def declares_namespace(content: bytes) -> bool:
    """Tell whether a module with this content has no effect but that others can add to it."""
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    body = [node for node in tree.body if not _says_nothing(node)]
    return not body or _dumped(body) in _forms()


def _says_nothing(node: ast.stmt) -> bool:
    """Tell whether `node` is a docstring, or any other text that is for nobody."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


@cache
def _forms() -> frozenset[str]:
    either = (
        f"try:\n{_indented(one)}\nexcept ImportError:\n{_indented(other)}"
        for one, other in itertools.product(_PKG_RESOURCES, _PKGUTIL)
    )
    sources = (*_PKGUTIL, *_PKG_RESOURCES, *either)
    return frozenset(_dumped(ast.parse(source).body) for source in sources)


def _indented(source: str) -> str:
    return "\n".join(f"    {line}" for line in source.split("\n"))


def _dumped(body: list[ast.stmt]) -> str:
    return ast.dump(ast.Module(body=body, type_ignores=[]))
