"""Which parts of a long module can matter, told by its text: only these are parsed.

Functions that hold no hit, and that nothing of interest names, become empty ones, and statements
that give no value to a name that is asked for become `pass`: the parser sees all the rest on the
lines where it was.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from guard.artifact.source_mentions import Mentions
from guard.artifact.source_parts import Part, Parts, parts_of
from guard.artifact.source_units import TangledError

_USED: Final = re.compile(
    rb"(?<!def )(?<!class )\b[^\W\d]\w*(?=[\s\\]*[(,)])|(?<=[@=])[ \t]*[^\W\d]\w*"
)
"""A name that is called, handed to a call, or given another name."""

_ASSIGNS: Final = re.compile(rb"[ \t]*([^\W\d]\w*)[ \t]*(?::[^=\n]*)?=(?!=)")
_DEFINES: Final = re.compile(rb"\b(?:def|class)[ \t]+([^\W\d]\w*)")
_IMPORTS: Final = re.compile(rb"\bimport\b")
_LETTERS: Final = b"_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_APART: Final = bytes(byte if byte in _LETTERS else 32 for byte in range(256))
"""Leaves of a text its words, with spaces between them: many times as fast as a search."""

_HELPER: Final = 2 << 10
"""Bytes of a function that is followed because of its name alone."""

_DEPTH: Final = 2
"""How far a value is followed from name to name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """Offsets of what was found in the text, by what makes it matter."""

    on_import: Collection[int] = ()
    """Code that runs on import may come to it."""

    anywhere: Collection[int] = ()
    """It matters with the small functions that the function around it calls, or is called by."""

    near: Collection[int] = ()
    """It matters if there is anything of `anywhere`."""

    related: Collection[int] = ()
    """It matters in a function that calls one with something of `anywhere`, or is called by it."""


def relevant(source: bytes, hits: Hits) -> bytes | None:
    """Return `source`, which is UTF-8, without what cannot matter; `None` if nothing matters."""
    parts = parts_of(source)
    if parts is None:
        return source
    try:
        return _Outline(parts).relevant(hits)
    except TangledError:
        return source


class _Outline:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._source = parts.source
        self._mentions = Mentions(parts.source, parts.strings)

    def relevant(self, hits: Hits) -> bytes | None:
        kept = {self._parts.at(offset) for offset in hits.anywhere}
        if kept:
            related = self._called(kept) | self._callers(kept)
            kept |= {part for part in map(self._parts.at, hits.related) if part in related}
            kept |= {part for part in related if part.end - part.start <= _HELPER}
            kept |= {self._parts.at(offset) for offset in hits.near}
        callers = self._before_import(self._mentions.uses(hits.on_import))
        kept |= callers
        return b"".join(self._without(self._with_names(kept))) if kept else None

    def _called(self, parts: Iterable[Part]) -> set[Part]:
        """Return the functions that `parts` may call."""
        words = self._words(parts)
        for part in [part for part in self._parts if part.header in words and part.whole]:
            self._parts.cut(part)
        return {
            part
            for part in self._parts
            if part.name in words
            or (part.owner in words and part.name is not None and part.name.startswith(b"__"))
        }

    def _words(self, parts: Iterable[Part]) -> set[bytes]:
        found: set[bytes] = set()
        for part in parts:
            found.update(map(bytes.lstrip, _USED.findall(self._source, part.start, part.end)))
        return found

    def _every_word(self, parts: Iterable[Part]) -> set[bytes]:
        """Return all names and keywords in `parts`, and what looks like one."""
        found: set[bytes] = set()
        for part in parts:
            found.update(self._source[part.start : part.end].translate(_APART).split())
        return {word.lstrip(b"0123456789") for word in found}

    def _callers(self, parts: Iterable[Part]) -> set[Part]:
        """Return the parts that may call one of `parts`."""
        names = {name for part in parts for name in part.called}
        return {self._parts.at(offset) for offset in self._mentions.calls_of(names)}

    def _before_import(self, offsets: set[int]) -> set[Part]:
        """Return the parts around `offsets`, and what may come to them, if some of it is early."""
        found: set[Part] = set()
        asked: set[bytes] = set()
        early = False
        while offsets:
            names: set[bytes] = set()
            for offset in offsets:
                part = self._parts.at(offset)
                found.add(part)
                names.update(self._defined(part))
                alias = self._mentions.alias(offset)
                if alias is not None:
                    names.add(alias)
                elif offset < self._parts.early(part):
                    early = True
                names.update(part.called)
            names -= asked
            asked |= names
            offsets = self._mentions.calls_of(names)
        return found if early else set()

    def _defined(self, part: Part) -> Iterator[bytes]:
        """Yield the names by which what stands in a statement may be called later."""
        if part.name is None:
            given = _ASSIGNS.match(self._source, part.start)
            if given is not None:
                yield given[1]
            yield from _DEFINES.findall(self._source, part.start, part.end)

    def _with_names(self, kept: set[Part]) -> set[Part]:
        """Return `kept` with the imports, the classes, and what gives a value to a name in it."""
        assigned: dict[bytes, list[Part]] = {}
        for part in self._parts:
            if part.name is not None or part in kept:
                continue
            target = _ASSIGNS.match(self._source, part.start)
            if part.header is not None:
                assigned.setdefault(part.header, []).append(part)
            elif target is not None:
                assigned.setdefault(target[1], []).append(part)
            elif _IMPORTS.search(self._source, part.start, part.end):
                kept.add(part)
        new = kept
        for _ in range(_DEPTH):
            words = self._every_word(new)
            new = {part for word in words & assigned.keys() for part in assigned[word]} - kept
            kept = kept | {part for part in new if not part.whole}
        return kept | {part.within for part in kept if part.within is not None}

    def _without(self, kept: set[Part]) -> Iterator[bytes]:
        name = b"left_out"
        while name in self._source:
            name += b"_"
        for part in self._parts:
            text = self._source[part.start : part.end]
            if part in kept:
                yield text
                continue
            if part.within is None or part.within in kept:
                yield text[: len(text) - len(text.lstrip(b" \t"))]
                yield b"pass" if part.name is None else b"def %b(): pass" % name
            yield b"\n" * text.count(b"\n")
