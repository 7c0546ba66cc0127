"""A delimited block in a startup file, put in and taken out without touching another byte.

The file's bytes are whatever the user's are: any encoding that has ASCII in it, any line ends. What
is needed to take the block out again stands in its first line.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

from guard.errors import UsageError

BEGIN: Final = b"# >>> wheelguard >>>"
END: Final = b"# <<< wheelguard <<<"
_INSTEAD: Final = "take the lines out by hand, from `{}` to `{}`, then run this again"


class Note(enum.Enum):
    """What the file was like before there was a block in it."""

    NONE = b""
    UNENDED = b" (the line above had no end)"
    ABSENT = b" (there was no such file)"


@dataclass(frozen=True, slots=True)
class Block:
    """One block: where it begins and ends among the lines, its markers counted in."""

    begin: int
    end: int
    note: Note


def put(content: bytes | None, body: str, *, name: str, crlf: bool = False) -> bytes:
    """Return `content` (of a file that is there, or `None`) with exactly one block, of `body`.

    An older block is replaced where it is; a new one is the end of the file. Raises `UsageError`
    where `content` is no text, or what is in it is not whole.
    """
    end = b"\r\n" if crlf else b"\n"
    lines = _lines(content or b"", name)
    blocks = _blocks(lines, name)
    if blocks:
        first = blocks[0]
        for block in reversed(blocks[1:]):
            del lines[block.begin : block.end]
        lines[first.begin : first.end] = [_written(body, first.note, end)]
        return b"".join(lines)
    note = Note.ABSENT if content is None else Note.NONE
    if lines and not lines[-1].endswith(b"\n"):
        lines.append(end)
        note = Note.UNENDED
    return b"".join([*lines, _written(body, note, end)])


def take(content: bytes, *, name: str) -> bytes | None:
    """Return `content` as it was without a block; `None` where there was no file.

    Raises `UsageError` where a block is not whole.
    """
    lines = _lines(content, name)
    notes = set()
    for block in reversed(_blocks(lines, name)):
        end = b"\r\n" if lines[block.begin].endswith(b"\r\n") else b"\n"
        del lines[block.begin : block.end]
        notes.add(block.note)
        if block.note is Note.UNENDED and block.begin == len(lines) and lines:
            lines[-1] = lines[-1].removesuffix(end)
    return None if Note.ABSENT in notes and not any(lines) else b"".join(lines)


def body_in(content: bytes, *, name: str) -> str | None:
    """Return what the one block in `content` says; `None` where there is none, or several."""
    lines = _lines(content, name)
    blocks = _blocks(lines, name)
    if len(blocks) != 1:
        return None
    inside = lines[blocks[0].begin + 1 : blocks[0].end - 1]
    return b"".join(inside).decode(errors="replace").replace("\r\n", "\n")


def has_block(content: bytes, *, name: str) -> bool:
    """Tell whether there is a block in `content`. Raises `UsageError` where it is not whole."""
    return bool(_blocks(_lines(content, name), name))


def _written(body: str, note: Note, end: bytes) -> bytes:
    lines = [BEGIN + note.value, *body.encode().splitlines(), END, b""]
    return end.join(lines)


def _lines(content: bytes, name: str) -> list[bytes]:
    if b"\0" in content:
        raise UsageError(
            f"`{name}` is not text in UTF-8 or the like",
            hint="save it as UTF-8, then run this again",
        )
    return content.splitlines(keepends=True) if b"\r" not in content else _by_newline(content)


def _by_newline(content: bytes) -> list[bytes]:
    """Return lines that end with a newline: a lone carriage return may stand within one."""
    lines = [line + b"\n" for line in content.split(b"\n")]
    lines[-1] = lines[-1].removesuffix(b"\n")
    return lines if lines[-1] else lines[:-1]


def _blocks(lines: list[bytes], name: str) -> list[Block]:
    begun = {BEGIN + note.value: note for note in Note}
    blocks: list[Block] = []
    opened: tuple[int, Note] | None = None
    for at, line in enumerate(lines):
        said = line.strip()
        if said == END:
            if opened is None:
                raise _damaged(name, at, "a block ends that did not begin")
            blocks.append(Block(opened[0], at + 1, opened[1]))
            opened = None
        elif said.startswith((BEGIN, END)):
            if opened is not None or said not in begun:
                raise _damaged(name, at, "a block begins that the guard did not write so")
            opened = (at, begun[said])
    if opened is not None:
        raise _damaged(name, opened[0], "a block begins that does not end")
    return blocks


def _damaged(name: str, at: int, reason: str) -> UsageError:
    return UsageError(
        f"the guard's block in `{name}` is damaged, so the file was left as it is",
        reason=f"line {at + 1}: {reason}",
        hint=_INSTEAD.format(BEGIN.decode(), END.decode()),
    )
