"""What is different between two policies, and whether it lets more through or less. Pure."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from guard.model import Level, RuleId, Severity
from guard.policy.policy import Exemption, Group, Policy
from guard.rules._page import toml
from guard.rules.source_distribution import Action, Isolation

_LEVELS: Final = (Level.OFF, Level.WARN, Level.DENY)

STRICTER: Final[Mapping[str, bool]] = {
    "action": True,
    "age": True,
    "allow": False,
    "every-file": True,
    "exempt-indexes": False,
    "ignore": False,
    "ignore-until-fixed": False,
    "isolation": True,
    "kinds": False,
    "level": True,
    "max-age": False,
    "max-bytes": False,
    "max-entries": False,
    "releases": True,
    "rules": True,
    "severity": False,
    "stale-after": False,
    "waive-fixes": False,
    "window": True,
    "within": True,
}
"""Whether more of an option denies more: a longer time, a longer list, a higher number. A key that
ends in `level` is one."""


class Effect(enum.StrEnum):
    """What a difference does to the files that are admitted."""

    LOOSENS = "loosens"
    TIGHTENS = "tightens"
    CHANGES = "changes"
    """Neither, or both, or nobody can tell."""

    @property
    def reversed(self) -> Effect:
        """What it would do the other way round."""
        pairs = {Effect.LOOSENS: Effect.TIGHTENS, Effect.TIGHTENS: Effect.LOOSENS}
        return pairs.get(self, self)


@dataclass(frozen=True, slots=True)
class Difference:
    """One value or entry that is not as before."""

    effect: Effect
    words: str


def differences(old: Policy, new: Policy) -> Iterator[Difference]:
    """Yield what is different in `new`, by value and by entry."""
    yield from _options(old, new)
    if old.approval_required != new.approval_required:
        effect = Effect.TIGHTENS if new.approval_required else Effect.LOOSENS
        words = "required" if new.approval_required else "optional"
        yield Difference(effect, f'approval = "{words}"')
    yield from _entries("deny", _denied(old), _denied(new), Effect.TIGHTENS)
    yield from _entries("exempt", _exempt(old), _exempt(new), Effect.LOOSENS)
    yield from _entries("publisher", _pinned(old), _pinned(new), Effect.TIGHTENS)
    yield from _entries("index", _indexes(old), _indexes(new), Effect.CHANGES)
    yield from _groups(old, new)
    yield from _approvals(old, new)


def _options(old: Policy, new: Policy) -> Iterator[Difference]:
    for before, rule in zip(old.rules, new.rules, strict=True):
        for key, name in rule.options().items():
            was, value = getattr(before, name), getattr(rule, name)
            if was != value:
                words = f"rules.{rule.id}.{key} = {toml(value)}  # instead of {toml(was)}"
                yield Difference(effect(key, was, value), words)


def effect(key: str, was: object, value: object) -> Effect:
    """Return what it does that the option `key` has another value."""
    more = _more(was, value)
    if more is None:
        return Effect.CHANGES
    stricter = STRICTER["level" if key.endswith("level") else key]
    return Effect.TIGHTENS if more is stricter else Effect.LOOSENS


def _more(was: object, value: object) -> bool | None:
    """Tell whether `value` is more than what `was`; `None` where it is neither more nor less."""
    one, other = _amount(was), _amount(value)
    return True if other > one else False if other < one else None


def _amount(value: object) -> Any:  # noqa: ANN401 - whatever can be compared with its like
    match value:
        case Level():
            return _LEVELS.index(value)
        case Action() | Isolation():
            return list(type(value)).index(value)
        case str():  # all other texts that are options are ratings
            return Severity(value).rank
        case tuple():
            return frozenset(value)
        case _:
            return value


def _entries(
    table: str, old: Sequence[str], new: Sequence[str], added: Effect
) -> Iterator[Difference]:
    for words in new:
        if words not in old:
            yield Difference(added, f"[[{table}]] {words}")
    for words in old:
        if words not in new:
            yield Difference(added.reversed, f"no more [[{table}]] {words}")


def _denied(policy: Policy) -> list[str]:
    return [f"{e.name} {e.versions or 'in every version'}: {e.reason}" for e in policy.deny]


def _exempt(policy: Policy) -> list[str]:
    return list(map(_exemption, policy.exemptions))


def _exemption(entry: Exemption) -> str:
    versions = f" {entry.versions}" if entry.versions else ""
    files = f", {len(entry.sha256)} files" if entry.sha256 else ""
    until = f", until {entry.expires}" if entry.expires else ", for ever"
    by = f" ({entry.approved_by})" if entry.approved_by else ""
    return f"{entry.name}{versions} from {entry.rule}{files}{until}: {entry.reason}{by}"


def _pinned(policy: Policy) -> list[str]:
    return [
        f"{pin.name}: {' or '.join(map(str, pin.identities))}"
        + ("" if pin.required else ", if it is attested")
        for pin in policy.publishers
    ]


def _indexes(policy: Policy) -> list[str]:
    return [
        f"{entry.name} {entry.url}"
        + (f" owns {', '.join(entry.owns)}" if entry.owns else "")
        + (f", trust root {entry.trust_root}" if entry.trust_root else "")
        + (f", receipts of {entry.receipts.key}" if entry.receipts else "")
        for entry in policy.indexes
    ]


def _groups(old: Policy, new: Policy) -> Iterator[Difference]:
    """Yield each option of a group, held against what it is for everybody else."""
    before, after = list(_grouped(old)), list(_grouped(new))
    for found, other, back in ((after, before, False), (before, after, True)):
        for words, key, base, value in found:
            if words not in [each for each, *_ in other]:
                what = effect(key, base, value) if base != value else Effect.CHANGES
                said = f"no more [[group]] {words}" if back else f"[[group]] {words}"
                yield Difference(what.reversed if back else what, said)


def _grouped(policy: Policy) -> Iterator[tuple[str, str, object, object]]:
    """Yield each option of each group: its words, its key, the value elsewhere, and its own."""
    for group in policy.groups:
        for rule in policy.rules:
            keys = {name: key for key, name in rule.options().items()}
            for name, value in group.options.get(rule.id, {}).items():
                words = _words(group, rule.id, keys[name], value)
                yield words, keys[name], getattr(rule, name), value


def _words(group: Group, rule: RuleId, key: str, value: object) -> str:
    return f"{group.name} ({', '.join(group.members)}): rules.{rule}.{key} = {toml(value)}"


def _approvals(old: Policy, new: Policy) -> Iterator[Difference]:
    for entry in new.approvals.entries:
        if entry not in old.approvals.entries:
            aside = ", ".join(dict.fromkeys(each.rule for each in entry.accepted))
            words = f"{entry.title} is approved{f', setting aside {aside}' if aside else ''}"
            yield Difference(Effect.LOOSENS, words)
    for entry in old.approvals.entries:
        if entry not in new.approvals.entries:
            yield Difference(Effect.TIGHTENS, f"{entry.title} is approved no more")
