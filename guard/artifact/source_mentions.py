"""What a name in the text of a Python module is there for: a call, an import, a type, a comment.

It is read off the characters around it. In doubt it is a call.
"""

from __future__ import annotations

import keyword
import re
import string
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Final

from guard.artifact import source_calls as calls
from guard.artifact.source_strings import Span
from guard.artifact.source_units import TangledError

_PLAIN: Final = frozenset({b"", b"\n", b" ", b"\t", b"(", b",", b"=", b"["})
"""What may be before a string that is not formatted."""

_IMPORT: Final = re.compile(
    rb"[ \t]*(?:from[ \t]+[^\s;]+[ \t]+import[ \t]*(\([^)*]*+\)|[^\n;(\\*]*+)"
    rb"|import[ \t]([^\n;\\]*+))(?![^\n]*[;\\*])"
)
_NAMES: Final = re.compile(rb"(\w+)(?:[ \t]+as[ \t]+(\w+))?")
_ALIAS: Final = re.compile(rb"\bas[ \t]+(\w+)")
_DOTTED: Final = re.compile(rb"[^\W\d][\w.]*")
_SEEN_THROUGH: Final = re.compile(rb"[ \t]*(?:[(,)\]}:|=#]|\r?\n)")
_CALLED: Final = re.compile(rb"[\s\\]*\(")
_WITHIN: Final = re.compile(rb"(?:def |class |\w)\Z")
_DECORATES: Final = re.compile(rb"@[ \t]*\Z")
_GIVES_NAME: Final = re.compile(
    rb"[ \t]*([^\W\d]\w*)[ \t]*(?::[^=\n]*)?=[ \t]*[^\W\d][\w.]*[ \t]*(?:\r?\n|\Z)"
)
_INHERITS: Final = re.compile(rb"[ \t]*class[ \t]+([^\W\d]\w*)[ \t]*\(")
_IS_VALUE: Final = re.compile(rb"(?:[=(\[{,:]|\b(?:return|yield|in|if|else|or|and))\s*\Z")
_ENDS_VALUE: Final = re.compile(rb"[ \t\\]*(?:[,)\]};\n#]|\Z|(?:if|else|or|and|for)\b)")
_NAMES_IT: Final = re.compile(
    rb"(?:\b(?:globals|locals|vars)[ \t]*\(\)[ \t]*(?:\[|\.\w+\()"
    rb"|\b(?:getattr|eval|exec)\b.*)\s*[\"']\Z"
)
_CALLEE: Final = re.compile(rb"(def[ \t]+|class[ \t]+)?([^\W\d]\w*)[ \t]*\Z")
_TARGETS: Final = re.compile(rb"[ \t]*+([\w.,* \t]++)=(?!=)")
_TARGET: Final = re.compile(rb"(\.?[^\W\d]\w*)[ \t]*(?:,|\Z)")
_OPEN: Final = frozenset(b"([{")
_CLOSED: Final = frozenset(b")]}")
_STATEMENT: Final = 8 << 10
"""Bytes of an import statement that are looked at."""

_IN_WORD: Final = frozenset(
    bytes([byte]) for byte in b"_" + string.digits.encode() + string.ascii_letters.encode()
)
_BEFORE_WORD: Final = _IN_WORD | {b"."}
_BEFORE_SUBSCRIPT: Final = _IN_WORD | {b")", b"]"}
_KEYWORDS: Final = frozenset(word.encode() for word in keyword.kwlist)
_MOST: Final = 40_000
"""Places where a name may be that is looked for."""

_BEFORE: Final = 8
_NEARBY: Final = 400
"""Bytes before a value in which the bracket that it is in begins."""


class Mentions:
    """The names in the text `source`; `strings` are its strings with three quotes."""

    def __init__(self, source: bytes, strings: list[Span]) -> None:
        self._source = source
        self._strings = strings
        self._known: dict[bytes, list[int]] = {}
        self._values: set[int] = set()
        self._defined: dict[bytes, bool] = {}
        self._left = _MOST

    @cached_property
    def has_hooks(self) -> bool:
        """Whether a class may run code of another when it is defined."""
        return b"__init_subclass__" in self._source or b"metaclass" in self._source

    def uses(self, offsets: Iterable[int]) -> set[int]:
        """Return those of `offsets` that are calls, with the uses of a name for its import."""
        found, imports = self._code(offsets)
        names = {name for statement in imports for name in _sought(statement)}
        return {offset for offset in found if self._may_run(offset)} | self._uses_of(names)

    def found(self, offsets: Iterable[int]) -> set[int]:
        """Return those of `offsets` that are code, with the uses of a name for its import."""
        found, imports = self._code(offsets)
        names = {name for statement in imports for name in _imported(statement)}
        return found | self._uses_of(names)

    def _code(self, offsets: Iterable[int]) -> tuple[set[int], list[re.Match[bytes]]]:
        """Return those of `offsets` that are neither text nor in an import, and the imports."""
        found: set[int] = set()
        imports: list[re.Match[bytes]] = []
        for offset in offsets:
            if not self._is_text(offset):
                statement = self._import(offset)
                if statement is None:
                    found.add(offset)
                else:
                    imports.append(statement)
        return found, imports

    def _uses_of(self, names: set[bytes]) -> set[int]:
        if not names:
            return set()
        name = re.compile(rb"\b(?:" + b"|".join(map(re.escape, sorted(names))) + rb")\b")
        uses = (use.start() for use in name.finditer(self._source))
        return {use for use in uses if not self._is_text(use) and not self._import(use)}

    def calls_of(self, names: Iterable[bytes]) -> list[tuple[bytes, int]]:
        """Return each of `names` with where it is called, handed to a call, or named otherwise.

        A name that begins with a dot is that of an attribute, any other is that of none. Raises
        `TangledError` if there are too many places to look at.
        """
        return [(name, offset) for name in names for offset in self._calls(name)]

    def all_of(self, names: Iterable[bytes]) -> list[tuple[bytes, int]]:
        """Return each of `names` with where it is, in whatever role. Raises `TangledError`."""
        return [(name, at) for name in names for at in self._words(name) if not self._is_text(at)]

    def targets(self, offset: int) -> set[bytes]:
        """Return the names and attributes that a statement gives the value at `offset` to.

        None, where what is at `offset` is called.
        """
        if offset not in self._values:
            return set()
        line = self._line(offset)
        given = _TARGETS.match(self._source, line, offset)
        return set(_TARGET.findall(given[1])) if given is not None else set()

    def _calls(self, name: bytes) -> list[int]:
        found = self._known.get(name)
        if found is None:
            calls = (at for at in self._words(name) if self._is_call(at, at + len(name)))
            found = self._known[name] = [at for at in calls if not self._is_text(at)]
        return found

    def _words(self, name: bytes) -> Iterator[int]:
        """Yield where `name` is a whole word."""
        source, size = self._source, len(name)
        attribute = name.startswith(b".")
        start = source.find(name)
        while start >= 0:
            self._left -= 1
            if self._left < 0:
                raise TangledError("too many names are alike")
            end = start + size
            if source[end : end + 1] not in _IN_WORD and (
                attribute or source[start - 1 : start] not in _BEFORE_WORD
            ):
                yield start
            start = source.find(name, end)

    def alias(self, offset: int) -> bytes | None:
        """Return the name that is given to what stands at `offset`, if nothing else happens."""
        found = _GIVES_NAME.match(self._source, self._line(offset), offset + _STATEMENT)
        return found[1] if found is not None and found.end(1) < offset < found.end() else None

    def heir(self, offset: int) -> bytes | None:
        """Return the class that inherits from what stands at `offset`."""
        found = _INHERITS.match(self._source, self._line(offset))
        return found[1] if found is not None and found.end() <= offset else None

    def _may_run(self, offset: int) -> bool:
        dotted = _DOTTED.match(self._source, offset)
        if dotted is None or not _SEEN_THROUGH.match(self._source, dotted.end()):
            return True
        return self._is_call(offset, dotted.end())

    def _is_call(self, start: int, end: int) -> bool:  # noqa: PLR0911 - the quick ones first
        source = self._source
        if _CALLED.match(source, end):
            if source[start] != ord(".") and _WITHIN.search(source, max(0, start - _BEFORE), start):
                return self.has_hooks and source.startswith(b"class ", self._line(start))
            return self.has_hooks or not source.startswith(b"class ", self._line(start))
        if source[end : end + 1] in _IN_WORD:
            return False
        if self.heir(start) is not None:
            return True
        if _DECORATES.search(source, max(0, start - _BEFORE), start) or self.alias(start):
            return True
        if source[start - 1 : start] in {b"'", b'"'}:
            return _NAMES_IT.search(source, self._line(start), start) is not None
        if _ENDS_VALUE.match(source, end) is None or not self._may_be_called(start):
            return False
        self._values.add(start)
        return True

    def _may_be_called(self, start: int) -> bool:
        """Tell whether the function that is named at `start` goes where it is called."""
        source = self._source
        value = _IS_VALUE.search(source, max(0, start - _BEFORE), start)
        if value is None:
            return False
        bracket = self._bracket(start)
        if bracket is None:
            return not value[0].startswith((b",", b":"))
        if source[bracket] != ord("("):
            return source[bracket - 1 : bracket] not in _BEFORE_SUBSCRIPT
        called = _CALLEE.search(source, max(0, bracket - _NEARBY), bracket)
        if called is None or called[2] in _KEYWORDS:
            return True
        if called[1] is not None:
            return value[0].startswith(b"=")
        return called[2] in calls.RUNNERS or self._is_defined(called[2])

    def _is_defined(self, name: bytes) -> bool:
        found = self._defined.get(name)
        if found is None:
            text = self._source
            found = self._defined[name] = b"def %b" % name in text or b"class %b" % name in text
        return found

    def _bracket(self, offset: int) -> int | None:
        """Return where the bracket begins that is around `offset`, if it is near."""
        source, depth = self._source, 0
        for at in range(offset - 1, max(0, offset - _NEARBY) - 1, -1):
            letter = source[at]
            if letter in _CLOSED:
                depth += 1
            elif letter in _OPEN:
                if not depth:
                    return at
                depth -= 1
        return None

    def _import(self, offset: int) -> re.Match[bytes] | None:
        """Return the import statement around `offset`, if it is one by itself."""
        line = self._line(offset)
        found = _IMPORT.match(self._source, line, line + _STATEMENT)
        return found if found is not None and offset < found.end() else None

    def _is_text(self, offset: int) -> bool:
        """Tell whether what is at `offset` is in a comment or a long string."""
        start = self._string(offset)
        if start is not None:
            return self._source[max(start - 1, 0) : start] in _PLAIN
        before = self._source[self._line(offset) : offset]
        return b"#" in before and b'"' not in before and b"'" not in before

    def _string(self, offset: int) -> int | None:
        """Return where the long string begins that `offset` is in, if it is in one."""
        last = bisect_right(self._strings, (offset, len(self._source))) - 1
        return self._strings[last][0] if last >= 0 and offset < self._strings[last][1] else None

    def _line(self, offset: int) -> int:
        return self._source.rfind(b"\n", 0, offset) + 1


def _imported(statement: re.Match[bytes]) -> Iterator[bytes]:
    """Yield the names that an import statement brings, but for those of classes of no interest."""
    for name, alias in _NAMES.findall(statement[1] or statement[2]):
        if name in calls.SOUGHT or not name[:1].isupper():
            yield alias or name


def _sought(statement: re.Match[bytes]) -> Iterator[bytes]:
    """Yield the names that an import statement brings, but for those that a look already finds."""
    if statement[1] is None:
        yield from _ALIAS.findall(statement[2])
        return
    for name, alias in _NAMES.findall(statement[1]):
        if name in calls.SOUGHT:
            yield alias or name
