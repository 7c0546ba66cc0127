"""Where decoded, downloaded and environment data, and functions, go in a Python module, roughly.

The order of statements and the conditions on them do not count: what a name may hold, it holds.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any, Final

from guard.artifact import source_calls as calls
from guard.artifact.source_names import Names
from guard.artifact.source_units import Class, Module, Unit
from guard.artifact.source_values import ALL, DECODED, ENVIRONMENT, FETCHED, NOTHING, Values

_INSIDE: Final[dict[type[ast.expr], tuple[str, ...]]] = {
    ast.BinOp: ("left", "right"),
    ast.IfExp: ("body", "orelse"),
    **dict.fromkeys((ast.BoolOp, ast.JoinedStr, ast.Dict), ("values",)),
    **dict.fromkeys((ast.List, ast.Tuple, ast.Set), ("elts",)),
    **dict.fromkeys((ast.FormattedValue, ast.Starred, ast.Await, ast.NamedExpr), ("value",)),
}
"""Expressions that hold what is in them, and where that is."""

_ENVIRONS: Final = frozenset({"environ", "environb"})
_ENVIRON: Final = frozenset({f"{m}.{name}" for m in ("os", "posix", "nt") for name in _ENVIRONS})
_MANY: Final = 40
"""Functions and classes that are followed by one name."""

_RUNNERS: Final = frozenset(name.decode() for name in calls.RUNNERS)
_PROPERTIES: Final = frozenset({"property", "cached_property"})


class Flow:
    """What every name of a module may hold: such data, and the functions and classes of it."""

    def __init__(self, module: Module, names: Names) -> None:
        self._module = module
        self._names = names
        self._values = Values(module, self._bases)
        self._held: dict[str, dict[Unit | None, int]] = {}
        for unit, name, holds in self._values.known():
            self._held.setdefault(name, {})[unit] = holds
        self._returned: dict[Unit, int] = {}
        self._environ = {
            name
            for unit in module.units
            for name, origin in unit.origins.items()
            if origin in _ENVIRON
        }
        self._readers: dict[type[ast.expr], Callable[[Any, Unit], int]] = {
            ast.Name: self._name,
            ast.Attribute: self._attribute,
            ast.Call: self._call,
            ast.Lambda: self._lambda,
            ast.Subscript: self._subscript,
            ast.ListComp: self._comprehension,
            ast.SetComp: self._comprehension,
            ast.DictComp: self._comprehension,
            ast.GeneratorExp: self._comprehension,
            **dict.fromkeys(_INSIDE, self._content),
        }
        self._asking = module.units[0]
        self._askers: defaultdict[str | Unit, set[Unit]] = defaultdict(set)
        self._pending = dict.fromkeys(module.units)
        while self._pending:
            self._asking = next(iter(self._pending))
            del self._pending[self._asking]
            self._follow(self._asking)

    def forget(self) -> None:
        """Let go of all nodes."""
        self._values.forget()

    def called(self, function: ast.expr, unit: Unit) -> list[tuple[Unit, int]]:
        """Return what of the module a call runs, and how many parameters are given before it."""
        holds = self.of(function, unit)
        found = self._values.run_by(holds)
        if not found and isinstance(function, ast.Call | ast.Subscript):  # by a name in a text
            named = self._module.units[0].functions.get(
                self._names.origin(function, unit) or "", []
            )
            found = [(each, 0) for each in named]
        return found

    def method(self, owner: ast.expr, name: str, unit: Unit) -> list[Unit]:
        """Return the methods `name` of what `owner` is in `unit`."""
        held = self.of(owner, unit)
        return [each for each, _ in self._values.attribute(held, name)]

    def _bases(self, found: Class) -> int:
        return self._any(found.node.bases, found.unit)

    def _follow(self, unit: Unit) -> None:
        """Follow what is in a unit to where it goes from there."""
        for target, value in unit.binds:
            if holds := self.of(value, unit):
                self._mark(target, holds, unit)
        for call in unit.calls:
            self._hand_over(call, unit)
        for decorator, decorated in unit.decorators:
            self._decorate(decorator, decorated, unit)
        holds = self._any(unit.returns, unit)
        before = self._returned.get(unit, NOTHING)
        if holds | before != before:
            self._returned[unit] = holds | before
            self._pending |= dict.fromkeys(self._askers.get(unit, ()))

    def _hand_over(self, call: ast.Call, unit: Unit) -> None:
        """Follow what is given to a call."""
        function = call.func
        if isinstance(function, ast.Attribute) and function.attr in calls.ADDS:
            self._mark(function.value, self._arguments(call, unit), unit)
        for inner, given in self.called(function, unit):
            for name, argument in taken(inner, given, call):
                self._hold(inner, name, self.of(argument, unit))
        for node in handed(call):
            for inner, given in self.called(node, unit):
                for name, argument in _later(inner, given, call):
                    self._hold(inner, name, self.of(argument, unit))
        if isinstance(function, ast.Name) and function.id == "setattr":
            self._set(call, unit)

    def _set(self, call: ast.Call, unit: Unit) -> None:
        match call.args:
            case [_, named, value]:
                name = self._names.fold(named, unit)
                if isinstance(name, str):
                    self._hold(None, name, self.of(value, unit))
            case _:
                pass

    def _decorate(self, decorator: ast.expr, decorated: Unit | Class, unit: Unit) -> None:
        value = self._values.itself(decorated)
        for inner, given in self.called(decorator, unit):
            for name in inner.parameters[given : given + 1] if inner.owner is None else ():
                self._hold(inner, name, value)
            if (known_as := self._values.name(decorated)) is not None:
                self._hold(unit, known_as, self._result(inner))

    def _mark(self, target: ast.expr, holds: int, unit: Unit) -> None:
        match target:
            case ast.Name(id=name):
                self._hold(unit, name, holds)
                if name in unit.outer:
                    for scope in unit.scopes():
                        self._hold(scope, name, holds)
            case ast.Attribute(attr=name):
                self._hold(None, name, holds)
            case ast.Subscript(value=value, slice=key):
                self._mark(value, holds, unit)
                if self._names.origin(value, unit) in {"globals()", "vars()", "locals()"}:
                    self._hold(self._module.units[0], str(self._names.fold(key, unit)), holds)
            case ast.Starred(value=value):
                self._mark(value, holds, unit)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                for part in parts:
                    self._mark(part, holds, unit)
            case _:
                pass

    def _hold(self, unit: Unit | None, name: str, holds: int) -> None:
        """Remember what a name may hold in a unit, or an attribute of anything."""
        held = self._held.setdefault(name, {})
        before = held.get(unit, NOTHING)
        after = holds | before
        if after != before and after.bit_count() > _MANY:
            after = holds & ALL | before
        if after != before:
            held[unit] = after
            self._values.changed(name)
            self._pending |= dict.fromkeys(self._askers.get(name, ()))

    def _result(self, unit: Unit) -> int:
        self._askers[unit].add(self._asking)
        return self._returned.get(unit, NOTHING)

    def of(self, node: ast.expr, unit: Unit) -> int:
        """Return what the value of `node` may hold."""
        reader = self._readers.get(type(node))
        if reader is None:
            return NOTHING
        self._module.spend()
        return reader(node, unit)

    def _content(self, node: ast.expr, unit: Unit) -> int:
        return self._any(_inside(node), unit)

    def _any(self, nodes: list[ast.expr], unit: Unit) -> int:
        holds = NOTHING
        for node in nodes:
            holds |= self.of(node, unit)
        return holds

    def _name(self, node: ast.Name, unit: Unit) -> int:
        name = node.id
        self._askers[name].add(self._asking)
        holds = NOTHING
        if name in self._environ and self._names.origin(node, unit) in _ENVIRON:
            holds = ENVIRONMENT
        held = self._held.get(name)
        if held is not None:
            for scope in unit.scopes():
                holds |= held.get(scope, NOTHING)
        return holds

    def _subscript(self, node: ast.Subscript, unit: Unit) -> int:
        holds = self.of(node.value, unit)
        if _is_reversed(node.slice):
            return holds | (DECODED if self._names.fold(node.value, unit) else NOTHING)
        return holds & ~ENVIRONMENT

    def _attribute(self, node: ast.Attribute, unit: Unit) -> int:
        name = node.attr
        self._askers[name].add(self._asking)
        held = self._held.get(name)
        holds = NOTHING if held is None else held.get(None, NOTHING)
        if name in _ENVIRONS and self._names.origin(node, unit) in _ENVIRON:
            holds |= ENVIRONMENT
        base = self.of(node.value, unit)
        if name in calls.METHODS_PASS_ON:
            holds |= base
        if base > ALL:
            for method, given in self._values.attribute(base, name):
                holds |= self._values.itself(method, given)
                if method.marks & _PROPERTIES:
                    holds |= self._result(method)
            if held is not None:
                for space in self._values.spaces(base):
                    holds |= held.get(space, NOTHING)
        return holds

    def _lambda(self, node: ast.Lambda, _: Unit) -> int:
        return self._values.itself(self._module.lambdas[node])

    def _call(self, node: ast.Call, unit: Unit) -> int:
        called = node.func
        function = self.of(called, unit)
        holds = NOTHING
        if function > ALL:
            holds = self._values.made_by(function)
            for inner, _ in self._values.run_by(function):
                holds |= self._result(inner)
        origin = self._names.origin(called, unit)
        if origin is not None:
            holds |= self._known(origin, node, unit)
        if isinstance(called, ast.Attribute):
            if called.attr in calls.METHODS_PASS_ON:
                holds |= self._passed_on(called, node, unit)
        elif isinstance(called, ast.Name):
            if called.id == "super" and unit.owner is not None:
                holds |= self._values.made_by(self._bases(unit.owner))
            elif called.id == "getattr" and len(node.args) > 1:
                name = self._names.fold(node.args[1], unit)
                if isinstance(name, str):
                    holds |= self._attribute(ast.Attribute(node.args[0], name, ast.Load()), unit)
        return holds

    def _passed_on(self, method: ast.Attribute, node: ast.Call, unit: Unit) -> int:
        holds = self.of(method.value, unit) | self._arguments(node, unit)
        if method.attr == "join" and self._is_spelled(node.args):
            holds |= DECODED
        if method.attr == "decode" and self._is_cipher(node.args, unit):
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


def taken(inner: Unit, given: int, call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    """Yield the parameters of `inner`, but for the first `given` ones, with what a call gives."""
    names = inner.parameters[given:]
    for index, argument in enumerate(call.args):
        if isinstance(argument, ast.Starred):
            yield from ((name, argument) for name in (*names[index:], *inner.rest))
        elif index < len(names):
            yield names[index], argument
        else:
            yield from ((name, argument) for name in inner.rest)
    for keyword in call.keywords:
        if keyword.arg in names:
            yield keyword.arg, keyword.value
        else:
            found = inner.rest if keyword.arg is not None else (*names, *inner.rest)
            yield from ((name, keyword.value) for name in found)


def _later(inner: Unit, given: int, call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    """Yield the parameters of `inner` with what it may get from a call that it is handed to."""
    names = (*inner.parameters[given:], *inner.rest)
    yield from ((name, argument) for argument in call.args for name in names)
    for keyword in call.keywords:
        if keyword.arg in names:
            yield keyword.arg, keyword.value
        else:
            yield from ((name, keyword.value) for name in names)


def handed(call: ast.Call) -> list[ast.expr]:
    """Return the arguments of a call that runs functions that it is given."""
    function = call.func
    if isinstance(function, ast.Name):
        name = function.id
    elif isinstance(function, ast.Attribute):
        name = function.attr
    else:
        return []
    if name not in _RUNNERS:
        return []
    given = (*call.args, *(keyword.value for keyword in call.keywords))
    return [each for each in given if isinstance(each, ast.Name | ast.Attribute | ast.Lambda)]


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
