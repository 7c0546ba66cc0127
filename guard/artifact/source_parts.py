"""A Python module in parts that are whole statements, so that one can be left out of a parse.

A module is cut where a line begins in its first column, a class where one begins in the column of
its body. The cuts must be between statements in every Python, so a module in which a string could
reach over one is not cut at all.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from guard.artifact.source_strings import Span, continues, long_strings

_SMALL: Final = 4 << 10
_LARGE: Final = 16 << 20
"""Bytes below which cutting costs more than parsing, and above which there is nothing to gain."""

_CONTINUES: Final = rb"(?:else|elif|except|finally)\b"
_FIRST_COLUMN: Final = re.compile(rb"\n(?=[^\s#)\]}])(?!" + _CONTINUES + rb")")
_DEFINES: Final = re.compile(
    rb"[ \t]*+(?:(?:async[ \t]++)?def[ \t]++([^\s(:\[\\]++)|class[ \t]++([^\s(:\[\\]++))"
)
_BODY: Final = re.compile(rb":[ \t\r]*\n(?:[ \t]*(?:#[^\n]*)?\r?\n)*([ \t]+)\S")
_DECORATOR: Final = re.compile(rb"[ \t]*+@")
_HEADER_END: Final = re.compile(rb":[ \t\r]*(?:#[^\n]*)?\n")
_COMMENT: Final = re.compile(rb"#[^\n]*")
_BRACKETS: Final = (b"()", b"[]", b"{}")
_UNCLEAR: Final = re.compile(rb"[\"'#\\]")
_SIMPLE_STRING: Final = re.compile(rb"(?<=[\s(\[,=|])(?:\"[^\"\\\n]*\"|'[^'\\\n]*')")


@dataclass(slots=True, eq=False)
class Part:
    """Some whole statements."""

    start: int
    end: int
    name: bytes | None = None
    """Of the function that they define."""

    owner: bytes | None = None
    """Of the class of that function."""

    within: Part | None = None
    """The header of the class that this is in."""

    header: bytes | None = None
    """The name of the class that begins here."""

    whole: bool = False
    """Whether this is a class that could still be cut."""

    @property
    def called(self) -> tuple[bytes, ...]:
        """What the text of a call has in it: the function, `.method`, or the class."""
        if self.name is None:
            return ()
        if self.owner is None:
            return (self.name,)
        return (self.owner,) if self.name.startswith(b"__") else (b"." + self.name,)

    @property
    def known_as(self) -> bytes | None:
        """The name that a call has in it: the function's, or that of the class it is run for."""
        special = self.owner is not None and self.name is not None and self.name.startswith(b"__")
        return self.owner if special else self.name


class Parts:
    """The parts of a module, in order. A class is cut when somebody asks for what is in it."""

    def __init__(self, source: bytes, strings: list[Span], parts: list[Part]) -> None:
        self.source = source
        self.strings = strings
        self.parts = parts
        self._starts = [part.start for part in parts]

    def __iter__(self) -> Iterator[Part]:
        return iter(self.parts)

    def at(self, offset: int) -> Part:
        """Return the part that `offset` is in."""
        index = max(bisect_right(self._starts, offset) - 1, 0)
        if not self.parts[index].whole:
            return self.parts[index]
        self.cut(self.parts[index])
        return self.at(offset)

    def decorators(self, part: Part) -> Iterator[Part]:
        """Yield the decorators of a function or a class, if they are parts by themselves."""
        index = bisect_right(self._starts, part.start) - 2
        while (part.name or part.header) and index >= 0:
            before = self.parts[index]
            if before.name or not _DECORATOR.match(self.source, before.start, before.end):
                return
            yield before
            index -= 1

    def early(self, part: Part) -> int:
        """Return the end of what of `part` runs without being called.

        What is before the body of a function runs when it is defined.
        """
        return part.end if part.name is None else _body(self.source, part.start, part.end)

    def cut(self, part: Part) -> list[Part]:
        """Cut a class. Return its parts, or the class if it cannot be cut."""
        index = bisect_right(self._starts, part.start) - 1
        part.whole = False
        found = list(_class(self.source, part, self.strings))
        self.parts[index : index + 1] = found
        self._starts[index : index + 1] = [new.start for new in found]
        return found


def parts_of(source: bytes) -> Parts | None:
    """Return the parts of `source`, which is UTF-8, or `None` if it cannot be cut."""
    if not _SMALL <= len(source) <= _LARGE or b"\f" in source or b"\r" in source:
        return None
    strings = long_strings(source)
    if strings is None:
        return None
    spans = list(_cut(source, _FIRST_COLUMN, (0, len(source)), strings))
    if b"\\\n" in source and any(continues(source, start) for start, _ in spans):
        return None
    return Parts(source, strings, [_part(source, start, end) for start, end in spans])


def _cut(source: bytes, line: re.Pattern[bytes], span: Span, strings: list[Span]) -> Iterator[Span]:
    """Yield the parts of `span` that begin where a `line` does, and not within a string."""
    start, end = span
    following = iter(strings[max(bisect_right(strings, span) - 1, 0) :])
    begins, ends = next(following, (end, end))
    for found in line.finditer(source, start, end):
        cut = found.end()
        while ends <= cut:
            begins, ends = next(following, (end, end + 1))
        if cut <= begins:
            yield start, cut
            start = cut
    yield start, end


def _part(source: bytes, start: int, end: int) -> Part:
    defined = _DEFINES.match(source, start)
    if defined is None:
        return Part(start, end)
    if defined[1] is not None:
        return Part(start, end, defined[1])
    return Part(start, end, header=defined[2], whole=True)


def _body(source: bytes, start: int, end: int) -> int:
    """Return where the body of a function begins; where that is not clear, its end."""
    header = _HEADER_END.search(source, start, end)
    if header is None:
        return end
    text = _COMMENT.sub(b"", _SIMPLE_STRING.sub(b"", source[start : header.end()]))
    closed = all(text.count(pair[:1]) == text.count(pair[1:]) for pair in _BRACKETS)
    return header.end() if closed and not _UNCLEAR.search(text) else end


def _class(source: bytes, part: Part, strings: list[Span]) -> Iterator[Part]:
    """Yield the methods of a class, and all that is not in one of them."""
    defined = _DEFINES.match(source, part.start)
    start = defined.end() if defined is not None else part.start
    body = _BODY.search(source, start, part.end)
    if body is None or _UNCLEAR.search(source, start, body.start() + 1):
        yield part
        return
    line = re.compile(rb"\n(?=" + body[1] + rb"[^\s#)\]}])(?![ \t]*" + _CONTINUES + rb")")
    dedent = re.compile(rb"\n(?!" + body[1] + rb")[ \t]*[^\s#)\]}]")
    header = part
    for first, last in _cut(source, line, (part.start, part.end), strings):
        if first == part.start:
            header = Part(first, last, header=part.header)
            yield header
            continue
        method = _DEFINES.match(source, first)
        certain = not continues(source, first) and not dedent.search(source, first, last - 1)
        if method is None or method[1] is None or not certain:
            yield Part(first, last, within=header)
        else:
            yield Part(first, last, method[1], part.header, header)
