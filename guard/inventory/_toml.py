"""TOML, with the lines of its tables, and within limits that its parser does not have."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from typing import Final

from guard.errors import UsageError
from guard.inventory._document import Document, Table

_MOST_DOTS: Final = 1000
"""In one line, outside of strings: `tomllib` takes the square of the length of a dotted key."""

_QUOTED: Final = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*+(?:""")?'
    r"|'''(?:[^']|'(?!''))*+(?:''')?"
    r'|"(?:[^"\\\n]|\\[^\n])*+"?'
    r"|'[^'\n]*+'?"
    r"|#[^\n]*+",
    re.DOTALL,
)
_HEADER: Final = re.compile(r"[ \t]*\[\[[ \t]*([A-Za-z0-9_-]+)[ \t]*\]\][ \t\r]*_?")


def load(body: bytes, *, name: str) -> Document:
    """Return the document that `body` is. Raises `UsageError`."""
    try:
        text = body.decode("utf-8").replace("\r\n", "\n")
        bare = _bare(text).split("\n")
        _refuse_long_keys(bare)
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also numbers and nesting without an end
        raise UsageError(f"`{name}` is not TOML", reason=str(error)) from None
    lines = defaultdict(list)
    for number, line in enumerate(bare, 1):
        if line.lstrip(" \t").startswith("[[") and (found := _HEADER.fullmatch(line)):
            lines[found[1]].append(number)
    return Document(Table(values, f"`{name}`"), lines)


def _bare(text: str) -> str:
    """Return `text` with a mark for each string and comment; its lines stay where they are."""
    return _QUOTED.sub(lambda found: "_" + "\n" * found[0].count("\n"), text)


def _refuse_long_keys(lines: list[str]) -> None:
    for number, line in enumerate(lines, 1):
        if line.count(".") > _MOST_DOTS:
            raise ValueError(f"line {number} has more than {_MOST_DOTS} dots")
