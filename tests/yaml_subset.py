"""The simple part of YAML that the examples keep to: mappings, lists, plain words, `|` blocks.

Whatever is outside of it is an error: so what this reads, every reader of YAML reads the same way.
"""

from __future__ import annotations

import re
from typing import Any, Final

_KEY: Final = re.compile(r"([A-Za-z_][\w.-]*):(?: (.*))?")
_SPECIAL: Final = "&*!%@`{[|>'\","
"""What a plain word may not begin with; quotes and `[` are read, the others are not."""


class NotSimpleError(ValueError):
    """A line that is no YAML, or more of it than this reads."""


def read(text: str) -> Any:
    """Return what a document says: dictionaries, lists and strings."""
    lines = [*enumerate(text.splitlines(), start=1)]
    for number, line in lines:
        if "\t" in line:
            raise _fault(number, "a tab")
    value, rest = _value(lines, 0)
    if rest := _meant(rest):
        raise _fault(rest[0][0], "less indented than what it belongs to")
    return value


Lines = list[tuple[int, str]]


def _value(lines: Lines, least: int) -> tuple[Any, Lines]:
    lines = _meant(lines)
    if not lines:
        return "", lines
    number, line = lines[0]
    depth = _depth(line)
    if depth < least:
        return "", lines
    if line.strip().startswith("- "):
        return _list(lines, depth)
    if _KEY.fullmatch(line.strip()):
        return _mapping(lines, depth)
    raise _fault(number, "neither a key nor an entry")


def _list(lines: Lines, depth: int) -> tuple[list[Any], Lines]:
    found: list[Any] = []
    while (lines := _meant(lines)) and _depth(lines[0][1]) == depth:
        number, line = lines[0]
        if not line.strip().startswith("- "):
            break
        word = line.strip()[2:]
        if _KEY.fullmatch(word):
            inner = (number, " " * (depth + 2) + word)
            entry, lines = _mapping([inner, *lines[1:]], depth + 2)
        else:
            entry, lines = _scalar(number, word), lines[1:]
        found.append(entry)
    return found, lines


def _mapping(lines: Lines, depth: int) -> tuple[dict[str, Any], Lines]:
    found: dict[str, Any] = {}
    while (lines := _meant(lines)) and _depth(lines[0][1]) == depth:
        number, line = lines[0]
        key = _KEY.fullmatch(line.strip())
        if key is None:
            if line.strip().startswith("- "):
                break
            raise _fault(number, "not a key")
        if key[1] in found:
            raise _fault(number, f"`{key[1]}` twice")
        if key[2] == "|":
            found[key[1]], lines = _block(lines[1:], depth)
        elif key[2]:
            found[key[1]], lines = _scalar(number, key[2]), lines[1:]
        else:
            found[key[1]], lines = _value(lines[1:], depth + 1)
    return found, lines


def _block(lines: Lines, depth: int) -> tuple[str, Lines]:
    inside = []
    while lines and (not lines[0][1].strip() or _depth(lines[0][1]) > depth):
        inside.append(lines[0][1])
        lines = lines[1:]
    margin = min(_depth(line) for line in inside if line.strip())
    return "\n".join(line[margin:] for line in inside) + "\n", lines


def _scalar(number: int, word: str) -> Any:
    if word.startswith('"') and word.endswith('"') and len(word) > 1 and "\\" not in word:
        return word[1:-1]
    if word.startswith("[") and word.endswith("]"):
        return [_scalar(number, part.strip()) for part in word[1:-1].split(",")]
    if word[0] in _SPECIAL or ": " in word or " #" in word or word.endswith(":"):
        raise _fault(number, f"not a plain word: {word}")
    return word


def _meant(lines: Lines) -> Lines:
    while lines and (not lines[0][1].strip() or lines[0][1].lstrip().startswith("#")):
        lines = lines[1:]
    return lines


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _fault(number: int, reason: str) -> NotSimpleError:
    return NotSimpleError(f"line {number}: {reason}")
