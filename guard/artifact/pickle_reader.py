"""The arguments of a pickle's opcodes: where they are, and the few of them that are decoded."""

from __future__ import annotations

from typing import Final, NoReturn

from guard.artifact.pickle_opcodes import OPCODES, TEXT, Opcode

LENGTH: Final = 300
"""Characters of a name; no longer text is decoded."""

_PAGE: Final = 4096


class BrokenError(Exception):
    """The unpickler fails here."""


class LostError(Exception):
    """What the unpickler does from here on is not known."""


class Reader:
    """The bytes of a file, or its beginning where they are not the `whole`, and a place in them."""

    def __init__(self, data: bytes, at: int, *, whole: bool) -> None:
        self.data = data
        self.whole = whole
        self.here = at
        """The opcode that is read."""

        self.at = at
        """What comes after it."""

        self.opcodes = 0
        """Those that were read. Bytes that are searched count as well, a page as one."""

    def runs_out(self, where: str) -> NoReturn:
        """Raise what it means that there are no more bytes."""
        self.at = self.here
        if self.whole:
            raise BrokenError(f"it ends {where}")
        raise LostError(f"no more than {len(self.data)} bytes are read")

    def argument(self, opcode: Opcode, at: int) -> tuple[int, int]:
        """Return where the argument begins, without its length, and where it ends."""
        if opcode.lines:
            return at, self.line_end(opcode, at)
        begin, end = at, at + opcode.width
        if opcode.counted:
            begin, end = end, end + int.from_bytes(self.data[begin:end], "little")
        if end > len(self.data):
            self.runs_out(f"in {opcode.name}")
        return begin, end

    def line_end(self, opcode: Opcode, at: int) -> int:
        """Return where the lines of an argument end, behind their last newline."""
        for _ in range(opcode.lines):
            end = self.data.find(b"\n", at) + 1
            self.opcodes += ((end or len(self.data)) - at) // _PAGE
            if not end:
                self.runs_out(f"in {opcode.name}")
            at = end
        return at

    def key(self, opcode: Opcode, begin: int, end: int) -> int:
        """Return a key of the memo: a number in bytes, or what `int` takes up to a NUL."""
        text = self.data[begin:end]
        if not opcode.lines:
            return int.from_bytes(text, "little")
        try:
            return int(text.partition(b"\0")[0])
        except ValueError:
            raise BrokenError(f"{opcode.name} has no number") from None

    def pair(self, begin: int, end: int) -> tuple[str, str]:
        """Return module and name of GLOBAL or INST, which are UTF-8 without any escapes."""
        module, name, _ = self.data[begin:end].split(b"\n")
        try:
            return module.decode(), name.decode()
        except UnicodeDecodeError:
            raise BrokenError("the name of an import is not UTF-8") from None

    def text(self, place: object) -> str | None:
        """Return the string that the opcode at `place` writes, if there is one way to read it."""
        if not isinstance(place, int):
            return None
        opcode = OPCODES[self.data[place]]
        if opcode.name == "STRING":
            return _unquoted(self.raw(opcode, place + 1))
        if opcode.name not in TEXT:
            return None
        try:
            found = self.raw(opcode, place + 1).decode(TEXT[opcode.name])
            found.encode()  # half a surrogate pair is in no name, and cannot be shown
        except UnicodeError:
            return None
        return found

    def raw(self, opcode: Opcode, at: int) -> bytes:
        """Return the argument of an opcode, or enough of it to see that it is too long."""
        if opcode.lines:
            text, _, _ = self.data[at : at + LENGTH + 2].partition(b"\n")
            return text
        begin, end = self.argument(opcode, at)
        return self.data[begin : min(end, begin + LENGTH + 1)]


def _unquoted(text: bytes) -> str | None:
    """Return what STRING holds where that is plain: in quotes, without escapes, ASCII."""
    quoted = len(text) > 1 and text[:1] == text[-1:] and text[:1] in {b'"', b"'"}
    return text[1:-1].decode() if quoted and text.isascii() and b"\\" not in text else None
