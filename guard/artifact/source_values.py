"""Sets of what a value in a Python module may be or hold, as the bits of a number."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from guard.artifact.source_units import Class, Module, Unit

NOTHING: Final = 0
DECODED: Final = 1
FETCHED: Final = 2
ENVIRONMENT: Final = 4
ALL: Final = DECODED | FETCHED | ENVIRONMENT
"""Any greater number has functions or classes of the module in it."""

_FIRST: Final = 3
_STARTS: Final = {"start": "run"}
"""Methods that a class of the standard library has, and those that they run."""

_MANY: Final = 16
"""Functions and classes that one call may run."""

_Methods = list[tuple["Unit", int]]


class Values:
    """The bits of the functions and the classes of a module.

    A function has one, and one more for where its first parameter is given by how it is reached;
    a class has one for itself, and one for its instances. `bases` tells what is inherited from.
    """

    def __init__(self, module: Module, bases: Callable[[Class], int]) -> None:
        self._module = module
        self._bases = bases
        self._bit: dict[Unit | Class, int] = {}
        self._at: list[Unit | Class] = []
        self._names: dict[Unit | Class, str] = {}
        self._things_of: dict[int, list[tuple[Unit | Class, bool]]] = {}
        self._line_of: dict[Class, list[Class]] = {}
        self._methods_of: dict[tuple[int, str], _Methods] = {}
        self._inherited: set[str] = set()
        for unit in module.units:
            self._add(unit, None)
            for name, classes in unit.classes.items():
                for found in classes:
                    self._add(found, name)
                    self._inherited.update(_named(found.node.bases))
        for unit in module.units:
            for name, functions in unit.functions.items():
                self._names.update(dict.fromkeys(functions, name))

    def _add(self, thing: Unit | Class, name: str | None) -> None:
        self._bit[thing] = 1 << (_FIRST + 2 * len(self._at))
        self._at.append(thing)
        if name is not None:
            self._names[thing] = name

    def known(self) -> Iterator[tuple[Unit, str, int]]:
        """Yield the names that functions and classes have, and what the first parameter holds."""
        for unit in self._module.units:
            for name, functions in unit.functions.items():
                yield unit, name, self._all(functions)
            for name, classes in unit.classes.items():
                yield unit, name, self._all(classes)
                yield from (held for each in classes for held in self._selves(each))

    def _all(self, things: Iterable[Unit | Class]) -> int:
        bits = NOTHING
        for thing in things:
            bits |= self._bit[thing]
        return bits

    def _selves(self, owner: Class) -> Iterator[tuple[Unit, str, int]]:
        for methods in owner.methods.values():
            for method in methods:
                if method.parameters and "staticmethod" not in method.marks:
                    itself = self._bit[owner] << (0 if "classmethod" in method.marks else 1)
                    yield method, method.parameters[0], itself

    def changed(self, name: str) -> None:
        """Take note of a name that may hold more than before."""
        if name in self._inherited:
            self._line_of.clear()
            self._methods_of.clear()

    def itself(self, thing: Unit | Class, given: int = 0) -> int:
        """Return the bit of a function of which so many parameters are given, or of a class."""
        return self._bit[thing] << given

    def name(self, thing: Unit | Class) -> str | None:
        """Return the name that a function or a class has where it is defined."""
        return self._names.get(thing)

    def run_by(self, function: int) -> _Methods:
        """Return what a call of `function` runs, and how many parameters are given before it.

        Where it may run many things it is not known what it runs.
        """
        found: _Methods = []
        if function <= ALL or function.bit_count() > _MANY:
            return found
        for thing, second in self._things(function):
            if isinstance(thing, Unit):
                found.append((thing, int(second)))
            elif second:
                found += self._methods(thing, "__call__", instance=True)
            else:  # an instance may have any of these run as soon as it is made
                for owner in self._line(thing):
                    for name, methods in owner.methods.items():
                        if name.startswith("__"):
                            found += ((method, _given(method, instance=True)) for method in methods)
        return found

    def made_by(self, function: int) -> int:
        """Return the instances that a call of `function` makes."""
        made = NOTHING
        if function > ALL:
            for thing, second in self._things(function):
                if isinstance(thing, Class) and not second:
                    made |= self._bit[thing] << 1
        return made

    def attribute(self, held: int, name: str) -> _Methods:
        """Return the methods `name` of the classes and instances in `held`."""
        key = (held, name)
        found = self._methods_of.get(key)
        if found is None:
            found = self._methods_of[key] = []
            for thing, second in self._things(held):
                if isinstance(thing, Class):
                    found += self._methods(thing, name, instance=second)
                    if name in _STARTS:
                        found += self._methods(thing, _STARTS[name], instance=second)
        return found

    def spaces(self, held: int) -> set[Unit]:
        """Return where the bodies of the classes in `held`, and of those of instances, run."""
        classes = [thing for thing, _ in self._things(held) if isinstance(thing, Class)]
        return {owner.unit for each in classes for owner in self._line(each)}

    def _methods(self, owner: Class, name: str, *, instance: bool) -> _Methods:
        for each in self._line(owner):
            if name in each.methods:
                return [
                    (method, _given(method, instance=instance)) for method in each.methods[name]
                ]
        return []

    def _line(self, owner: Class) -> list[Class]:
        """Return a class and what it inherits from."""
        line = self._line_of.get(owner)
        if line is None:
            line = self._line_of[owner] = [owner]
            for each in line:
                for thing, second in self._things(self._bases(each)) if each.node.bases else ():
                    if isinstance(thing, Class) and not second and thing not in line:
                        line.append(thing)
        return line

    def _things(self, held: int) -> list[tuple[Unit | Class, bool]]:
        found = self._things_of.get(held)
        if found is None:
            found = self._things_of[held] = []
            left = held >> _FIRST
            while left:
                index = (left & -left).bit_length() - 1
                left &= left - 1
                found.append((self._at[index // 2], bool(index % 2)))
            self._module.spend(len(found))
        return found

    def forget(self) -> None:
        """Let go of all nodes."""
        for kept in (self._bit, self._at, self._names, self._things_of, self._line_of):
            kept.clear()
        self._methods_of.clear()


def _named(bases: Iterable[ast.expr]) -> Iterator[str]:
    for node in (node for base in bases for node in ast.walk(base)):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


def _given(method: Unit, *, instance: bool) -> int:
    if "staticmethod" in method.marks:
        return 0
    return 1 if instance or "classmethod" in method.marks else 0
