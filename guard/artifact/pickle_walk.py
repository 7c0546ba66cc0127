"""What one pickle would import, followed opcode by opcode. Nothing is ever loaded.

The table of opcodes is the standard library's (`pickletools`): how long an argument is, and what
is taken from the stack and put there. Its disassembler is not used: it decodes every argument, and
where it is stricter than the unpickler (`INT` in hexadecimal, names that are not ASCII, binary text
of Python 2) it stops at what the unpickler reads. Here only names are decoded, as `_pickle` does.

Essential reading, in order: `pickletools`, `pickle._Unpickler`, `Modules/_pickle.c`.
"""

from __future__ import annotations

import enum
import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

Value: TypeAlias = int | None
"""What is on the stack: where the opcode is that wrote a string, or `None` for all the rest."""

OPCODES: Final = 2_000_000
"""What is followed of one file; the largest honest ones that were seen have a quarter of that."""

_NAME: Final = 300
_NAMES: Final = 500
_NEWEST: Final = 5


class End(enum.Enum):
    """How a walk ended."""

    STOPPED = "stopped"
    """At its STOP, as it should."""

    BROKEN = "broken"
    """At bytes at which the unpickler fails as well: nothing behind them is of any effect."""

    LOST = "lost"
    """Where the unpickler goes on, or may go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """What was seen on the way through one pickle."""

    names: frozenset[str]
    """What is imported, `module.name`, as the opcodes write it."""

    problem: str | None
    """The first thing that leaves open what else is imported or called."""

    end: End
    reason: str
    """Why it ended where it ended; empty where it stopped."""

    at: int
    """Behind the last byte that was understood."""

    opcodes: int
    is_pickle: bool
    """It came to its end, or did something before it broke off. What does neither is no pickle, or
    is none that could harm anybody."""


@dataclass(frozen=True, slots=True)
class _Step:
    """What an opcode does, as far as the table says it."""

    name: str
    width: int
    """Bytes of its argument, or of the number that says how many they are."""

    counted: bool
    lines: int
    needs: int
    """Objects that must be on the stack, above the last mark or below it if it is `marked`."""

    takes: int
    marked: bool
    inside: int
    """Objects that must be above the mark."""

    gives: int


_COUNTED: Final = {
    pickletools.TAKEN_FROM_ARGUMENT1: 1,
    pickletools.TAKEN_FROM_ARGUMENT4: 4,
    pickletools.TAKEN_FROM_ARGUMENT4U: 4,
    pickletools.TAKEN_FROM_ARGUMENT8U: 8,
}
_IN_PLACE: Final = {"APPEND", "APPENDS", "SETITEM", "SETITEMS", "ADDITEMS", "BUILD", "MEMOIZE"}
_ACTS: Final = {"REDUCE", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", *_IN_PLACE} - {"MEMOIZE"}
_STRINGS: Final = {
    "UNICODE": "raw-unicode-escape",
    "SHORT_BINUNICODE": "utf-8",
    "BINUNICODE": "utf-8",
    "BINUNICODE8": "utf-8",
    "BINSTRING": "ascii",
    "SHORT_BINSTRING": "ascii",
}
"""Opcodes whose argument is the text itself, in that encoding unless the caller says another."""


def _step(info: pickletools.OpcodeInfo) -> _Step:
    before = info.stack_before
    length = info.arg.n if info.arg else 0
    marked = pickletools.markobject in before
    below = before.index(pickletools.markobject) if marked else len(before)
    kept = info.name in _IN_PLACE
    lines = 0
    if length == pickletools.UP_TO_NEWLINE:
        lines = 2 if info.name in {"GLOBAL", "INST"} else 1
    return _Step(
        name=info.name,
        width=_COUNTED.get(length, max(length, 0)),
        counted=length in _COUNTED,
        lines=lines,
        needs=below,
        takes=below - kept,
        marked=marked,
        inside=int(info.name == "OBJ"),
        gives=len(info.stack_after) - kept,
    )


_STEPS: Final = {ord(info.code): _step(info) for info in pickletools.opcodes}
BEGINNINGS: Final = frozenset(
    code for code, step in _STEPS.items() if not step.needs and not step.marked
)
"""First bytes of a pickle: opcodes that need nothing on the stack."""


def walk(data: bytes, at: int = 0, *, whole: bool = True, limit: int = OPCODES) -> Walk:
    """Follow the pickle at `at`, whatever the bytes are.

    `data` is the `whole` file or its beginning. No more than `limit` opcodes are followed.
    """
    machine = _Machine(data, at, whole=whole)
    end, reason = End.STOPPED, ""
    try:
        machine.run(limit)
    except _BrokenError as error:
        end, reason = End.BROKEN, str(error)
    except _LostError as error:
        end, reason = End.LOST, str(error)
    found = machine.acted or (machine.versioned and bool(machine.names or machine.problem))
    return Walk(
        names=frozenset(machine.names),
        problem=machine.problem,
        end=end,
        reason=reason,
        at=machine.at,
        opcodes=machine.opcodes,
        is_pickle=found or end is End.STOPPED,
    )


class _BrokenError(Exception):
    """The unpickler fails here."""


class _LostError(Exception):
    """It is not known what the unpickler does from here on."""


class _Machine:
    """The unpickler's stack, marks and memo, of which only the strings are known."""

    def __init__(self, data: bytes, at: int, *, whole: bool) -> None:
        self.data = data
        self.at = at
        self.whole = whole
        self.stack: list[Value] = []
        self.marks: list[int] = []
        self.memo: dict[int, Value] = {}
        self.names: set[str] = set()
        self.problem: str | None = None
        self.versioned = False
        self.acted = False
        self.opcodes = 0

    def run(self, limit: int) -> None:
        """Follow the opcodes up to and including STOP. Raises `_BrokenError` and `_LostError`."""
        data, size = self.data, len(self.data)
        for number in range(limit):
            self.opcodes = number + 1
            start = self.at
            if start >= size:
                self._runs_out("in place of an opcode")
            step = _STEPS.get(data[start])
            if step is None:
                raise _BrokenError(f"there is no opcode {data[start]:#04x}")
            begin, end = self._argument(step, start + 1)
            special = _SPECIAL.get(step.name)
            if special is None:
                self._apply(step)
            else:
                special(self, step, begin, end)
            self.at = end
            if step.name == "STOP":
                return
        raise _LostError(f"more than {limit} opcodes")

    def _runs_out(self, where: str) -> None:
        if self.whole:
            raise _BrokenError(f"ends {where}")
        raise _LostError(f"only {len(self.data)} bytes of it are read")

    def _argument(self, step: _Step, at: int) -> tuple[int, int]:
        """Return where the argument begins and where it ends."""
        begin = end = at
        if step.lines:
            for _ in range(step.lines):
                end = self.data.find(b"\n", end) + 1
                if not end:
                    self._runs_out(f"in a line of {step.name}")
            return begin, end
        end += step.width
        if step.counted:
            size = int.from_bytes(self.data[begin:end], "little")
            begin, end = end, end + size
        if end > len(self.data):
            self._runs_out(f"in the argument of {step.name}")
        return begin, end

    def _apply(self, step: _Step) -> None:
        """Take from the stack and put there what the table says."""
        if step.marked:
            self._pop_mark(step)
        self._need(step.needs, step)
        if step.takes:
            del self.stack[-step.takes :]
        if step.gives:
            self.stack += [None] * step.gives
        if self.names and step.name in _ACTS:
            self.acted = True

    def _need(self, count: int, step: _Step) -> None:
        fence = self.marks[-1] if self.marks else 0
        if len(self.stack) - fence < count:
            raise _BrokenError(f"{step.name} finds nothing on the stack")

    def _pop_mark(self, step: _Step) -> None:
        if not self.marks:
            raise _BrokenError(f"{step.name} finds no mark")
        self._need(step.inside, step)
        del self.stack[self.marks.pop() :]

    def _doubt(self, problem: str) -> None:
        self.problem = self.problem or problem

    def _string(self, _: _Step, begin: int, end: int) -> None:
        # The position of the opcode is enough to decode it, should it become a name.
        self.stack.append(self.at)

    def _mark(self, *_: object) -> None:
        self.marks.append(len(self.stack))

    def _pop(self, step: _Step, *_: object) -> None:
        if self.marks and self.marks[-1] == len(self.stack):
            self.marks.pop()
        else:
            self._need(1, step)
            self.stack.pop()

    def _dup(self, step: _Step, *_: object) -> None:
        self._need(1, step)
        self.stack.append(self.stack[-1])

    def _memoize(self, step: _Step, *_: object) -> None:
        self._need(1, step)
        self.memo[len(self.memo)] = self.stack[-1]

    def _put(self, step: _Step, begin: int, end: int) -> None:
        self._need(1, step)
        key = self._key(step, begin, end)
        if key is not None:
            self.memo[key] = self.stack[-1]

    def _get(self, step: _Step, begin: int, end: int) -> None:
        key = self._key(step, begin, end)
        if key is not None and key not in self.memo and self.problem is None:
            raise _BrokenError(f"{step.name} finds nothing in the memo")
        self.stack.append(None if key is None else self.memo.get(key))

    def _key(self, step: _Step, begin: int, end: int) -> int | None:
        text = self.data[begin:end]
        if not step.lines:
            return int.from_bytes(text, "little")
        digits = text[:-1]
        if digits.isdigit() and len(digits) < 20:  # noqa: PLR2004 - what fits the unpickler's
            return int(digits)
        # The unpickler takes more than that for a number: signs, spaces, all up to a NUL.
        self._doubt(f"the memo key {digits[:40]!r} at byte {self.at}")
        return None

    def _global(self, _: _Step, begin: int, end: int) -> None:
        self._import(self._lines(begin, end))
        self.stack.append(None)

    def _inst(self, step: _Step, begin: int, end: int) -> None:
        names = self._lines(begin, end)
        self._pop_mark(step)
        self._import(names)
        self.acted = True
        self.stack.append(None)

    def _stack_global(self, step: _Step, *_: object) -> None:
        self._need(2, step)
        name, module = self._text(self.stack.pop()), self._text(self.stack.pop())
        self.stack.append(None)
        if module is None or name is None:
            self._doubt(f"the name that is imported at byte {self.at} is computed")
        else:
            self._import((module, name))

    def _extension(self, _: _Step, begin: int, end: int) -> None:
        code = int.from_bytes(self.data[begin:end], "little")
        self._doubt(f"code {code} of the extension registry is imported at byte {self.at}")
        self.stack.append(None)

    def _version(self, _: _Step, begin: int, end: int) -> None:
        if (protocol := self.data[begin]) > _NEWEST:
            raise _BrokenError(f"there is no protocol {protocol}")
        self.versioned = True

    def _lines(self, begin: int, end: int) -> tuple[str, str]:
        module, name, _ = self.data[begin:end].split(b"\n")
        try:
            return module.decode(), name.decode()
        except UnicodeDecodeError:
            raise _BrokenError("the name of an import is not UTF-8") from None

    def _text(self, value: Value) -> str | None:
        """Return the string that the opcode at `value` wrote, if it can only be read in one way."""
        if value is None:
            return None
        step = _STEPS[self.data[value]]
        begin, end = self._argument(step, value + 1)
        if end - begin > _NAME:
            return None
        text = self.data[begin : end - step.lines]
        if step.name == "STRING":
            return _unquoted(text)
        try:
            return text.decode(_STRINGS[step.name])
        except UnicodeDecodeError:
            return None

    def _import(self, names: tuple[str, str]) -> None:
        name = ".".join(names)
        if len(name) > _NAME:
            self._doubt(f"the name that is imported at byte {self.at} has {len(name)} characters")
        elif len(self.names) >= _NAMES and name not in self.names:
            raise _LostError(f"more than {_NAMES} names")
        else:
            self.names.add(name)


def _unquoted(text: bytes) -> str | None:
    """Return what `STRING` holds where that is plain: in quotes, without escapes, ASCII."""
    quoted = len(text) > 1 and text[:1] == text[-1:] and text[:1] in {b'"', b"'"}
    return text[1:-1].decode() if quoted and text.isascii() and b"\\" not in text else None


_Special: TypeAlias = Callable[[_Machine, _Step, int, int], None]
_SPECIAL: Final[dict[str, _Special]] = {
    **dict.fromkeys((*_STRINGS, "STRING"), _Machine._string),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), _Machine._put),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _Machine._get),
    **dict.fromkeys(("EXT1", "EXT2", "EXT4"), _Machine._extension),
    "MARK": _Machine._mark,
    "POP": _Machine._pop,
    "DUP": _Machine._dup,
    "MEMOIZE": _Machine._memoize,
    "GLOBAL": _Machine._global,
    "INST": _Machine._inst,
    "STACK_GLOBAL": _Machine._stack_global,
    "PROTO": _Machine._version,
}
