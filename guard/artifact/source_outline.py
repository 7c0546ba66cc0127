"""Which parts of a long module can matter, told by its text: only these are parsed.

Functions that hold no hit, and that nothing of interest names, are left out, and so are statements
that give no value to a name that is asked for: the parser sees all the rest on the lines where it
was.
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
    rb"\b(?<!def )(?<!class )[^\W\d]\w*+(?=[\s\\]*+[(,)])|(?<=[@=])[ \t]*+[^\W\d]\w*+"
)
"""A name that is called, handed to a call, or given another name."""

_ASSIGNS: Final = re.compile(rb"[ \t]*+([^\W\d]\w*+)[ \t]*+(?::[^=\n]*+)?=(?!=)")
_GIVES_ATTRIBUTE: Final = re.compile(rb"\.([^\W\d]\w*+)[ \t]*+(?::[^=\n]*+)?=(?!=)")
_DEFINES: Final = re.compile(rb"\b(?:def|class)[ \t]+([^\W\d]\w*)")
_IMPORTS: Final = re.compile(
    rb"(?:^|[;:])[ \t]*(?:import\b|from(?:[ \t]*[.\w]+[ \t]*import\b|[^\n]*\\))", re.MULTILINE
)
_IMPORTS_ONLY: Final = re.compile(
    rb"(?:from[ \t]++[\w.]++[ \t]++)?import\b((?:[\w\s.,()]++|#[^\n]*+)*+)"
)
_COMMENT: Final = re.compile(rb"#[^\n]*")
_NAMESPACES: Final = (b"globals", b"locals", b"vars", b"__dict__", b"modules")
_NAMESPACE: Final = re.compile(
    rb"\b(?:globals|locals|vars)[\s\\]*\(|=[ \t]*(?:globals|locals|vars)\b"
    rb"|__dict__|\bmodules[\s\\]*\["
)
"""Where a name can be looked up that is put together."""

_LETTERS: Final = b"_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_APART: Final = bytes(byte if byte in _LETTERS else 32 for byte in range(256))
"""Leaves of a text its words, with spaces between them: many times as fast as a search."""

_HELPER: Final = 2 << 10
"""Bytes of a function that is followed because of its name alone."""

_DEPTH: Final = 2
"""How far a value is followed from name to name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """Offsets of what was found of one thing that may happen anywhere, by what makes it matter."""

    at: Collection[int]
    """It matters with the small functions that the function around it calls, or is called by."""

    near: Collection[int] = ()
    """It matters wherever it is."""

    related: Collection[int] = ()
    """It matters in a function that calls one with something of `at`, is called by it, or shares
    an attribute with it. Where there is some, but only in other functions, nothing happens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """What was found in the text."""

    on_import: Collection[int] = ()
    """Offsets: it matters if code that runs on import may come to it."""

    anywhere: Collection[Lead] = ()


def relevant(source: bytes, hits: Hits) -> bytes | None:
    """Return `source`, which is UTF-8, without what cannot matter; `None` if nothing matters."""
    parts = parts_of(source)
    if parts is None:
        return source
    try:
        return _Outline(parts).relevant(hits)
    except TangledError:
        return source


class _Ways:
    """The parts that lead to something by the names that they use, seen from its end."""

    def __init__(self) -> None:
        self._used: dict[Part, set[bytes]] = {}
        self._given: dict[bytes, set[Part]] = {}
        self._early: list[tuple[Part, bytes]] = []

    def add(self, part: Part, used: bytes, given: Iterable[bytes], *, early: bool) -> None:
        """Add a use of a name in `part`, which others come to by the names that are `given`."""
        self._used.setdefault(part, set()).add(used)
        for name in given:
            self._given.setdefault(name, set()).add(part)
        if early:
            self._early.append((part, used))

    def early(self) -> set[Part]:
        """Return the parts with a use that is early, and those that these lead through."""
        pending = [used for _, used in self._early]
        asked = set(pending)
        reached: set[Part] = set()
        while pending:
            for part in self._given.get(pending.pop(), set()) - reached:
                reached.add(part)
                pending += self._used[part] - asked
                asked |= self._used[part]
        return reached | {part for part, _ in self._early}


class _Outline:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._source = parts.source
        self._mentions = Mentions(parts.source, parts.strings)

    def relevant(self, hits: Hits) -> bytes | None:
        kept = self._before_import(self._mentions.uses(hits.on_import))
        for lead in hits.anywhere:
            kept |= self._around(lead)
        return b"".join(self._without(self._with_names(kept))) if kept else None

    def _around(self, lead: Lead) -> set[Part]:
        """Return the parts of a lead, and what belongs to them; nothing where it leads nowhere."""
        code = [offset for offset in lead.at if not self._mentions.is_comment(offset)]
        if not code:
            return set()
        kept = {self._parts.at(offset) for offset in code}
        near = {self._parts.at(offset) for offset in lead.near}
        others = {self._parts.at(offset) for offset in lead.related}
        related = self._called(kept) | self._callers(kept)
        between, words = self._between(related, (near | others) - kept)
        linked = kept | related | {part for part in others if part.known_as in words}
        linked |= self._sharing(kept, others - linked)
        if others and not any(part in linked or part.name is None for part in others):
            return set()
        kept |= near | between | (linked & others)
        return kept | {part for part in related if part.end - part.start <= _HELPER}

    def _between(self, parts: set[Part], ends: set[Part]) -> tuple[set[Part], set[bytes]]:
        """Return those of `parts` that may call one of `ends`, and what else they may call."""
        names = {end.known_as for end in ends}
        found: dict[Part, set[bytes]] = {}
        for part in parts:
            if not names.isdisjoint(self._every_word([part])):  # which is quickly told
                words = self._words([part])
                if not names.isdisjoint(words):
                    found[part] = words
        return set(found), {word for words in found.values() for word in words}

    def _sharing(self, parts: set[Part], others: set[Part]) -> set[Part]:
        """Return those of `others` that give an attribute to what `parts` read, or read theirs."""
        if not others:
            return set()
        given, read = self._attributes(parts), self._every_word(parts)
        return {
            other
            for other in others
            if not read.isdisjoint(self._attributes([other]))
            or not given.isdisjoint(self._every_word([other]))
        }

    def _attributes(self, parts: Iterable[Part]) -> set[bytes]:
        """Return the attributes that are given a value in `parts`."""
        found: set[bytes] = set()
        for part in parts:
            found.update(_GIVES_ATTRIBUTE.findall(self._source, part.start, part.end))
        return found

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
        return found

    def _callers(self, parts: Iterable[Part]) -> set[Part]:
        """Return the parts that may call one of `parts`."""
        names = {name for part in parts for name in part.called}
        return {self._parts.at(offset) for _, offset in self._mentions.calls_of(names)}

    def _before_import(self, offsets: set[int]) -> set[Part]:
        """Return the parts by which an import comes from what is early to one of `offsets`."""
        ways = _Ways()
        uses = [(b"", offset) for offset in offsets]
        asked: set[bytes] = set()
        while uses:
            names: set[bytes] = set()
            for used, offset in uses:
                part = self._parts.at(offset)
                alias = self._mentions.alias(offset)
                early = alias is None and offset < self._parts.early(part)
                given = {*part.called, *self._defined(part), *((alias,) if alias else ())}
                ways.add(part, used, given, early=early)
                names |= given
            names -= asked
            asked |= names
            uses = self._mentions.calls_of(names)
        return ways.early()

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
        imports: list[Part] = []
        for part in self._parts:
            if part.name is not None or part in kept:
                continue
            target = _ASSIGNS.match(self._source, part.start)
            if part.header is not None:
                assigned.setdefault(part.header, []).append(part)
            elif target is not None:
                assigned.setdefault(target[1], []).append(part)
            elif self._imports(part):
                imports.append(part)
        known: set[bytes] = set()
        new = kept
        for _ in range(_DEPTH):
            words = self._every_word(new)
            known |= words
            new = {part for word in words & assigned.keys() for part in assigned[word]} - kept
            kept = kept | {part for part in new if not part.whole}
        known |= self._every_word(new)
        anything = any(
            self._source.find(word, part.start, part.end) >= 0
            and _NAMESPACE.search(self._source, part.start, part.end)
            for word in known.intersection(_NAMESPACES)
            for part in kept
        )
        kept |= {part for part in imports if anything or self._may_bring(part, known)}
        return kept | {part.within for part in kept if part.within is not None}

    def _imports(self, part: Part) -> bool:
        if self._source.find(b"import", part.start, part.end) < 0:
            return False
        return _IMPORTS.search(self._source, part.start, part.end) is not None

    def _may_bring(self, part: Part, names: set[bytes]) -> bool:
        """Tell whether a statement with an import may bind one of `names`."""
        only = _IMPORTS_ONLY.fullmatch(self._source, part.start, part.end)
        if only is None:
            return True
        return not names.isdisjoint(_COMMENT.sub(b"", only[1]).translate(_APART).split())

    def _without(self, kept: set[Part]) -> Iterator[bytes]:
        name = b"left_out"
        while name in self._source:
            name += b"_"
        source = self._source
        before: Part | None = None
        for part in self._parts:
            if part in kept:
                yield source[part.start : part.end]
            else:
                if before is not None and before in kept:
                    text = source[part.start : part.end]
                    indent = text[: len(text) - len(text.lstrip(b" \t"))]
                    if source[before.start : before.end].lstrip(b" \t").startswith(b"@"):
                        yield b"%bdef %b(): pass" % (indent, name)
                    elif before is part.within:  # or its class might have no body
                        yield indent + b"pass"
                yield b"\n" * source.count(b"\n", part.start, part.end)
            before = part
