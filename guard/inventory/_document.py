"""A document as tables of values, of which each reading says what type it expects."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from guard.errors import UsageError
from guard.inventory._base import shown

_UNFIT: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""No name, version, URL or path has a control character, or half of one."""

_LONGEST: Final = 4096


@dataclass(frozen=True, slots=True)
class Table:
    """A table of TOML or an object of JSON, and where it is."""

    values: Mapping[str, Any]
    at: str
    """For messages: "`uv.lock`, package[3]"."""

    def text(self, key: str) -> str | None:
        """Return a string, or `None` where there is none. Raises `UsageError`."""
        value = self.values.get(key)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self.wrong(f"{key} is not a string")
        if len(value) > _LONGEST or _UNFIT.search(value):
            raise self.wrong(f"{key} is {shown(value)}")
        return value

    def needed(self, key: str) -> str:
        """Return a string that must be there. Raises `UsageError`."""
        value = self.text(key)
        if not value:
            raise self.wrong(f"{key} is missing")
        return value

    def size(self, key: str) -> int | None:
        """Return a number of bytes. Raises `UsageError`."""
        value = self.values.get(key)
        if value is not None and (type(value) is not int or not 0 <= value < 1 << 63):
            raise self.wrong(f"{key} is not a size")
        return value

    def flag(self, key: str) -> bool:
        """Return a truth; what is left out is false. Raises `UsageError`."""
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            raise self.wrong(f"{key} is neither true nor false")
        return value

    def table(self, key: str) -> Table:
        """Return a table within, or an empty one. Raises `UsageError`."""
        value = self.values.get(key)
        if value is not None and not isinstance(value, dict):
            raise self.wrong(f"{key} is not a table")
        return Table(value or {}, f"{self.at}.{key}")

    def tables(self, key: str) -> Iterator[Table]:
        """Yield the tables of a list, if there is one. Raises `UsageError`."""
        rows = self.values.get(key)
        if rows is not None and not isinstance(rows, list):
            raise self.wrong(f"{key} is not a list")
        for number, row in enumerate(rows or ()):
            if not isinstance(row, dict):
                raise self.wrong(f"{key}[{number}] is not a table")
            yield Table(row, f"{self.at}.{key}[{number}]")

    def wrong(self, what: str, *, reason: str | None = None, hint: str | None = None) -> UsageError:
        """Return the error that says `what` is wrong here."""
        return UsageError(f"{self.at}: {what}", reason=reason, hint=hint)


@dataclass(frozen=True, slots=True)
class Document:
    """The top of a document, and the lines at which the rows of its lists begin."""

    top: Table
    lines: Mapping[str, Sequence[int]] = field(default_factory=dict)

    def rows(self, key: str) -> Iterator[tuple[Table, int | None]]:
        """Yield the tables of a list at the top, each with its line. Raises `UsageError`."""
        rows = list(self.top.tables(key))
        lines: Sequence[int | None] = self.lines.get(key, ())
        if len(lines) != len(rows):  # it is written in a way in which rows have no lines
            lines = [None] * len(rows)
        yield from zip(rows, lines, strict=True)
