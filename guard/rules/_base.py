"""What a rule is."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from functools import cache
from typing import Annotated, ClassVar

import msgspec

from guard.model import Candidate, Finding, Level, RuleId


class Stage(enum.Enum):
    """What must be known before a rule can be asked."""

    INDEX = "index"
    """Project pages are enough: the rule can hide a release before anything is downloaded."""

    FILE = "file"
    """The bytes must be in quarantine."""

    BOTH = "both"
    """Asked twice. At the index stage nothing is inside: what is, counts once it can be known."""


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """A check, configured. A rule's fields are its options in the policy file.

    The class docstring is the rule's documentation: `guard rule ID` prints it and
    `docs/rules/ID.md` is generated from it.
    """

    id: ClassVar[RuleId]
    since: ClassVar[str]
    stage: ClassVar[Stage] = Stage.INDEX

    level: Annotated[Level, msgspec.Meta(description="`deny`, `warn` or `off`.")] = Level.DENY

    @classmethod
    def options(cls) -> dict[str, str]:
        """Return the options a policy may set: the key in the file, and the field it fills."""
        return dict(_options(cls))

    @classmethod
    def tables(cls) -> dict[str, str]:
        """Return the fields that a policy fills from a table of its own: field, and table."""
        return dict(_tables(cls))

    def check(self, candidate: Candidate) -> Iterator[Finding]:
        """Yield what this rule holds against `candidate`; nothing if nothing."""
        raise NotImplementedError

    def finding(self, message: str, *detail: str, level: Level | None = None) -> Finding:
        """Return a finding at the level the policy gave this rule, or at `level`."""
        return Finding(rule=self.id, level=level or self.level, message=message, detail=detail)

    def unknown(
        self, message: str, *detail: str, cause: str | None = None, level: Level | None = None
    ) -> Finding:
        """Return the finding that this rule could not tell: *undecided* where it denies."""
        return Finding(
            rule=self.id,
            level=level or self.level,
            message=f"{message}: {cause}" if cause else message,
            detail=detail,
            unknown=True,
            cause=cause,
        )

    def unopened(self, reason: str) -> Finding:
        """Return the finding that nothing is known of what is inside; all rules say it alike."""
        return self.unknown("what is inside is not known", cause=reason)

    def at_most(self, level: Level) -> Level:
        """Return `level`, or this rule's own where that is the weaker one."""
        order = (Level.OFF, Level.WARN, Level.DENY)
        return min(level, self.level, key=order.index)


@cache
def _tables(rule: type[Rule]) -> dict[str, str]:
    return {f.name: table for f in msgspec.structs.fields(rule) if (table := _table(f))}


@cache
def _options(rule: type[Rule]) -> dict[str, str]:
    return {f.encode_name: f.name for f in msgspec.structs.fields(rule) if not _table(f)}


def _table(field: msgspec.structs.FieldInfo) -> str | None:
    for note in getattr(field.type, "__metadata__", ()):
        if isinstance(note, msgspec.Meta) and note.extra and "table" in note.extra:
            return str(note.extra["table"])
    return None
