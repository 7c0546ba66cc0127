"""Where a policy comes from: a preset by name, or a file."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Final

from guard.errors import PolicyError
from guard.model import RuleId
from guard.policy.complaints import nearest
from guard.policy.policy import Policy
from guard.policy.tables import PolicyFile, convert, read
from guard.rules import CATALOGUE, Rule

PRESETS: Final = ("observe", "default", "strict")

_LIMIT: Final = 1_000_000
"""Bytes; a policy is written by people."""


def load(name: str) -> Policy:
    """Return the policy of a preset, or of the file at `name`. Raises `PolicyError`."""
    if name in PRESETS:
        return parse(_preset(name), source=name)
    path = Path(name)
    try:
        with path.open("rb") as stream:
            body = stream.read(_LIMIT + 1)
    except OSError as error:
        raise PolicyError(
            f"the policy `{name}` could not be read",
            reason=error.strerror,
            hint=f"name a file or one of the presets: {', '.join(PRESETS)}",
        ) from None
    if len(body) > _LIMIT:
        raise PolicyError(f"the policy `{name}` is larger than {_LIMIT} bytes")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PolicyError("not UTF-8", source=name, reason=str(error)) from None
    if path.name == "pyproject.toml":
        return _from_pyproject(text, source=name)
    return parse(text, source=name)


def parse(text: str, *, source: str) -> Policy:
    """Return the policy that `text` says, on top of what it extends.

    Raises `PolicyError` on anything it does not wholly understand.
    """
    return _policy(_table(text, source), source=source)


def _from_pyproject(text: str, *, source: str) -> Policy:
    tool = _table(text, source).get("tool")
    if not isinstance(tool, dict) or "guard" not in tool:
        raise PolicyError(
            "there is no such table",
            source=source,
            at="tool.guard",
            hint="add one, or name another policy with `--policy` or GUARD_POLICY",
        )
    return _policy(tool["guard"], source=source)


def _table(text: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also numbers and nesting without an end
        raise PolicyError("not TOML", source=source, reason=str(error)) from None


def _policy(table: Mapping[str, Any], *, source: str) -> Policy:
    file = convert(table, PolicyFile, source=source, at="")
    base = _base(file.extends, source)
    options, origins = _options(base, file, source)
    indexes = tuple(
        read(entry.entry, source=source, at=f"index[{i}]") for i, entry in enumerate(file.index)
    )
    denied = tuple(
        read(entry.entry, source=source, at=f"deny[{i}]") for i, entry in enumerate(file.deny)
    )
    exempt = tuple(
        read(entry.entry, source=source, at=f"exempt[{i}]") for i, entry in enumerate(file.exempt)
    )
    pins = tuple(
        read(entry.entry, source=source, at=f"publisher[{i}]")
        for i, entry in enumerate(file.publisher)
    )
    if base is not None:
        pins = (*pins, *base.publishers)
        indexes, denied = (*indexes, *base.indexes), (*denied, *base.deny)
        exempt = (*exempt, *base.exemptions)
    tables: dict[str, object] = {"index": indexes, "deny": denied, "publisher": pins}
    rules = tuple(_rule(rule, options[id_], tables) for id_, rule in CATALOGUE.items())
    policy = Policy(
        rules=rules,
        indexes=indexes,
        deny=denied,
        exemptions=exempt,
        publishers=pins,
        origins=origins,
    )
    _check_index_names(policy, source)
    return policy


def _base(name: str | None, source: str) -> Policy | None:
    if name is None:
        return None
    if name not in PRESETS:
        raise PolicyError(
            f"there is no preset {name!r}",
            source=source,
            at="extends",
            hint=f"one of: {', '.join(PRESETS)}",
        )
    return parse(_preset(name), source=name)


def _options(
    base: Policy | None, file: PolicyFile, source: str
) -> tuple[dict[RuleId, dict[str, object]], dict[str, str]]:
    """Merge the options of each rule, key by key, and remember where each one comes from."""
    for id_ in file.rules:
        if id_ not in CATALOGUE:
            close = difflib.get_close_matches(id_, CATALOGUE, n=1)
            hint = f"did you mean `{close[0]}`?" if close else "`guard rule` lists them"
            raise PolicyError("there is no such rule", source=source, at=f"rules.{id_}", hint=hint)
    options: dict[RuleId, dict[str, object]] = {}
    origins = dict(base.origins) if base else {}
    for id_, rule in CATALOGUE.items():
        given = _given(file, id_, source)
        _refuse_unknown_options(rule, given, source)
        inherited = next((r for r in base.rules if r.id == id_), None) if base else None
        names = rule.options()
        merged = {
            key: getattr(inherited, name) for key, name in names.items() if inherited is not None
        }
        read_given = convert({**given}, rule, source=source, at=f"rules.{id_}")
        merged |= {key: getattr(read_given, names[key]) for key in given}
        options[id_] = {names[key]: value for key, value in merged.items()}
        origins |= {f"rules.{id_}.{key}": source for key in given}
    return options, origins


def _given(file: PolicyFile, id_: RuleId, source: str) -> dict[str, Any]:
    """Return the options that the file itself sets for a rule."""
    given = file.rules.get(id_, {})
    if not isinstance(given, dict):
        raise PolicyError(
            f"expected a table, not {given!r}",
            source=source,
            at=f"rules.{id_}",
            hint=f'a level goes inside it: rules.{id_}.level = "deny"',
        )
    return given


def _refuse_unknown_options(rule: type[Rule], given: Mapping[str, Any], source: str) -> None:
    known = rule.options()
    for key in given:
        if key not in known:
            raise PolicyError(
                "there is no such option",
                source=source,
                at=f"rules.{rule.id}.{key}",
                hint=nearest(key, list(known)),
            )


def _rule(rule: type[Rule], options: Mapping[str, object], tables: Mapping[str, object]) -> Rule:
    filled = {name: tables[table] for name, table in rule.tables().items()}
    values: dict[str, Any] = {**options, **filled}
    return rule(**values)


def _check_index_names(policy: Policy, source: str) -> None:
    names = {entry.name for entry in policy.indexes}
    for rule in policy.rules:
        for name in getattr(rule, "exempt_indexes", ()):
            if name not in names:
                raise PolicyError(
                    f"there is no [[index]] named {name!r}",
                    source=source,
                    at=f"rules.{rule.id}.exempt-indexes",
                    hint="add an [[index]] table of that name with the index's url",
                )


def _preset(name: str) -> str:
    """Read a preset from the wheel, or from the checkout that an editable install runs from."""
    packaged = resources.files("guard") / "policies" / f"{name}.toml"
    if packaged.is_file():
        return packaged.read_text(encoding="utf-8")
    return (Path(__file__).parents[2] / "policies" / f"{name}.toml").read_text(encoding="utf-8")
