"""Where the strings with three quotes of a Python module are, whichever version reads it.

Essential reading: the lexical analysis in the language reference, PEP 701 (f-strings since 3.12).
"""

from __future__ import annotations

import re
from typing import Final

_TRIPLES: Final = (b'"""', b"'''")
_QUOTE: Final = re.compile(rb"[\"'#]")
_SHORT: Final = {
    b'"': re.compile(rb'"(?:[^"\\\n]|\\.)*"'),
    b"'": re.compile(rb"'(?:[^'\\\n]|\\.)*'"),
}
_FORMATTED: Final = re.compile(rb"(?i)[ft]r?\Z|rf\Z|rt\Z")
_FIELD: Final = rb"\{(?:[^{}\"'\\:#\n]|\"[^{}\"'\\\n]*\"(?!\")|'[^{}\"'\\\n]*'(?!'))*+\}"
"""A part of an f-string with an expression and plain strings in it, on one line. It has no format,
in which a quote would be no string."""

_BRACE: Final = re.compile(rb"\{\{|" + _FIELD + rb"|\}\}|[{}\"']")
_BACKSLASHES: Final = 60

Span = tuple[int, int]


def long_strings(source: bytes) -> list[Span] | None:
    """Return the spans of all strings with three quotes; `None` where versions might not agree."""
    spans: list[Span] = []
    position = 0
    ahead = dict.fromkeys(_TRIPLES, -1)
    while (triple := _next(source, position, ahead)) is not None:
        line = source.rfind(b"\n", 0, triple) + 1
        if line > position and continues(source, line):
            return None  # a string may go on from the line before
        before = max(position, line)
        blank = not source[before:triple].strip(b" \t")  # as nearly always
        found = triple if blank else _opening(source, before, triple)
        if found is None:
            return None
        if found == triple:
            end = _closing(source, found)
            if end is None:
                return None
            spans.append((found, end))
            position = end
        else:  # in a comment, or in another string
            position = found
    return spans


def _next(source: bytes, position: int, ahead: dict[bytes, int]) -> int | None:
    """Return where the first three quotes are from `position` on.

    `ahead` is where each kind was seen last, so that the text is gone through once for each.
    """
    for quotes, seen in ahead.items():
        if seen < position:
            found = source.find(quotes, position)
            ahead[quotes] = found if found >= 0 else len(source)
    first = min(ahead.values())
    return first if first < len(source) else None


def continues(source: bytes, line: int) -> bool:
    """Tell whether the line that begins at `line` is joined to the one before."""
    return source[line - 2 : line] == b"\\\n" or source[line - 3 : line] == b"\\\r\n"


def _opening(source: bytes, position: int, triple: int) -> int | None:
    """Return `triple` if a string begins there, else where to look on; `None` if it is unclear."""
    while position <= triple:
        quote = _QUOTE.search(source, position, triple + 1)
        if quote is None:
            return None
        if quote[0] == b"#":
            end = source.find(b"\n", triple)
            return end if end > 0 else len(source)
        if quote.start() == triple:
            return triple
        string = _SHORT[quote[0]].match(source, quote.start())
        if string is None or (_is_formatted(source, quote.start()) and b"{" in string[0]):
            return None
        position = string.end()
    return position


def _closing(source: bytes, start: int) -> int | None:
    quotes = source[start : start + 3]
    end = start + 3
    while (end := source.find(quotes, end)) >= 0:
        backslashes = 0
        if source[end - 1 : end] == b"\\":
            before = source[max(start + 3, end - _BACKSLASHES) : end]
            backslashes = len(before) - len(before.rstrip(b"\\"))
            if backslashes == _BACKSLASHES:
                return None
        if backslashes % 2 == 0:
            flat = not _is_formatted(source, start) or _is_flat(source[start + 3 : end])
            return end + 3 if flat else None
        end += 1
    return None


def _is_formatted(source: bytes, quote: int) -> bool:
    return _FORMATTED.search(source[max(0, quote - 2) : quote]) is not None


def _is_flat(text: bytes) -> bool:
    """Tell whether an f-string ends in the same place before and since PEP 701."""
    depth = 0
    for brace in _BRACE.findall(text):
        if brace in {b"{", b"}"}:
            depth += 1 if brace == b"{" else -1
        elif depth:  # quotes, or two braces, which may be one after the other
            return False
    return depth == 0
