"""The unpickler's machine, with places instead of objects: it follows opcodes and loads nothing.

The standard library's table of opcodes is used, its disassembler (`pickletools.genops`) is not: it
decodes every argument, and where it is stricter than the unpickler (numbers in hexadecimal, names
that are not ASCII, binary strings of Python 2) it stops while the unpickler goes on. Here nothing
but names is decoded, in the way of the unpickler that people use: the one written in C.

Essential reading, in order: `pickletools`, `pickle._Unpickler`, `Modules/_pickle.c`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Final, TypeAlias

from guard.artifact.pickle_opcodes import NEWEST, OPCODES, TEXT, Opcode
from guard.artifact.pickle_reader import LENGTH, BrokenError, LostError, Reader

_MEMO: Final = 2_000_000
_NAMES: Final = 500
"""Entries of the memo, and names that are told apart."""

_STOP: Final = ord(".")

_IMPORTED: Final = object()


class Machine(Reader):
    """Stack, marks and memo.

    On the stack is the place of the opcode that wrote a string, a mark of its own for what was
    imported, and `None` for anything else.
    """

    steps: ClassVar[Steps]

    def __init__(self, data: bytes, at: int, *, whole: bool) -> None:
        super().__init__(data, at, whole=whole)
        self.stack: list[object] = []
        self.marks: list[int] = []
        self.fence = 0
        """What is on the stack below this is out of reach: the last mark is there."""

        self.frame_end = 0
        self.memo: dict[int, object] = {}
        self.names: set[str] = set()
        self.problem: str | None = None
        self.versioned = False
        self.called = False
        self.limit = 0

    def run(self, limit: int) -> None:
        """Follow everything up to STOP. Raises `BrokenError` and `LostError`."""
        data, size, steps = self.data, len(self.data), self.steps
        self.limit = limit
        while self.opcodes < limit:
            here = self.here = self.at
            if here >= size:
                self.runs_out("without a STOP")
            step = steps.get(data[here])
            if step is None:
                raise BrokenError(f"there is no opcode {data[here]:#04x}")
            self.opcodes += 1
            opcode, width, act = step
            begin = here + 1
            end = begin + width
            if width < 0 or end > size:
                begin, end = self.argument(opcode, begin)
            self.at = end
            if here < self.frame_end < end:
                self.doubt(f"at byte {here}, it leaves its frame in the middle of an opcode")
            act(self, opcode, begin, end)
            if data[here] == _STOP:
                return
        raise LostError("it has too many opcodes")

    def apply(self, opcode: Opcode, _begin: int, _end: int) -> None:
        """Do what the table says."""
        if opcode.marked:
            self.pop_to_mark(opcode)
        self.need(opcode.needs, opcode)
        if opcode.takes:
            del self.stack[-opcode.takes :]
        if opcode.gives:
            self.stack.append(None)
        if opcode.calls and (self.names or self.problem):
            self.called = True
            if opcode.kept and self.is_imported(self.stack[-1]):
                self.doubt(f"it changes what it has imported, at byte {self.here}")

    def push(self, _opcode: Opcode, _begin: int, _end: int) -> None:
        """Put an object on the stack that is none of those that matter."""
        self.stack.append(None)

    def string(self, _opcode: Opcode, _begin: int, _end: int) -> None:
        """Remember where it is written: that is enough, should it become a name."""
        self.stack.append(self.here)

    def need(self, count: int, opcode: Opcode) -> None:
        """Make sure that there are `count` objects within reach."""
        if len(self.stack) - self.fence < count:
            raise BrokenError(f"{opcode.name} finds nothing on the stack")

    def mark(self, _opcode: Opcode, _begin: int, _end: int) -> None:
        """MARK."""
        self.fence = len(self.stack)
        self.marks.append(self.fence)

    def pop_to_mark(self, opcode: Opcode) -> list[object]:
        """Take all above the last mark, and the mark."""
        if not self.marks:
            raise BrokenError(f"{opcode.name} finds no mark")
        self.need(opcode.inside, opcode)
        taken = self.stack[self.fence :]
        del self.stack[self.fence :]
        self.unmark()
        return taken

    def unmark(self) -> None:
        """Take the last mark."""
        self.marks.pop()
        self.fence = self.marks[-1] if self.marks else 0

    def pop(self, opcode: Opcode, _begin: int, _end: int) -> None:
        """POP, which takes a mark as well."""
        if self.marks and self.fence == len(self.stack):
            self.unmark()
        else:
            self.need(1, opcode)
            self.stack.pop()

    def duplicate(self, opcode: Opcode, _begin: int, _end: int) -> None:
        """DUP."""
        self.need(1, opcode)
        self.stack.append(self.stack[-1])

    def memoize(self, opcode: Opcode, _begin: int, _end: int) -> None:
        """MEMOIZE: the key is how many there are."""
        self.remember(len(self.memo), opcode)

    def put(self, opcode: Opcode, begin: int, end: int) -> None:
        """PUT and its like."""
        self.remember(self.key(opcode, begin, end), opcode)

    def remember(self, key: int, opcode: Opcode) -> None:
        """Put what is on the top of the stack into the memo."""
        self.need(1, opcode)
        self.memo[key] = self.stack[-1]
        if len(self.memo) > _MEMO:
            raise LostError("it remembers too many objects")

    def get(self, opcode: Opcode, begin: int, end: int) -> None:
        """GET and its like."""
        key = self.key(opcode, begin, end)
        if key not in self.memo:
            raise BrokenError(f"{opcode.name} finds nothing in the memo")
        self.stack.append(self.memo[key])

    def global_(self, _opcode: Opcode, begin: int, end: int) -> None:
        """GLOBAL."""
        self.stack.append(self.import_(*self.pair(begin, end)))

    def stack_global(self, opcode: Opcode, _begin: int, _end: int) -> None:
        """STACK_GLOBAL: the name is on the stack, its module below."""
        self.need(2, opcode)
        name, module = self.text(self.stack.pop()), self.text(self.stack.pop())
        self.stack.append(self.import_(module, name))

    def instance(self, opcode: Opcode, begin: int, end: int) -> None:
        """INST: an import and a call in one."""
        self.pop_to_mark(opcode)
        self.stack.append(self.instance_of(self.import_(*self.pair(begin, end))))
        self.called = True

    def extension(self, _opcode: Opcode, begin: int, end: int) -> None:
        """EXT1, EXT2, EXT4: a number for which whoever loads it has registered a name."""
        number = int.from_bytes(self.data[begin:end], "little")
        self.doubt(f"it imports number {number} of the extension registry at byte {self.here}")
        self.stack.append(None)

    def protocol(self, _opcode: Opcode, begin: int, _end: int) -> None:
        """PROTO, which may come at any place."""
        if self.data[begin] > NEWEST:
            raise BrokenError(f"there is no protocol {self.data[begin]}")
        self.versioned = True

    def frame(self, _opcode: Opcode, begin: int, end: int) -> None:
        """FRAME: how many bytes an unpickler reads at once.

        No pickler goes beyond them in an opcode. Where the file has no `peek`, the one written in C
        then forgets the rest of the frame, and goes on with other bytes than are read here.
        """
        if end < self.frame_end:
            self.doubt(f"at byte {self.here}, it has a frame in a frame")
        self.frame_end = end + int.from_bytes(self.data[begin:end], "little")

    def import_(self, module: str | None, name: str | None) -> object:
        """Note what is imported, and return what stands for it on the stack."""
        path = f"{module}.{name}"
        if module is None or name is None:
            self.doubt(f"the name that it imports at byte {self.here} is not written out")
        elif len(path) > LENGTH:
            self.doubt(f"the name that it imports at byte {self.here} is too long")
        elif len(self.names) == _NAMES and path not in self.names:
            self.doubt(f"it imports more than {_NAMES} names")
        else:
            self.names.add(path)
        return _IMPORTED

    def is_imported(self, value: object) -> bool:
        """Tell whether what is on the stack was imported, and not made."""
        return value is _IMPORTED

    def instance_of(self, _imported: object) -> object:
        """Return what stands for an instance on the stack."""
        return None

    def doubt(self, problem: str) -> None:
        """Note the first thing that could not be followed."""
        self.problem = self.problem or problem


_Action: TypeAlias = Callable[[Machine, Opcode, int, int], None]
Steps: TypeAlias = dict[int, tuple[Opcode, int, _Action]]

_ACTIONS: Final = {
    **dict.fromkeys((*TEXT, "STRING"), "string"),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), "put"),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), "get"),
    **dict.fromkeys(("EXT1", "EXT2", "EXT4"), "extension"),
    "MARK": "mark",
    "POP": "pop",
    "DUP": "duplicate",
    "MEMOIZE": "memoize",
    "GLOBAL": "global_",
    "INST": "instance",
    "STACK_GLOBAL": "stack_global",
    "PROTO": "protocol",
    "FRAME": "frame",
}
"""The methods for what the table does not say."""


def steps_of(machine: type[Machine]) -> Steps:
    """Return what `machine` does for a byte: its opcode, how wide that is, the method."""
    return {
        byte: (opcode, opcode.fixed, getattr(machine, _ACTIONS.get(opcode.name, _plain(opcode))))
        for byte, opcode in OPCODES.items()
    }


def _plain(opcode: Opcode) -> str:
    pushes = opcode.gives == 1 and not (opcode.needs or opcode.marked)
    return "push" if pushes else "apply"


Machine.steps = steps_of(Machine)
