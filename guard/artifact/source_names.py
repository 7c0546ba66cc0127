"""What the names of a Python module stand for, through imports, assignments and look-ups."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, Final

from guard.artifact.source_constants import Constants
from guard.artifact.source_units import Module, Unit

_DOTTED: Final = 200
"""Characters of a dotted path."""

_BUILTINS: Final = frozenset({
    "exec", "eval", "compile", "__import__", "getattr", "setattr", "vars", "globals", "locals",
    "str", "repr", "dict", "bytes", "bytearray", "list", "tuple", "map", "chr", "open", "next",
    "iter", "reversed", "memoryview", "filter", "__builtins__", "format", "print", "sorted",
})  # fmt: skip
_ROOTS: Final = ("builtins.", "__builtins__.", "__builtin__.")
_IMPORTS: Final = frozenset({"__import__", "importlib.import_module", "importlib.__import__"})
_LOOKUPS: Final = frozenset({"getattr", "inspect.getattr_static"})
_NAMESPACES: Final = frozenset({"globals()", "locals()", "vars()", "sys.modules", "__builtins__"})
_PASSES_ON: Final = frozenset({"functools.partial", "functools.partialmethod", "vars"})
_GETTERS: Final = ("__getattribute__", "__getattr__", "__getitem__", "get")
_STARRED: Final = frozenset({
    "system", "popen", "execv", "execve", "execvp", "execl", "execlp", "spawnl", "spawnv", "fork",
    "run", "call", "Popen", "check_call", "check_output", "getoutput", "getstatusoutput", "environ",
    "b64decode", "decompress", "unhexlify", "urlopen", "urlretrieve", "socket", "create_connection",
    "get", "post", "put", "Session", "loads", "Thread",
})  # fmt: skip
"""What is looked for among the names that `from module import *` brings."""


class Names:
    """Resolves names to the dotted path that they were imported or assigned from.

    `constructed` are the lines on which a name was put together, and what came of it.
    """

    def __init__(self, module: Module) -> None:
        self._module = module
        self._known: dict[ast.expr, str | None] = {}
        self._readers: dict[type[ast.expr], Callable[[Any, Unit], str | None]] = {
            ast.Name: self._named,
            ast.Attribute: self._attribute,
            ast.Call: self._called,
            ast.Subscript: self._subscript,
            ast.NamedExpr: self._inner,
            ast.Await: self._inner,
            ast.IfExp: self._either,
            ast.BoolOp: self._first,
        }
        self.fold = Constants(self.origin).fold
        self.constructed: dict[int, str] = {}
        for _ in range(2):  # an alias may stand before what it is an alias of
            for unit in module.units:
                self._bind(unit)
            self._known.clear()

    def forget(self) -> None:
        """Let go of all nodes."""
        self._known.clear()

    def _bind(self, unit: Unit) -> None:
        for target, value in unit.binds:
            if isinstance(target, ast.Name):
                origin = self.origin(value, unit)
                if origin is not None and origin != target.id:
                    unit.stands_for(target.id, origin)

    def origin(self, node: ast.expr, unit: Unit) -> str | None:
        """Return the dotted path that `node` stands for, with `()` for each call, or `None`."""
        if node in self._known:
            return self._known[node]
        self._module.spend()
        reader = self._readers.get(type(node))
        found = reader(node, unit) if reader is not None else None
        if found is not None:
            for root in _ROOTS:
                found = found.removeprefix(root)
        self._known[node] = found = found if found is None or len(found) <= _DOTTED else None
        return found

    def _named(self, node: ast.Name, unit: Unit) -> str | None:
        name = node.id
        for scope in unit.scopes():
            if name in scope.origins:
                return scope.origins[name]
            if name in scope.functions or name in scope.classes:
                return None
        if name in _BUILTINS:
            return name
        if name not in _STARRED:
            return None
        return next((f"{module}.{name}" for module in self._module.stars), None)

    def _attribute(self, node: ast.Attribute, unit: Unit) -> str | None:
        base = self.origin(node.value, unit)
        return _item(base, node.attr) if base is not None and node.attr != "__dict__" else base

    def _inner(self, node: ast.NamedExpr | ast.Await, unit: Unit) -> str | None:
        return self.origin(node.value, unit)

    def _either(self, node: ast.IfExp, unit: Unit) -> str | None:
        return self.origin(node.body, unit) or self.origin(node.orelse, unit)

    def _first(self, node: ast.BoolOp, unit: Unit) -> str | None:
        return next(filter(None, (self.origin(value, unit) for value in node.values)), None)

    def _called(self, node: ast.Call, unit: Unit) -> str | None:
        function = self.origin(node.func, unit)
        if function is None or not node.args:
            return function and f"{function}()"
        first = node.args[0]
        if function in _IMPORTS:
            return self._constructed(first, unit, "")
        if function in _PASSES_ON:
            return self.origin(first, unit)
        base, _, method = function.rpartition(".")
        if function in _LOOKUPS and len(node.args) > 1:
            found = self.origin(first, unit)
            return None if found is None else self._constructed(node.args[1], unit, found)
        if method in _GETTERS and (method != "get" or base in _NAMESPACES):
            return self._constructed(node.args[-1], unit, base)
        return f"{function}()"

    def _subscript(self, node: ast.Subscript, unit: Unit) -> str | None:
        base = self.origin(node.value, unit)
        if base is None or base.endswith(("environ", "argv")):
            return base and f"{base}[]"
        return self._constructed(node.slice, unit, base)

    def _constructed(self, node: ast.expr, unit: Unit, base: str) -> str | None:
        """Return what the name that `node` comes to stands for in `base`."""
        name = self.fold(node, unit)
        if not isinstance(name, str):
            return None
        found = _item(base, name)
        written = unit.visible(node.id) if isinstance(node, ast.Name) else node
        if not isinstance(written, ast.Constant):
            self.constructed[node.lineno] = found
        return found


def _item(base: str, name: str) -> str:
    return name if not base or base in _NAMESPACES else f"{base}.{name}"
