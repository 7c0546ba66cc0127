"""A Python module as the pieces of code that run together: the module itself, and each function."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

_DEFINING: Final = frozenset({ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef})
_NOTED: Final = frozenset({
    ast.Call, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.NamedExpr, ast.For, ast.AsyncFor,
    ast.withitem, ast.Return, ast.Yield, ast.YieldFrom, ast.Import,
    ast.ImportFrom, ast.Global, ast.Nonlocal, ast.Match, ast.comprehension,
})  # fmt: skip
_LEAVES: Final = frozenset({
    ast.Name, ast.Constant, ast.Load, ast.Store, ast.Del, ast.arg, ast.alias, ast.Pass,
    ast.operator, ast.Add, ast.Sub, ast.Mult, ast.And, ast.Or, ast.Not, ast.Eq, ast.NotEq, ast.Is,
    ast.IsNot, ast.In, ast.NotIn, ast.Mod, ast.BitOr, ast.Gt, ast.Lt, ast.GtE, ast.LtE, ast.Div,
    type(None), str, int, bytes, float, bool, complex, type(...),
})  # fmt: skip
"""What holds nothing that is looked for."""


_POWERFUL: Final = frozenset({
    "os", "posix", "nt", "subprocess", "pty", "socket", "requests", "httpx", "urllib", "urllib3",
    "http", "aiohttp", "base64", "binascii", "zlib", "marshal", "codecs", "builtins", "exec",
    "eval", "importlib", "asyncio", "types", "sys", "__import__", "pickle", "compile", "ctypes",
    "getattr",
})  # fmt: skip
_STARS: Final = 100
_STEPS: Final = 1_000_000
"""Far more than the longest honest module needs; fewer than can be waited for."""


class TangledError(Exception):
    """What a module does cannot be made out in a sensible time."""


@dataclass(slots=True, eq=False)
class Class:
    """A class of the module; its body runs when it is defined, its methods when they are called."""

    node: ast.ClassDef
    unit: Unit
    """What its body runs in; the names that it gives are known there too."""

    methods: dict[str, list[Unit]] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Unit:
    """What runs when a function is called, or when the module is imported."""

    module: Module
    parent: Unit | None
    owner: Class | None = None
    parameters: tuple[str, ...] = ()
    rest: tuple[str, ...] = ()
    """The parameters that take what none of the others does."""

    marks: frozenset[str] = frozenset()
    """The plain names of what decorates it."""

    outer: set[str] = field(default_factory=set)
    """The names that are given a value around it."""

    calls: list[ast.Call] = field(default_factory=list)
    decorators: list[tuple[ast.expr, Unit | Class]] = field(default_factory=list)
    """With what they decorate."""

    binds: list[tuple[ast.expr, ast.expr]] = field(default_factory=list)
    returns: list[ast.expr] = field(default_factory=list)
    functions: dict[str, list[Unit]] = field(default_factory=dict)
    classes: dict[str, list[Class]] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    """What a name was imported or assigned from, as a dotted path."""

    _bound: dict[str, ast.expr | None] | None = None

    def constant(self, name: str) -> ast.expr | None:
        """Return the expression that `name` is bound to here, if it is the only one."""
        if self._bound is None:
            self._bound = {}
            for target, value in self.binds:
                if isinstance(target, ast.Name):
                    self._bound[target.id] = None if target.id in self._bound else value
        return self._bound.get(name)

    def scopes(self) -> Iterator[Unit]:
        """Yield this unit and those around it, from the inside out."""
        scope: Unit | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def visible(self, name: str) -> ast.expr | None:
        """Return the expression that `name` is bound to here, or around here."""
        found = (scope.constant(name) for scope in self.scopes())
        return next((value for value in found if value is not None), None)

    def forget(self) -> None:
        """Let go of all nodes."""
        for nodes in (self.calls, self.decorators, self.binds, self.returns, self.classes):
            nodes.clear()
        self.owner = self._bound = None

    def stands_for(self, name: str, origin: str) -> None:
        """Remember what `name` stands for; of several things, that which can do more."""
        known = self.origins.get(name, "")
        if known.partition(".")[0] not in _POWERFUL:
            self.origins[name] = origin


@dataclass(slots=True, eq=False)
class Module:
    """All units of a module; the first is what runs on import."""

    units: list[Unit] = field(default_factory=list)
    lambdas: dict[ast.Lambda, Unit] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    """The modules of which everything is imported."""

    steps: int = _STEPS

    def spend(self, steps: int = 1) -> None:
        """Count some work. Raises `TangledError` if there was too much of it."""
        self.steps -= steps
        if self.steps < 0:
            raise TangledError("it would take too long")

    def forget(self) -> None:
        """Let go of all nodes."""
        self.lambdas.clear()
        for unit in self.units:
            unit.forget()


_Pending = tuple[ast.AST, Unit, Class | None]


def read_module(tree: ast.Module) -> Module:
    """Return the units of `tree`."""
    module = Module()
    top = Unit(module, None)
    aside = Unit(module, top)  # `if __name__ == "__main__"` does not run on import
    module.units += (top, aside)
    pending: list[_Pending] = [(node, top, None) for node in tree.body]
    while pending:
        node, unit, owner = pending.pop()
        kind = type(node)
        if kind in _DEFINING:
            pending += _defined(module, node, unit, owner)
            continue
        if kind in _NOTED:
            _note(module, node, unit)
        elif isinstance(node, ast.If) and unit is top and _is_by_hand(node.test):
            pending += ((child, aside, owner) for child in node.body)
            pending += ((child, unit, owner) for child in node.orelse)
            continue
        for child in _children(node):
            pending.append((child, unit, owner))
    return module


def _children(node: ast.AST) -> list[ast.AST]:
    found: list[ast.AST] = []
    for name in node._fields:
        value = getattr(node, name)
        if type(value) is list:
            found += [child for child in value if type(child) not in _LEAVES]
        elif type(value) not in _LEAVES:
            found.append(value)
    return found


def _defined(module: Module, node: ast.AST, unit: Unit, owner: Class | None) -> Iterator[_Pending]:
    """Add a function or a class; yield what of it runs now, and what later."""
    if isinstance(node, ast.Lambda):
        inner = Unit(module, unit, owner, _parameters(node.args), _rest(node.args))
        module.lambdas[node] = inner
        inner.returns.append(node.body)
        yield node.body, inner, None
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        marks = frozenset(mark for mark in map(_last_name, node.decorator_list) if mark)
        inner = Unit(module, unit, owner, _parameters(node.args), _rest(node.args), marks)
        space = owner.methods if owner is not None else unit.functions
        space.setdefault(node.name, []).append(inner)
        unit.decorators += ((decorator, inner) for decorator in node.decorator_list)
        yield from ((child, unit, None) for child in node.decorator_list)
        yield from ((child, unit, None) for child in _annotations(node))
        yield from ((child, inner, None) for child in node.body)
    elif isinstance(node, ast.ClassDef):
        found = Class(node, unit)
        unit.classes.setdefault(node.name, []).append(found)
        unit.decorators += ((decorator, found) for decorator in node.decorator_list)
        yield from ((child, unit, None) for child in (*node.bases, *node.decorator_list))
        yield from ((keyword.value, unit, None) for keyword in node.keywords)
        yield from ((child, unit, found) for child in node.body)
        return
    else:
        return
    module.units.append(inner)
    for argument, default in _defaults(node.args):
        inner.binds.append((ast.Name(argument, ast.Store()), default))
        yield default, unit, None


def _parameters(arguments: ast.arguments) -> tuple[str, ...]:
    named = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    return tuple(argument.arg for argument in named)


def _rest(arguments: ast.arguments) -> tuple[str, ...]:
    return tuple(each.arg for each in (arguments.vararg, arguments.kwarg) if each is not None)


def _last_name(node: ast.expr) -> str | None:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return None


def _annotations(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.expr]:
    """Yield what is run for the types that are declared; not by Python 3.14, unless asked for."""
    given = node.args
    arguments = (*given.posonlyargs, *given.args, given.vararg, *given.kwonlyargs, given.kwarg)
    for annotation in (*(each.annotation for each in arguments if each), node.returns):
        if annotation is not None and type(annotation) not in _LEAVES:
            yield annotation


def _defaults(arguments: ast.arguments) -> Iterator[tuple[str, ast.expr]]:
    positional = [*arguments.posonlyargs, *arguments.args]
    for argument, value in zip(positional[::-1], arguments.defaults[::-1], strict=False):
        yield argument.arg, value
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if default is not None:
            yield argument.arg, default


def _note(module: Module, node: ast.AST, unit: Unit) -> None:
    """Remember what of a node is asked for later."""
    if isinstance(node, ast.Call):
        unit.calls.append(node)
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        _import(module, node, unit)
    elif isinstance(node, (ast.Return, ast.Yield, ast.YieldFrom)):
        unit.returns += [node.value] if node.value is not None else []
    elif isinstance(node, (ast.Global, ast.Nonlocal)):
        unit.outer.update(node.names)
    else:
        unit.binds += _binds(node)


def _import(module: Module, node: ast.Import | ast.ImportFrom, unit: Unit) -> None:
    for name in node.names:
        if isinstance(node, ast.Import):
            root = name.name if name.asname else name.name.partition(".")[0]
            unit.stands_for(name.asname or root, root)
        elif node.module is not None and not node.level:
            unit.stands_for(name.asname or name.name, f"{node.module}.{name.name}")
            if name.name == "*" and node.module not in module.stars[:_STARS]:
                module.stars.append(node.module)


def _binds(node: ast.AST) -> list[tuple[ast.expr, ast.expr]]:  # noqa: PLR0911 - a table
    match node:
        case ast.Assign(targets=targets, value=value):
            return [(target, value) for target in targets]
        case ast.AugAssign(target=target, value=value):
            return [(target, value)] * 2  # never the only one
        case ast.For(target=target, iter=value) | ast.AsyncFor(target=target, iter=value):
            return [(target, value)] * 2
        case ast.comprehension(target=target, iter=value):
            return [(target, ast.Subscript(value, ast.Constant(0), ast.Load()))] * 2
        case ast.Match(subject=value, cases=cases):
            return [(target, value) for case in cases for target in _captured(case.pattern)] * 2
        case (
            ast.AnnAssign(target=target, value=ast.expr() as value)
            | ast.NamedExpr(target=target, value=value)
            | ast.withitem(optional_vars=ast.expr() as target, context_expr=value)
        ):
            return [(target, value)]
        case _:
            return []


def _captured(pattern: ast.pattern) -> Iterator[ast.expr]:
    """Yield the names that a pattern of a `match` gives a value to."""
    for node in ast.walk(pattern):
        if isinstance(node, ast.MatchAs | ast.MatchStar) and node.name is not None:
            yield ast.Name(node.name, ast.Store())


def _is_by_hand(test: ast.expr) -> bool:
    """Tell whether a condition is true only for what is run as a script."""
    match test:
        case (
            ast.Compare(
                left=ast.Name(id="__name__"), ops=[ast.Eq()], comparators=[ast.Constant("__main__")]
            )
            | ast.Compare(
                left=ast.Constant("__main__"), ops=[ast.Eq()], comparators=[ast.Name(id="__name__")]
            )
        ):
            return True
        case ast.BoolOp(op=ast.And(), values=values):
            return any(map(_is_by_hand, values))
        case _:
            return False
