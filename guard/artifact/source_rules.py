"""The rules that are matched with the text of every member: those shipped, and a user's own.

A rule is YARA. It may ask for `kind`, the value of a `source_text.Kind`, and its `id` is the
capability that it shows. A shipped rule with `look` shows nothing by itself: it says that a Python
source has to be parsed, for what happens on import or for what happens anywhere in it.
"""

from __future__ import annotations

import enum
import hashlib
import re
import string
import threading
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final

from guard.artifact.capabilities import sources
from guard.errors import PolicyError

if TYPE_CHECKING:
    import yara_x

VERSION: Final = 3
"""Of all that is not in a rule; a change means that what was found before may be another thing."""

MATCHES: Final = 200
"""Of one pattern in one member; a pattern with so many may have more."""

_SECONDS: Final = 60
"""For one member. The largest one takes a hundredth of that."""

_FILES: Final = 1_000
_BYTES: Final = 16 << 20
_ID: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_TOGETHER: Final = (("script", "javascript"), ("text", "media", "native"))
"""Kinds that few rules are for: compiling them once costs more than it costs to match them all."""

_SHIPPED: Final = "guard"
_NEAR: Final = "$near"
_WITH: Final = "$with"
_NOT: Final = "$_not"
"""Of a rule with `look`: the patterns that matter wherever they are, those that matter in what
calls, or is called by, a function with one of the others, and those in which no other matters."""

_RULE: Final = re.compile(r"^rule .*?^}$", re.MULTILINE | re.DOTALL)


class Look(enum.Enum):
    """What a match calls for."""

    NONE = enum.auto()
    """Nothing: it is what was looked for."""

    IMPORT = enum.auto()
    ANYWHERE = enum.auto()


@dataclass(frozen=True, slots=True)
class Rule:
    """What a rule is about."""

    capability: str
    look: Look


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that matched, and where; `complete` unless there may be more of some pattern."""

    rule: Rule
    offsets: tuple[int, ...]
    near: tuple[int, ...]
    related: tuple[int, ...]
    complete: bool


class TooSlowError(Exception):
    """A member took longer to be matched than any honest one does."""


class Rules:
    """All rules, compiled when they are first needed. Safe to use in several threads."""

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        self._shipped = sources()
        self._own = tuple(texts(folder) for folder in folders)
        self._lock = threading.Lock()
        self._compiled: dict[tuple[str, ...], yara_x.Rules] = {}
        self._about: dict[tuple[str, str], Rule] = {}
        self._local = threading.local()
        self.digest = self._digest()
        if folders:
            self._compile(
                "text"
            )  # a mistake in them is to be told now, and not as a fact of some wheel

    def _digest(self) -> str:
        found = hashlib.sha256(f"{VERSION} {metadata.version('yara-x')}".encode())
        for texts in (self._shipped, *self._own):
            for name, text in texts.items():
                found.update(hashlib.sha256(name.encode()).digest())
                found.update(hashlib.sha256(text.encode()).digest())
        return found.hexdigest()

    def scan(self, data: bytes, kind: str) -> list[Hit]:
        """Return the rules that match `data`. Raises `TooSlowError`."""
        import yara_x  # noqa: PLC0415

        try:
            matching = self._scanner(kind).scan(data).matching_rules
        except (yara_x.TimeoutError, yara_x.ScanError) as error:
            raise TooSlowError(str(error)) from error
        return [self._hit(rule) for rule in matching]

    def _hit(self, rule: yara_x.Rule) -> Hit:
        about = self._about[rule.namespace, rule.identifier]
        found: dict[str, list[yara_x.Match]] = {"": [], _NEAR: [], _WITH: [], _NOT: []}
        complete = True
        for pattern in rule.patterns:
            matches = pattern.matches
            if not matches:
                continue
            group = pattern.identifier.rstrip(string.digits) if about.look is not Look.NONE else ""
            found[group if group in found else ""] += matches
            complete = complete and len(matches) < MATCHES
        left_out = [range(match.offset, match.offset + match.length) for match in found[_NOT]]
        offsets = [match.offset for match in found[""]]
        return Hit(
            rule=about,
            offsets=tuple([o for o in offsets if not any(o in span for span in left_out)]),
            near=tuple([match.offset for match in found[_NEAR]]),
            related=tuple([match.offset for match in found[_WITH]]),
            complete=complete,
        )

    def _scanner(self, kind: str) -> yara_x.Scanner:
        found: yara_x.Scanner | None = getattr(self._local, kind, None)
        if found is None:
            import yara_x  # noqa: PLC0415

            found = yara_x.Scanner(self._compile(kind))
            found.set_global("kind", kind)
            found.set_timeout(_SECONDS)
            found.max_matches_per_pattern(MATCHES)
            setattr(self._local, kind, found)
        return found

    def _compile(self, kind: str) -> yara_x.Rules:
        kinds = next((kinds for kinds in _TOGETHER if kind in kinds), (kind,))
        with self._lock:
            if kinds not in self._compiled:
                self._compiled[kinds] = rules = self._built(kinds)
                for rule in rules:
                    self._about[rule.namespace, rule.identifier] = _about(rule)
            return self._compiled[kinds]

    def _built(self, kinds: tuple[str, ...]) -> yara_x.Rules:
        import yara_x  # noqa: PLC0415

        compiler = yara_x.Compiler(includes_enabled=False)
        compiler.define_global("kind", "")  # the scanner says which of `kinds` it is
        compiler.new_namespace(_SHIPPED)
        shipped = (_for_kinds(text, kinds) for text in self._shipped.values())
        compiler.add_source("".join(shipped))  # each source by itself would cost a millisecond
        wrong = None
        for name, text in ((name, text) for texts in self._own for name, text in texts.items()):
            compiler.new_namespace(name)
            try:
                compiler.add_source(text, origin=name)
            except yara_x.CompileError as error:
                wrong = wrong or (name, str(error))
        if wrong is not None:
            del compiler  # it may not end in another thread, as the traceback might
            raise _bad(*wrong)
        return compiler.build()


def _for_kinds(text: str, kinds: Collection[str]) -> str:
    """Return the shipped rules of a file that may match members of one of `kinds`.

    A search for fewer patterns is several times as fast.
    """
    rules = _RULE.findall(text)
    return "".join(
        rule for rule in rules if "kind ==" not in rule or any(f'"{k}"' in rule for k in kinds)
    )


def _about(rule: yara_x.Rule) -> Rule:
    said = dict(rule.metadata)
    name, look = said.get("id"), said.get("look")
    if not isinstance(name, str) or not _ID.fullmatch(name):
        name = rule.identifier.lower().replace("_", "-").strip("-")
    if rule.namespace != _SHIPPED or not isinstance(look, str):
        return Rule(name, Look.NONE)
    return Rule(name, Look.IMPORT if look == "import" else Look.ANYWHERE)


def texts(folder: Path) -> dict[str, str]:
    """Return the text of every rule file in `folder`, by its path. Raises `PolicyError`."""
    found: dict[str, str] = {}
    left = _BYTES
    for path in _paths(folder):
        if not path.is_file():  # reading a pipe would never end
            raise _bad(str(path), "it is no plain file")
        try:
            with path.open("rb") as stream:
                data = stream.read(left + 1)
            text = data.decode()
        except (OSError, UnicodeDecodeError) as error:
            raise _bad(str(path), str(error)) from error
        left -= len(data)
        found[str(path)] = text
        if left < 0 or len(found) > _FILES:
            raise _bad(str(folder), f"more than {_FILES} files or {_BYTES} bytes")
    return found


def _paths(folder: Path) -> Iterator[Path]:
    try:
        paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in {".yar", ".yara"})
    except OSError as error:
        raise _bad(str(folder), str(error)) from error
    if not paths:
        raise _bad(str(folder), "there is no .yar file in it")
    yield from paths


def _bad(source: str, reason: str) -> PolicyError:
    return PolicyError(
        "a file of YARA rules cannot be used",
        source=source,
        at="rules.suspicious-code.rules",
        reason=reason,
        hint="correct the file, or take its folder out of the policy",
    )
