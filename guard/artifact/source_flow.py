"""Where decoded, downloaded and environment data go in a Python module, roughly.

The order of statements and the conditions on them do not count: what a name may hold, it holds.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, Final

from guard.artifact import source_calls as calls
from guard.artifact.source_names import Names
from guard.artifact.source_units import Module, Unit

_INSIDE: Final[dict[type[ast.expr], tuple[str, ...]]] = {
    ast.BinOp: ("left", "right"),
    ast.IfExp: ("body", "orelse"),
    **dict.fromkeys((ast.BoolOp, ast.JoinedStr, ast.Dict), ("values",)),
    **dict.fromkeys((ast.List, ast.Tuple, ast.Set), ("elts",)),
    **dict.fromkeys((ast.FormattedValue, ast.Starred, ast.Await, ast.NamedExpr), ("value",)),
}
"""Expressions that hold what is in them, and where that is."""

_ROUNDS: Final = 4
"""As often as data may be handed on against the order of the text."""


# What may be in a value. Numbers, as an `IntFlag` takes ten times as long.
NOTHING: Final = 0
DECODED: Final = 1
FETCHED: Final = 2
ENVIRONMENT: Final = 4


class Flow:
    """What every name of a module may hold."""

    def __init__(self, module: Module, names: Names) -> None:
        self._module = module
        self._names = names
        self._held: dict[tuple[Unit | None, str], int] = {}
        self._returned: dict[Unit, int] = {}
        self._local: dict[ast.Call, list[Unit]] = {}
        self._readers: dict[type[ast.expr], Callable[[Any, Unit], int]] = {
            ast.Name: self._name,
            ast.Attribute: self._attribute,
            ast.Call: self._call,
            ast.Subscript: self._subscript,
            ast.ListComp: self._comprehension,
            ast.SetComp: self._comprehension,
            ast.DictComp: self._comprehension,
            ast.GeneratorExp: self._comprehension,
        }
        self._changed = False
        for _ in range(_ROUNDS):
            self._changed = False
            for unit in module.units:
                self._round(unit)
            if not self._changed:
                break

    def forget(self) -> None:
        """Let go of all nodes."""
        self._local.clear()

    def _round(self, unit: Unit) -> None:
        for target, value in unit.binds:
            if holds := self.of(value, unit):
                self._mark(target, holds, unit)
        for call in unit.calls:
            if isinstance(call.func, ast.Attribute) and call.func.attr in calls.ADDS:
                self._mark(call.func.value, self._arguments(call, unit), unit)
            for inner in self.called(call, unit):
                for name, argument in zip(inner.parameters, call.args, strict=False):
                    self._hold((inner, name), self.of(argument, unit))
        for value in unit.returns:
            holds = self.of(value, unit)
            before = self._returned.get(unit, NOTHING)
            if holds | before != before:
                self._returned[unit] = holds | before
                self._changed = True

    def called(self, call: ast.Call, unit: Unit) -> list[Unit]:
        """Return the functions of the module itself that a call runs."""
        if call not in self._local:
            self._local[call] = called(self._module, call.func, unit)
        return self._local[call]

    def _mark(self, target: ast.expr, holds: int, unit: Unit) -> None:
        match target:
            case ast.Name(id=name):
                self._hold((unit, name), holds)
            case ast.Attribute(attr=name):
                self._hold((None, name), holds)
            case ast.Subscript(value=value) | ast.Starred(value=value):
                self._mark(value, holds, unit)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                for part in parts:
                    self._mark(part, holds, unit)
            case _:
                pass

    def _hold(self, key: tuple[Unit | None, str], holds: int) -> None:
        before = self._held.get(key, NOTHING)
        if holds | before != before:
            self._held[key] = holds | before
            self._changed = True

    def of(self, node: ast.expr, unit: Unit) -> int:
        """Return what the value of `node` may hold."""
        self._module.spend()
        kind = type(node)
        if kind in _INSIDE:
            return self._any(_inside(node), unit)
        reader = self._readers.get(kind)
        return NOTHING if reader is None else reader(node, unit)

    def _any(self, nodes: list[ast.expr], unit: Unit) -> int:
        holds = NOTHING
        for node in nodes:
            holds |= self.of(node, unit)
        return holds

    def _name(self, node: ast.Name, unit: Unit) -> int:
        holds = self._environment(node, unit)
        for scope in unit.scopes():
            holds |= self._held.get((scope, node.id), NOTHING)
        return holds

    def _subscript(self, node: ast.Subscript, unit: Unit) -> int:
        holds = self.of(node.value, unit)
        if _is_reversed(node.slice):
            return holds | (DECODED if self._names.fold(node.value, unit) else NOTHING)
        return holds & ~ENVIRONMENT

    def _environment(self, node: ast.expr, unit: Unit) -> int:
        origin = self._names.origin(node, unit)
        whole = origin in {"os.environ", "os.environb", "posix.environ", "nt.environ"}
        return ENVIRONMENT if whole else NOTHING

    def _attribute(self, node: ast.Attribute, unit: Unit) -> int:
        holds = self._held.get((None, node.attr), NOTHING) | self._environment(node, unit)
        if node.attr in calls.METHODS_PASS_ON:
            holds |= self.of(node.value, unit)
        return holds

    def _call(self, node: ast.Call, unit: Unit) -> int:
        holds = NOTHING
        for inner in self.called(node, unit):
            holds |= self._returned.get(inner, NOTHING)
        origin = self._names.origin(node.func, unit)
        if origin is not None:
            holds |= self._known(origin, node, unit)
        if isinstance(node.func, ast.Attribute) and node.func.attr in calls.METHODS_PASS_ON:
            holds |= self.of(node.func.value, unit) | self._arguments(node, unit)
            if node.func.attr == "join" and self._is_spelled(node.args):
                holds |= DECODED
            if node.func.attr == "decode" and self._is_cipher(node.args, unit):
                holds |= DECODED
        return holds

    def _known(self, origin: str, node: ast.Call, unit: Unit) -> int:
        """Return what a function that is known by its `origin` returns."""
        holds = NOTHING
        if calls.uses_network(origin):
            holds |= FETCHED
        elif origin in {"os.environ.copy", "os.environ.items"}:
            holds |= ENVIRONMENT
        elif calls.decodes(origin) or self._is_decoded(origin, node, unit):
            holds |= DECODED | self._arguments(node, unit)
        elif origin in calls.PASSES_ON or calls.serializes(origin):
            holds |= self._arguments(node, unit)
        return holds

    def _is_decoded(self, origin: str, node: ast.Call, unit: Unit) -> bool:
        if origin == "marshal.loads":  # what is read from a file is what an import would run
            return bool(node.args) and self._names.fold(node.args[0], unit) is not None
        return origin in {"bytes", "bytearray"} and self._is_spelled(node.args)

    def _arguments(self, node: ast.Call, unit: Unit) -> int:
        keywords = [keyword.value for keyword in node.keywords]
        return self._any([*node.args, *keywords], unit)

    def _is_cipher(self, arguments: list[ast.expr], unit: Unit) -> bool:
        name = self._names.fold(arguments[0], unit) if arguments else None
        return isinstance(name, str) and name.lower().replace("_", "").replace("-", "") in {
            "rot13", "hex", "base64", "zlib", "bz2", "unicodeescape", "hexcodec", "base64codec",
        }  # fmt: skip

    def _is_spelled(self, arguments: list[ast.expr]) -> bool:
        """Tell whether a text is put together from numbers, or by exclusive or."""
        for argument in arguments:
            if isinstance(argument, (ast.ListComp, ast.GeneratorExp, ast.Call)):
                for node in ast.walk(argument):
                    self._module.spend()
                    match node:
                        case ast.BinOp(op=ast.BitXor()) | ast.Name(id="chr"):
                            return True
                        case _:
                            pass
        return False

    def _comprehension(
        self, node: ast.ListComp | ast.GeneratorExp | ast.SetComp | ast.DictComp, unit: Unit
    ) -> int:
        holds = self._any([generator.iter for generator in node.generators], unit)
        if any(generator.ifs for generator in node.generators):
            holds &= ~ENVIRONMENT
        element = node.value if isinstance(node, ast.DictComp) else node.elt
        return holds | self.of(element, unit)


def called(module: Module, function: ast.expr, unit: Unit) -> list[Unit]:
    """Return the functions of `module` that calling `function` in `unit` would run."""
    match function:
        case ast.Lambda():
            return [module.lambdas[function]]
        case ast.Name(id=name):
            return _by_name(module, name, unit)
        case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name) if unit.owner is not None:
            return unit.owner.methods.get(name, [])
        case (
            ast.Attribute(value=ast.Call(func=ast.Name(id=owner)), attr=name)
            | ast.Attribute(value=ast.Name(id=owner), attr=name)
        ):
            return method_of(_class_of(owner, unit), name, unit)
        case ast.NamedExpr(value=value):
            return called(module, value, unit)
        case _:
            return []


def _class_of(name: str, unit: Unit) -> str:
    """Return the class that `name` is an instance of, or `name`."""
    match unit.visible(name):
        case ast.Call(func=ast.Name(id=owner)):
            return owner
        case _:
            return name


def _by_name(module: Module, name: str, unit: Unit, depth: int = 3) -> list[Unit]:
    for scope in unit.scopes():
        if name in scope.functions:
            return scope.functions[name]
        if name in scope.classes:
            methods = (each for found in scope.classes[name] for each in found.methods.items())
            return [unit for name, units in methods if name.startswith("__") for unit in units]
        value = scope.constant(name)
        if isinstance(value, ast.Lambda):
            return [module.lambdas[value]]
        if isinstance(value, ast.Name) and depth:
            return _by_name(module, value.id, scope, depth - 1)
    return []


def method_of(owner: str, name: str, unit: Unit) -> list[Unit]:
    """Return the methods `name` of the class `owner`, as `unit` sees it."""
    for scope in unit.scopes():
        if owner in scope.classes:
            return [each for found in scope.classes[owner] for each in found.methods.get(name, [])]
    return []


def _inside(node: ast.expr) -> list[ast.expr]:
    found: list[ast.expr] = []
    for name in _INSIDE[type(node)]:
        value = getattr(node, name)
        found += value if isinstance(value, list) else [value]
    return found


def _is_reversed(key: ast.expr) -> bool:
    return (
        isinstance(key, ast.Slice)
        and isinstance(key.step, ast.UnaryOp)
        and isinstance(key.step.op, ast.USub)
    )
