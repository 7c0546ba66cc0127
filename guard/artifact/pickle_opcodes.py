"""The opcodes of a pickle: how long an argument is, and what is taken from the stack and put there.

All of it is the standard library's (`pickletools`), put into the form in which it is looked up.
"""

from __future__ import annotations

import pickletools
from dataclasses import dataclass
from typing import Final

NEWEST: Final = 5
"""The newest protocol (PEP 574)."""

TEXT: Final = {
    "UNICODE": "raw-unicode-escape",
    "SHORT_BINUNICODE": "utf-8",
    "BINUNICODE": "utf-8",
    "BINUNICODE8": "utf-8",
    "BINSTRING": "ascii",
    "SHORT_BINSTRING": "ascii",
}
"""Opcodes whose argument is a string as it is, and the encoding that an unpickler assumes."""

_COUNTED: Final = {
    pickletools.TAKEN_FROM_ARGUMENT1: 1,
    pickletools.TAKEN_FROM_ARGUMENT4: 4,
    pickletools.TAKEN_FROM_ARGUMENT4U: 4,
    pickletools.TAKEN_FROM_ARGUMENT8U: 8,
}
_IN_PLACE: Final = {"APPEND", "APPENDS", "SETITEM", "SETITEMS", "ADDITEMS", "BUILD"}
_CALLS: Final = {"REDUCE", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", *_IN_PLACE}


@dataclass(frozen=True, slots=True)
class Opcode:
    """What is written for an opcode and what it does, as far as a table can say it."""

    name: str
    width: int
    """Bytes of its argument; of the number that says how many they are, if it is `counted`."""

    counted: bool
    lines: int
    """How many lines its argument is, rather than bytes."""

    marked: bool
    """It takes all above the last mark, and the mark."""

    inside: int
    """Objects that must be above the mark."""

    needs: int
    """Objects that must be on the stack; below the mark, if it is `marked`."""

    takes: int
    gives: int
    kept: bool
    """It changes an object that stays on the stack."""

    calls: bool
    """It calls an object that is on the stack, or a method of one."""

    @property
    def fixed(self) -> int:
        """Bytes of its argument; -1 where these depend on what is written."""
        return -1 if self.counted or self.lines else self.width


def _opcode(info: pickletools.OpcodeInfo) -> Opcode:
    before = info.stack_before
    length = info.arg.n if info.arg else 0
    marked = pickletools.markobject in before
    needs = before.index(pickletools.markobject) if marked else len(before)
    kept = info.name in _IN_PLACE
    names = info.name in {"GLOBAL", "INST"}
    return Opcode(
        name=info.name,
        width=_COUNTED.get(length, max(length, 0)),
        counted=length in _COUNTED,
        lines=(2 if names else 1) if length == pickletools.UP_TO_NEWLINE else 0,
        marked=marked,
        inside=int(info.name == "OBJ"),
        needs=needs,
        takes=needs - kept,
        gives=len(info.stack_after) - kept,
        kept=kept,
        calls=info.name in _CALLS,
    )


OPCODES: Final = {ord(info.code): _opcode(info) for info in pickletools.opcodes}

FIRST: Final = frozenset(
    byte for byte, opcode in OPCODES.items() if not (opcode.needs or opcode.marked)
)
"""The bytes that a pickle can begin with: those of opcodes that need nothing on the stack."""
