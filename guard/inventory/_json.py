"""JSON in which no key is given twice, with the lines of the rows of its outermost lists."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from guard.errors import UsageError
from guard.inventory._base import shown
from guard.inventory._document import Document, Table

_SPACE: Final = re.compile(r"[ \t\r\n]*+")


def load(body: bytes, *, name: str) -> Document:
    """Return the document that `body` is: an object. Raises `UsageError`.

    RFC-8259 §4: readers do not agree on which of two members of one name counts.
    """
    try:
        return _Reader(body.decode("utf-8-sig")).document(name)
    except (ValueError, RecursionError) as error:  # also numbers and nesting without an end
        raise UsageError(f"`{name}` is not JSON", reason=str(error)) from None


class _Reader:
    """Reads the outermost object by itself, and whatever is inside it with `json`."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._end = 0
        self._decoder = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refused)

    def document(self, name: str) -> Document:
        """Return the whole text as a document. Raises `ValueError`."""
        pairs: list[tuple[str, Any]] = []
        starts: dict[str, list[int]] = {}
        self._expect("{")
        while not (pairs == [] and self._takes("}")):
            key = self._value()
            if not isinstance(key, str):
                raise json.JSONDecodeError("expected a key", self._text, self._end)
            self._expect(":")
            if self._next() == "[":
                rows, starts[key] = self._rows()
                pairs.append((key, rows))
            else:
                pairs.append((key, self._value()))
            if self._takes("}"):
                break
            self._expect(",")
        if self._next():
            raise json.JSONDecodeError("expected the end", self._text, self._end)
        lines = {key: self._lines(offsets) for key, offsets in starts.items()}
        return Document(Table(_unique(pairs), f"`{name}`"), lines)

    def _rows(self) -> tuple[list[Any], list[int]]:
        rows: list[Any] = []
        starts: list[int] = []
        self._expect("[")
        while not (rows == [] and self._takes("]")):
            self._next()
            starts.append(self._end)
            rows.append(self._value())
            if self._takes("]"):
                break
            self._expect(",")
        return rows, starts

    def _value(self) -> Any:  # noqa: ANN401 - JSON
        self._next()
        value, self._end = self._decoder.raw_decode(self._text, self._end)
        return value

    def _next(self) -> str:
        """Return the next character that is no space; none at the end."""
        found = _SPACE.match(self._text, self._end)
        self._end = found.end() if found else self._end
        return self._text[self._end : self._end + 1]

    def _takes(self, mark: str) -> bool:
        taken = self._next() == mark
        self._end += taken
        return taken

    def _expect(self, mark: str) -> None:
        if not self._takes(mark):
            raise json.JSONDecodeError(f"expected {mark!r}", self._text, self._end)

    def _lines(self, offsets: Sequence[int]) -> list[int]:
        lines, line, before = [], 1, 0
        for offset in offsets:
            line += self._text.count("\n", before, offset)
            lines.append(line)
            before = offset
        return lines


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        twice, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise ValueError(f"the key {shown(twice)!r} is given twice")
    return values


def _refused(word: str) -> None:
    raise ValueError(f"{word} is no number of JSON")
