"""Pickles of joblib: the raw bytes of an array come right after the opcode that builds its wrapper.

What follows them is found by the wrapper's type and shape, so those are followed as well. Whoever
loads such a file in another way reads the same bytes as opcodes; both ways are to be looked at.

Essential reading: `joblib.numpy_pickle`, `numpy.dtype.__reduce__`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import ClassVar, Final, NoReturn

from guard.artifact.pickle_machine import Machine, Steps, steps_of
from guard.artifact.pickle_opcodes import OPCODES, Opcode
from guard.artifact.pickle_reader import LostError

_WRAPPER: Final = ".numpy_pickle.NumpyArrayWrapper"
_SCALARS: Final = {"NONE", "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1"}
_INSTANCES: Final = {"REDUCE", "NEWOBJ", "NEWOBJ_EX", "OBJ"}
_FIXED: Final = frozenset("biufcmM")
_FLEXIBLE: Final = frozenset("SUV")
"""Kinds of array types: of the size that their name says, or their state."""

_SIZES: Final = frozenset({"1", "2", "4", "8", "16", "32"})
_MOST: Final = 1 << 40
"""Items of an array; NumPy multiplies in 64 bits, and does not mind if these overflow."""

_STATE: Final = 8
"""The fewest fields of a type's state: version, order, base, names, fields, size, …"""


def has_arrays(names: frozenset[str]) -> bool:
    """Tell whether a pickle that imports `names` has arrays that joblib would read."""
    return any(name.endswith(_WRAPPER) for name in names)


@dataclass(slots=True, eq=False)
class _Made:
    """What was imported, by its name, or what came of calling something with some arguments."""

    name: str = ""
    callee: object = None
    arguments: tuple[object, ...] = ()
    states: list[object] = field(default_factory=list)

    @property
    def is_wrapper(self) -> bool:
        return isinstance(self.callee, _Made) and self.callee.name.endswith(_WRAPPER)

    def mentions_wrapper(self) -> bool:
        """Tell whether it could be a wrapper in a way that nobody writes."""
        flat = list(self.arguments)
        flat += [value for each in self.arguments if isinstance(each, tuple) for value in each]
        return any(isinstance(each, _Made) and each.name.endswith(_WRAPPER) for each in flat)


class ArrayMachine(Machine):
    """A machine that knows numbers, tuples, dicts and what was made of what, and skips arrays.

    On its stack, a dict is the list of its keys and values.
    """

    steps: ClassVar[Steps]

    def import_(self, module: str | None, name: str | None) -> object:
        """Note what is imported."""
        super().import_(module, name)
        return _Made(name=f"{module}.{name}")

    def is_imported(self, value: object) -> bool:
        """Tell whether what is on the stack was imported, and not made."""
        return isinstance(value, _Made) and value.callee is None

    def instance_of(self, imported: object) -> object:
        """Return what INST makes."""
        return _Made(callee=imported)

    def push(self, opcode: Opcode, _begin: int, _end: int) -> None:
        """Put an object on the stack that is written without others."""
        made: object = self.here if opcode.name in _SCALARS else None
        if opcode.name == "EMPTY_TUPLE":
            made = ()
        elif opcode.name == "EMPTY_DICT":
            made = []
        self.stack.append(made)

    def apply(self, opcode: Opcode, begin: int, end: int) -> None:
        """Do what the table says, with what is taken from the stack."""
        reached = self.marks[-1] if opcode.marked and self.marks else len(self.stack) - opcode.takes
        taken = self.stack[max(reached, 0) :]
        super().apply(opcode, begin, end)
        if opcode.gives:
            self.stack[-1] = _made(opcode.name, taken)
        elif opcode.name in {"SETITEM", "SETITEMS"} and isinstance(self.stack[-1], list):
            self.stack[-1] += taken
        elif opcode.name == "BUILD":
            self.built(self.stack[-1], taken[0])

    def built(self, target: object, state: object) -> None:
        """Note the state of `target`, and go past its array if it has one."""
        if not isinstance(target, _Made):
            return
        # A dict may get more entries later: those that it has now are what counts.
        target.states.append(list(state) if isinstance(state, list) else state)
        if target.is_wrapper:
            self.skip(target)
        elif target.mentions_wrapper():
            self.lose()

    def skip(self, wrapper: _Made) -> None:
        """Go past the array of `wrapper`: its bytes, or a pickle of it if it has objects."""
        state = self.attributes(wrapper)
        size = self.item_size(state.get("dtype"))
        shape = state.get("shape")
        if not isinstance(shape, tuple) or self.at < self.frame_end:
            self.lose()
        if size == 0:
            self.nested()
            return
        dimensions = [self.number(value) for value in shape]
        count = prod(dimensions)
        if min(dimensions, default=0) < 0 or count > _MOST:
            self.lose()
        self.at += self.padding(state) + size * count
        if self.at > len(self.data):
            self.runs_out("in an array")

    def attributes(self, wrapper: _Made) -> dict[str, object]:
        """Return the attributes of `wrapper`, as all that built it left them."""
        found: dict[str, object] = {}
        for state in wrapper.states:
            if not isinstance(state, list):
                self.lose()
            for key, value in zip(state[::2], state[1::2], strict=True):
                text = self.text(key)
                if text is None:
                    self.lose()
                found[text] = value
        return found

    def padding(self, state: dict[str, object]) -> int:
        """Return how many bytes come before the array, the one that says so included."""
        alignment = state.get("numpy_array_alignment_bytes", False)
        if alignment is False or self.is_none(alignment):
            return 0
        if self.number(alignment) < 0 or self.at >= len(self.data):
            self.lose()
        return 1 + self.data[self.at]

    def item_size(self, dtype: object) -> int:
        """Return the bytes of one item of an array, 0 where they are objects."""
        if not isinstance(dtype, _Made) or not isinstance(dtype.callee, _Made):
            self.lose()
        match dtype.callee.name, dtype.arguments, dtype.states:
            case "numpy.dtype", ((written, *_),), [tuple(state)] if len(state) >= _STATE:
                name = self.text(written) or ""
            case _:
                self.lose()
        if not all(self.is_none(part) for part in state[2:5]):
            self.lose()
        kind, digits = name[:1], name[1:]
        if kind == "O":
            return 0
        if kind in _FLEXIBLE:
            size = self.number(state[5])
        elif kind in _FIXED and digits in _SIZES and self.number(state[5]) == -1:
            size = int(digits)
        else:
            self.lose()
        if size < 1:
            self.lose()
        return size

    def nested(self) -> None:
        """Follow the pickle of an array of objects, which an unpickler of its own reads."""
        inner = Machine(self.data, self.at, whole=self.whole)
        inner.names, inner.problem = self.names, self.problem
        try:
            inner.run(max(self.limit - self.opcodes, 0))
        finally:
            self.opcodes += inner.opcodes
            self.problem = inner.problem
            self.called |= inner.called
            self.at = inner.at

    def number(self, place: object) -> int:
        """Return the whole number that the opcode at `place` writes."""
        if not isinstance(place, int):
            self.lose()
        opcode = OPCODES[self.data[place]]
        if opcode.name not in _SCALARS or opcode.name == "NONE":
            self.lose()
        raw = self.raw(opcode, place + 1)
        if not opcode.lines:
            return int.from_bytes(raw, "little", signed=opcode.name in {"BININT", "LONG1"})
        try:
            return int(raw.rstrip(b"L"))
        except ValueError:
            self.lose()

    def is_none(self, place: object) -> bool:
        """Tell whether the opcode at `place` writes `None`."""
        return isinstance(place, int) and OPCODES[self.data[place]].name == "NONE"

    def lose(self) -> NoReturn:
        """Raise that it is not known where the next opcode is."""
        raise LostError("the size of an array in it is not known")


def _made(name: str, taken: list[object]) -> object:
    if name.startswith("TUPLE"):
        return tuple(taken)
    if name == "DICT":
        return taken
    return _Made(callee=taken[0], arguments=tuple(taken[1:])) if name in _INSTANCES else None


ArrayMachine.steps = steps_of(ArrayMachine)
