"""The header format of METADATA and WHEEL, read in the one way that all of its readers share.

Essential reading, in order: the core metadata specification, PEP 566, RFC 5322 §2.2. pip reads
these files with Python's `email`, uv with another library; what the two could read differently is
a problem here, not a choice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_UNSEEN: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029]")
"""Control characters, and what some readers take for the end of a line."""

_ENCODED: Final = re.compile(r"=\?[^?\s]+\?[bBqQ]\?")
"""RFC-2047: uv's reader decodes such words and pip's does not."""


@dataclass(frozen=True, slots=True)
class Header:
    """One header; a folded value keeps its line breaks."""

    name: str
    value: str

    @property
    def plain(self) -> bool:
        """Tell whether every reader takes the value for the same text."""
        return not ("\n" in self.value or _UNSEEN.search(self.value) or _ENCODED.search(self.value))


@dataclass(frozen=True, slots=True)
class Headers:
    """The headers of a file, what follows them, and what is not clear about them."""

    headers: tuple[Header, ...] = ()
    body: str = ""
    problems: tuple[str, ...] = ()

    def values(self, name: str) -> tuple[str, ...]:
        """Return the values of every header `name`, whatever its case."""
        return tuple(h.value for h in self.headers if h.name.lower() == name.lower())

    def single(self, name: str) -> str | None:
        """Return the value of `name` if it is there exactly once, and plain."""
        found = [h for h in self.headers if h.name.lower() == name.lower()]
        return found[0].value if len(found) == 1 and found[0].plain else None

    def repeated(self, names: frozenset[str]) -> Iterator[str]:
        """Yield those of `names`, in lower case, that occur more than once."""
        seen: set[str] = set()
        for name in (header.name.lower() for header in self.headers):
            if name in seen and name in names:
                yield name
            seen.add(name)


def parse(content: bytes) -> Headers:
    """Return the headers of `content`, whatever it is, with what is wrong with them."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        return Headers(problems=(f"not UTF-8 at byte {error.start}",))
    head, body, problems = _split(text)
    headers, more = _headers(head)
    return Headers(headers=tuple(headers), body=body, problems=(*problems, *more))


def _split(text: str) -> tuple[list[str], str, list[str]]:
    """Return the lines before the first empty one, what follows it, and any unclear line end."""
    lines: list[str] = []
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        line = text[start:end].removesuffix("\r")
        start = end + 1
        if not line:
            break
        lines.append(line)
    # Python's reader takes a lone CR for the end of a line, so two of them for the end of all.
    problems = ["a carriage return within a line"] if any("\r" in line for line in lines) else []
    if any("\0" in line for line in lines):
        problems.append("a NUL character")
    return lines, text[start:], problems


def _headers(lines: list[str]) -> tuple[list[Header], list[str]]:
    names: list[str] = []
    values: list[list[str]] = []
    problems: list[str] = []
    for number, line in enumerate(lines, 1):
        if line[0] in " \t":
            if values:
                values[-1].append(line)
            else:
                problems.append("the first line continues a header that is not there")
            continue
        name, colon, value = line.partition(":")
        if colon and _NAME.fullmatch(name):
            names.append(name)
            values.append([value])
        else:
            # Python's reader ends the headers here; others pass over the line.
            problems.append(f"line {number} is no header: {line[:80]!r}")
    joined = ("\n".join(parts).strip(" \t") for parts in values)
    return [Header(*pair) for pair in zip(names, joined, strict=True)], problems[:5]
