"""What the text of a wheel's members shows that a program can do: traces of capabilities.

Every text is matched with the rules once. Only what these call for is parsed, and only those parts
of it that may matter, so most files cost no more than to be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

from guard.artifact import source_ast, source_data
from guard.artifact.content import Trace
from guard.artifact.source_outline import Hits, Lead, relevant
from guard.artifact.source_rules import Hit, Look, Rules, TooSlowError
from guard.artifact.source_text import (
    Kind,
    code_lines,
    decoded,
    kind_by_content,
    kind_of,
    readable,
    strange_letters,
    unread,
    unseen,
    wanted,
)

_SHOWN: Final = 160
"""Characters of a line that are kept."""

_MOST: Final = 20
"""Traces of one capability in one member."""

_RIGHT: Final = b" " * 120
"""Code after so many spaces is beyond the edge of any screen."""

_PAYLOAD: Final = "hidden-payload"
_OBFUSCATION: Final = "obfuscation"

_Found = tuple[str, int | None, str]
"""A capability, a line, and its text."""


@dataclass(slots=True)
class Budget:
    """What may still be spent on the texts of one archive."""

    parsed: int = 6 << 20
    """Bytes of Python that are parsed, after cutting: four times what any honest one has."""

    def spend(self, size: int) -> None:
        """Count what is parsed. Raises `UnparsableError` if there was too much of it."""
        self.parsed -= size
        if self.parsed < 0:
            raise source_ast.UnparsableError("too much is to be parsed in this archive")


class Scanner:
    """Reads members. `folders` hold the user's own rules. Safe to use in several threads.

    Raises `PolicyError` for a folder or a rule file that cannot be used.
    """

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        self._rules = Rules(folders)

    @property
    def digest(self) -> str:
        """A sha256 that changes with whatever may change the traces: rules, library, and us."""
        return self._rules.digest

    def wants(self, name: str, size: int) -> bool:
        """Tell whether a member of that name and size is to be read as text."""
        return wanted(kind_of(name), size)

    def misses(self, name: str, size: int) -> bool:
        """Tell whether a member of that name should be read as text, and is too large for it."""
        return unread(name, size)

    def traces(
        self, name: str, data: bytes, *, offset: int, budget: Budget | None = None
    ) -> tuple[Trace, ...]:
        """Return what the member `name` at `offset` of the archive shows, whatever its bytes.

        What is more than `budget` allows is not parsed, and judged by its text.
        """
        kind = kind_by_content(kind_of(name), name, data)
        try:
            found = [*_reading(self._rules, kind, data, budget or Budget()).found()]
        except TooSlowError:
            found = [(_OBFUSCATION, None, "it takes too long to be matched with the rules")]
        if not found:
            return ()
        return tuple(
            Trace(capability=capability, text=text, line=line, member=name, offset=offset)
            for capability, line, text in _first(found)
        )


class _Reading:
    """One member: its text as it is matched, and what was found in it."""

    def __init__(self, rules: Rules, kind: Kind, data: bytes, budget: Budget) -> None:
        self._rules = rules
        self._budget = budget
        self._kind = kind
        self._text = data

    def found(self) -> Iterator[_Found]:
        hits = self._rules.scan(self._text, self._kind.value)
        yield from self._shown(hits)
        if self._kind is Kind.MEDIA:
            end = source_data.after_end(self._text)
            if end is not None:
                yield _PAYLOAD, None, f"more than the format has, from byte {end} on"

    def _shown(self, hits: Iterable[Hit]) -> Iterator[_Found]:
        for hit in hits:
            if hit.rule.look is Look.NONE:
                yield from self._at(hit.rule.capability, hit.offsets)

    def _at(self, capability: str, offsets: Iterable[int]) -> Iterator[_Found]:
        at = sorted(offsets)
        if not at:  # a rule may have no pattern
            yield capability, None, "the member as a whole"
        position, line = 0, 1
        for offset in at[: 4 * _MOST]:
            line += self._text.count(b"\n", position, offset)
            position = offset
            yield capability, line, self._line(offset)

    def _line(self, offset: int) -> str:
        """Return the line that `offset` is on, or what of a long one begins there."""
        start = self._text.rfind(b"\n", 0, offset) + 1
        end = self._text.find(b"\n", offset, offset + 4 * _SHOWN)
        end = end if end >= 0 else offset + 4 * _SHOWN
        if offset - start > _SHOWN // 2 and end - start > _SHOWN:
            start = offset
        return _cut(self._text[start:end])


class _Python(_Reading):
    """A Python source, decoded."""

    def __init__(self, rules: Rules, kind: Kind, data: bytes, budget: Budget) -> None:
        super().__init__(rules, Kind.PYTHON, data, budget)
        self._startup = kind is Kind.STARTUP
        self._text, self._problem = decoded(code_lines(data) if self._startup else data)
        self._raw = data

    def found(self) -> Iterator[_Found]:
        if not self._text.isascii():
            yield from self._unreadable()
        if self._problem is not None:
            yield _OBFUSCATION, 1, self._problem
            yield from self._shown(self._rules.scan(self._raw, self._kind.value))
        if hits := self._rules.scan(self._text, self._kind.value):
            yield from self._shown(hits)
            yield from self._parsed([h for h in hits if h.rule.look is not Look.NONE and h.offsets])
        if blobs := [*source_data.blobs(self._text)]:
            yield from self._at(_PAYLOAD, blobs)
        if b";" in self._text and _RIGHT in self._text and (far := [*self._far_right()]):
            yield from self._at(_OBFUSCATION, far)

    def _unreadable(self) -> Iterator[_Found]:
        """Yield what nobody would see or read as it is meant."""
        if (offset := unseen(self._text)) is not None:
            yield from self._at(_OBFUSCATION, [offset])
        if (offset := strange_letters(self._text)) is not None:
            yield from self._at(_OBFUSCATION, [offset])
            self._text = readable(self._text)

    def _far_right(self) -> Iterator[int]:
        """Yield where code goes on after more spaces than fit on a screen."""
        start = self._text.find(_RIGHT)
        while start >= 0:
            end = self._text.find(b"\n", start)
            rest = self._text[start : end if end >= 0 else None]
            before = self._text[self._text.rfind(b"\n", 0, start) + 1 : start]
            code = rest.lstrip(b" ")
            if before.rstrip().endswith(b";") or (code and code[:1] == b";"):
                yield start + len(rest) - len(code)
            start = self._text.find(_RIGHT, start + len(rest) + 1)

    def _parsed(self, hits: list[Hit]) -> Iterator[_Found]:
        """Yield what a parser sees in a source of which `hits` say that it may matter."""
        if not hits:
            return
        source = self._relevant(hits)
        if source is None:
            return
        lines = self._text.split(b"\n")
        try:
            spots = self._spots(source, follow=any(h.rule.look is Look.ANYWHERE for h in hits))
        except source_ast.UnparsableError:
            for hit in hits:  # then its text has to do
                yield from self._at(hit.rule.capability, hit.offsets)
            return
        for capability, line in spots:
            yield capability, line, _cut(b"".join(lines[line - 1 : line]))

    def _relevant(self, hits: list[Hit]) -> bytes | None:
        if self._startup or not all(hit.complete for hit in hits):
            return self._text
        return relevant(
            self._text,
            Hits(
                on_import={o for h in hits if h.rule.look is Look.IMPORT for o in h.offsets},
                anywhere=[
                    Lead(at=hit.offsets, near=hit.near, related=hit.related)
                    for hit in hits
                    if hit.rule.look is Look.ANYWHERE
                ],
            ),
        )

    def _spots(self, source: bytes, *, follow: bool) -> set[source_ast.Spot]:
        """Return what the source shows. Raises `UnparsableError`."""
        if self._startup:
            lines = enumerate(source.split(b"\n"))  # each is run by itself
            return {
                spot
                for number, line in lines
                if line
                for spot in self._seen(line, number, follow=follow)
            }
        try:
            return self._seen(source, follow=follow)
        except source_ast.UnparsableError:
            if source is self._text:
                raise
        return self._seen(self._text, follow=follow)

    def _seen(self, source: bytes, before: int = 0, *, follow: bool) -> set[source_ast.Spot]:
        """Return what a source shows that `before` lines come before. Raises `UnparsableError`."""
        if len(source) > source_ast.LIMIT:
            raise source_ast.UnparsableError("it is too long")
        self._budget.spend(len(source))
        text = source.decode("utf-8", "replace")
        return source_ast.spots(source_ast.parse("\n" * before + text), follow=follow)


def _reading(rules: Rules, kind: Kind, data: bytes, budget: Budget) -> _Reading:
    if kind is Kind.PYTHON or kind is Kind.STARTUP:  # a set of an `Enum` is slow to look in
        return _Python(rules, kind, data, budget)
    return _Reading(rules, kind, b"" if kind is Kind.NATIVE else data, budget)


def _first(found: Iterable[_Found]) -> Iterator[_Found]:
    """Yield the first of each capability by line, one for each line."""
    by_line = {
        (capability, line or 0): (capability, line, text) for capability, line, text in found
    }
    ordered = sorted(by_line.items())
    for _, group in groupby(ordered, key=lambda item: item[0][0]):
        yield from (value for _, value in list(group)[:_MOST])


def _cut(line: bytes) -> str:
    return line[: 4 * _SHOWN].decode("utf-8", "replace").strip()[:_SHOWN]
