"""Where a policy comes from: a preset by name, or a file."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Final

from guard import regular
from guard.approval import Approvals
from guard.errors import PolicyError
from guard.model import RuleId
from guard.policy.complaints import nearest
from guard.policy.policy import Group, Policy
from guard.policy.references import located
from guard.policy.tables import GroupTable, PolicyFile, convert, read
from guard.rules import CATALOGUE, Rule

PRESETS: Final = ("observe", "default", "strict")
SHIPPED: Final = (*PRESETS, "ai-stack")
"""Every policy that can be named without a file."""

_LIMIT: Final = 1_000_000
"""Bytes; a policy is written by people."""

_NONE: Final = Approvals()


def load(name: str, base: Policy | None = None, *, approvals: Approvals = _NONE) -> Policy:
    """Return the policy of a preset, or of the file at `name`, on top of `base`.

    Raises `PolicyError`.
    """
    if name in SHIPPED:
        return overlay(_table(_preset(name), name), base, source=name, approvals=approvals)
    return overlay(table_of(Path(name)), base, source=name, approvals=approvals)


def table_of(path: Path) -> Mapping[str, Any]:
    """Return what the policy file at `path` says, unread, its paths seen from its own folder.

    Of a pyproject.toml, it is the table `tool.guard`. Raises `PolicyError`.
    """
    name, body = str(path), _body(path)
    table: Mapping[str, Any] = decoded(body, name)
    if path.name == "pyproject.toml":
        table = _tool_table(table, name)
    return located(table, path.absolute().parent, name)


def _body(path: Path) -> bytes:
    try:
        body = regular.read(path, limit=_LIMIT)
    except OSError as error:
        raise PolicyError(
            f"the policy `{path}` could not be read",
            reason=error.strerror,
            hint=f"name a file or one of the presets: {', '.join(SHIPPED)}",
        ) from None
    if len(body) > _LIMIT:
        raise PolicyError(f"the policy `{path}` is larger than {_LIMIT} bytes")
    return body


def decoded(body: bytes, source: str) -> dict[str, Any]:
    """Return the TOML document in `body`, which came from `source`. Raises `PolicyError`."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PolicyError("not UTF-8", source=source, reason=str(error)) from None
    return _table(text, source)


def has_table(path: Path) -> bool:
    """Tell whether the pyproject.toml at `path` has a policy.

    Raises `PolicyError` where it may have one that cannot be read: that must not loosen.
    """
    body = _body(path)
    if b"guard" not in body:
        return False
    tool = _table(body.decode("utf-8", errors="replace"), str(path)).get("tool")
    return isinstance(tool, dict) and "guard" in tool


def parse(text: str, *, source: str, base: Policy | None = None) -> Policy:
    """Return the policy that `text` says, on top of what it extends and of `base`.

    Raises `PolicyError` on anything it does not wholly understand.
    """
    return overlay(_table(text, source), base, source=source)


def _tool_table(table: Mapping[str, Any], source: str) -> Mapping[str, Any]:
    tool = table.get("tool")
    if not isinstance(tool, dict) or "guard" not in tool:
        raise PolicyError(
            "there is no such table",
            source=source,
            at="tool.guard",
            hint="add one, or name another policy with `--policy` or GUARD_POLICY",
        )
    guard = tool["guard"]
    if not isinstance(guard, dict):
        raise PolicyError("expected a table", source=source, at="tool.guard")
    return guard


def _table(text: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also numbers and nesting without an end
        raise PolicyError("not TOML", source=source, reason=str(error)) from None


def overlay(
    table: Mapping[str, Any],
    base: Policy | None,
    *,
    source: str,
    system: bool = False,
    approvals: Approvals = _NONE,
) -> Policy:
    """Return the policy that `table` says on top of `base`. Raises `PolicyError`.

    What the table extends replaces the options of `base`; entries of both count, its own first.
    So do `approvals`, which lie beside it.
    """
    file = convert(table, PolicyFile, source=source, at="")
    if file.lockdown and not system:
        raise PolicyError(
            "only the system's own policy can lock anything down",
            source=source,
            at="lockdown",
            hint="`guard doctor` says where that is; anything can be denied here all the same",
        )
    if file.signature and not system:
        raise PolicyError(
            "only the system's own policy can say who signs the others",
            source=source,
            at="signature",
            hint="`guard doctor` says where that is",
        )
    extended = _base(file.extends, source)
    options, origins = _options(extended or base, file, source)
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
    groups = tuple(_group(entry, i, source) for i, entry in enumerate(file.group))
    for below in filter(None, (extended, base)):
        pins = (*pins, *below.publishers)
        indexes, denied = (*indexes, *below.indexes), (*denied, *below.deny)
        exempt, groups = (*exempt, *below.exemptions), (*below.groups, *groups)
    required = base.approval_required if base else False
    if file.approval is not None:
        required = file.approval == "required"
        origins["approval"] = source
    elif base is not None and "approval" in base.origins:
        origins["approval"] = base.origins["approval"]
    if base is not None:
        approvals += base.approvals
    tables: dict[str, object] = {
        "index": indexes,
        "deny": denied,
        "publisher": pins,
        "approval": required,
        "approvals": approvals,
    }
    rules = tuple(_rule(rule, options[id_], tables) for id_, rule in CATALOGUE.items())
    policy = Policy(
        rules=rules,
        indexes=indexes,
        deny=denied,
        exemptions=exempt,
        approval_required=required,
        approvals=approvals,
        publishers=pins,
        groups=groups,
        origins=origins,
        floor=base.floor if base else None,
    )
    _check_index_names(policy, source)
    return policy


def _group(entry: GroupTable, number: int, source: str) -> Group:
    """Return the group with its options read, rule by rule."""
    at = f"group[{number}]"
    options: dict[RuleId, dict[str, object]] = {}
    for id_ in entry.rules:
        rule = CATALOGUE[known_rule(id_, source, f"{at}.rules.{id_}")]
        given = _given(entry.rules, rule.id, source, at)
        _refuse_unknown_options(rule, given, source)
        names = rule.options()
        read_given = convert({**given}, rule, source=source, at=f"{at}.rules.{id_}")
        options[rule.id] = {names[key]: getattr(read_given, names[key]) for key in given}
    return Group(name=entry.name, members=read(entry.globs, source=source, at=at), options=options)


def known_rule(id_: str, source: str, at: str) -> RuleId:
    """Return the id of a rule. Raises `PolicyError` for one that is not in the catalogue."""
    if id_ in CATALOGUE:
        return RuleId(id_)
    close = difflib.get_close_matches(id_, CATALOGUE, n=1)
    hint = f"did you mean `{close[0]}`?" if close else "`guard rule` lists them"
    raise PolicyError("there is no such rule", source=source, at=at, hint=hint)


def _base(name: str | None, source: str) -> Policy | None:
    if name is None:
        return None
    if name not in SHIPPED:
        raise PolicyError(
            f"there is no preset {name!r}",
            source=source,
            at="extends",
            hint=f"one of: {', '.join(SHIPPED)}",
        )
    return parse(_preset(name), source=name)


def _options(
    base: Policy | None, file: PolicyFile, source: str
) -> tuple[dict[RuleId, dict[str, object]], dict[str, str]]:
    """Merge the options of each rule, key by key, and remember where each one comes from."""
    for id_ in file.rules:
        known_rule(id_, source, f"rules.{id_}")
    options: dict[RuleId, dict[str, object]] = {}
    origins = dict(base.origins) if base else {}
    for id_, rule in CATALOGUE.items():
        given = _given(file.rules, id_, source)
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


def _given(rules: Mapping[str, Any], id_: RuleId, source: str, within: str = "") -> dict[str, Any]:
    """Return the options that the file itself sets for a rule."""
    given = rules.get(id_, {})
    if not isinstance(given, dict):
        raise PolicyError(
            f"expected a table, not {given!r}",
            source=source,
            at=f"{within}.rules.{id_}".lstrip("."),
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
