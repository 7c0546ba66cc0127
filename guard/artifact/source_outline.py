"""Which parts of a long module can matter, told by its text: only these are parsed.

Functions that hold no hit, and that nothing of interest names, are left out, and so are statements
that give no value to a name that is asked for: the parser sees all the rest on the lines where it
was.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Container, Iterable, Iterator
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
_BASES: Final = re.compile(rb"[ \t]*+class[ \t]++[^\s(:]++[ \t]*+\(([^)]*+)\)")
_GLOBAL: Final = re.compile(rb"\bglobal[ \t]+([^\n;#]*)")
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

_HANDS_ON: Final = re.compile(
    rb"def[^(]*+\((?!\s*+(?:self|cls)?[\s,]*+\)).*\b(?:return|yield)\b(?!\s*\n)", re.DOTALL
)
"""A function that is given something, and returns something."""

_LETTERS: Final = b"_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_APART: Final = bytes(byte if byte in _LETTERS else 32 for byte in range(256))
"""Leaves of a text its words, with spaces between them: many times as fast as a search."""

_HELPER: Final = 2 << 10
"""Bytes of a function that is followed because of its name alone."""

_LONG: Final = 16 << 10
"""Bytes of a function of which not all is followed that it calls."""

_DEPTH: Final = 2
"""How far a value is followed from name to name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """Offsets of what was found of one thing that may happen anywhere, by what makes it matter."""

    at: Collection[int]
    """It matters where something of `near` or `related`, if there is any, may come to it, or from
    it: by any number of calls, an attribute, a global name, or from a statement of the module."""

    near: Collection[int] = ()
    """If one of these matters, all do."""

    related: Collection[int] = ()
    """Each of these matters by itself."""


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

    def parts(self) -> set[Part]:
        """Return all that lead there."""
        return set(self._used)

    def early(self) -> set[Part]:
        """Return the parts with a use that is early, and those that these lead through."""
        return self._through({used for _, used in self._early}) | {p for p, _ in self._early}

    def below(self, parts: set[Part]) -> set[Part]:
        """Return those that `parts`, which lead there, lead through."""
        return self._through({used for part in parts for used in self._used[part]})

    def _through(self, asked: set[bytes]) -> set[Part]:
        pending = [*asked]
        reached: set[Part] = set()
        while pending:
            for part in self._given.get(pending.pop(), set()) - reached:
                reached.add(part)
                pending += self._used[part] - asked
                asked |= self._used[part]
        return reached


def _joined(some: _Ways, others: _Ways) -> set[Part]:
    """Return the parts that come to both ends, and those that they lead through.

    What runs on import is one of these parts, wherever in the module it is.
    """
    both = some.parts() & others.parts()
    found = both | some.below(both) | others.below(both)
    first, second = some.early(), others.early()
    return found | first | second if first and second else found


class _Outline:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._source = parts.source
        self._mentions = Mentions(parts.source, parts.strings)
        self._names: dict[Part, frozenset[bytes]] = {}
        self._ends: dict[Part, int] = {}

    def relevant(self, hits: Hits) -> bytes | None:
        kept = self._ways(self._mentions.uses(hits.on_import)).early()
        kept |= self._small(self._called(kept))
        for lead in hits.anywhere:
            kept |= self._around(lead)
        return b"".join(self._without(self._with_names(kept))) if kept else None

    def _around(self, lead: Lead) -> set[Part]:
        """Return the parts of a lead, and those through which it may lead from one to another.

        Nothing, where it does not.
        """
        code = self._mentions.found(lead.at)
        if not code:
            return set()
        kept = {self._parts.at(offset) for offset in code}
        if not lead.near and not lead.related:
            return kept | self._small(self._called(kept) | self._callers(kept))
        near, related = self._mentions.found(lead.near), self._mentions.found(lead.related)
        ends = {self._parts.at(offset) for offset in near | related}
        some, others = self._ways(code), self._ways(near | related)
        joined = _joined(some, others)
        linked = (joined & ends) | self._sharing(kept, ends - joined)
        linked |= {part for part in ends if part.name is None}
        telling = self._telling(kept, others.parts() - joined) if near else set()
        if not linked and not telling:
            return set()
        kept |= joined | linked | telling | others.below(telling)
        kept |= {self._parts.at(offset) for offset in near}
        return kept | self._helpers(kept)

    def _helpers(self, parts: set[Part]) -> set[Part]:
        """Return the small functions that hand on what `parts`, if not too long, give them."""
        calling = {part for part in parts if part.end - part.start <= _LONG}
        return {part for part in self._small(self._called(calling)) if self._hands_on(part)}

    def _hands_on(self, part: Part) -> bool:
        return _HANDS_ON.search(self._source, part.start, part.end) is not None

    def _small(self, parts: set[Part]) -> set[Part]:
        return {part for part in parts if part.end - part.start <= _HELPER}

    def _callers(self, parts: set[Part]) -> set[Part]:
        """Return the parts that may call one of `parts`."""
        names = {name for part in parts for name in self._given(part)}
        return {self._parts.at(offset) for _, offset in self._mentions.calls_of(names)}

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

    def _ways(self, offsets: Iterable[int]) -> _Ways:
        """Return the parts by which anything comes to one of `offsets`."""
        ways = _Ways()
        uses = [(b"", offset) for offset in offsets]
        asked: set[bytes] = set()
        tables: set[bytes] = set()
        while uses:
            names: set[bytes] = set()
            targets: set[bytes] = set()
            for used, offset in uses:
                part = self._parts.at(offset)
                alias = self._mentions.alias(offset)
                heir = self._mentions.heir(offset)
                waits = alias is not None or (heir is not None and not self._mentions.has_hooks)
                early = not waits and offset < self._early(part)
                given = set(self._given(part))
                if alias is not None:
                    given |= {alias, b"." + alias}
                elif heir is not None:
                    given.add(heir)
                ways.add(part, used, given, early=early)
                names |= given
                targets |= self._mentions.targets(offset)
            names -= asked
            targets -= tables
            asked |= names
            tables |= targets
            uses = self._mentions.calls_of(names) + self._mentions.all_of(targets)
        return ways

    def _early(self, part: Part) -> int:
        """Return the end of what of `part` runs without being called."""
        end = self._ends.get(part)
        if end is None:
            end = self._ends[part] = self._parts.early(part)
        return end

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

    def _telling(self, parts: set[Part], others: set[Part]) -> set[Part]:
        """Return those of `others` that give a global name a value that `parts` may read."""
        read = self._every_word(parts)
        return {
            other
            for other in others
            if self._source.find(b"global", other.start, other.end) >= 0
            for names in _GLOBAL.findall(self._source, other.start, other.end)
            if not read.isdisjoint(names.translate(_APART).split())
        }

    def _given(self, part: Part) -> frozenset[bytes]:
        """Return the names by which what stands in a part may be called later."""
        names = self._names.get(part)
        if names is None:
            names = self._names[part] = frozenset(part.called or self._defined(part))
            if b".run" in names:  # as a thread does
                names = self._names[part] = names | {b".start"}
        return names

    def _defined(self, part: Part) -> Iterator[bytes]:
        """Yield the names that a statement gives: as such, and as an attribute of a class in it."""
        assigned = _ASSIGNS.match(self._source, part.start)
        if assigned is not None:
            yield from (assigned[1], b"." + assigned[1])
        for name in _DEFINES.findall(self._source, part.start, part.end):
            yield from (name, b"." + name)

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
            kept |= {head for part in new for head in self._head(part, assigned.keys())}
        known |= self._every_word(new)
        anything = any(
            self._source.find(word, part.start, part.end) >= 0
            and _NAMESPACE.search(self._source, part.start, part.end)
            for word in known.intersection(_NAMESPACES)
            for part in kept
        )
        kept |= {part for part in imports if anything or self._may_bring(part, known)}
        kept |= {part.within for part in kept if part.within is not None}
        return kept | {each for part in kept for each in self._parts.decorators(part)}

    def _head(self, part: Part, classes: Container[bytes]) -> list[Part]:
        """Return the begin of a class that inherits from another one of the module."""
        if not part.whole:
            return []
        bases = _BASES.match(self._source, part.start, part.end)
        if bases is None or not any(word in classes for word in bases[1].translate(_APART).split()):
            return []
        return [each for each in self._parts.cut(part)[:1] if each is not part]

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
