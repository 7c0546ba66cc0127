"""What is wrong with a policy file, in the words of policy files: the key, and what it may be."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import Final

import msgspec

from guard.errors import PolicyError

_UNKNOWN: Final = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_MISSING: Final = re.compile(r"Object missing required field `(.*)`", re.DOTALL)
_TYPES: Final = {
    "array": "a list",
    "bool": "true or false",
    "date": "a date such as 2027-03-01",
    "datetime": "a moment",
    "float": "a number",
    "int": "a number",
    "object": "a table",
    "str": "a text in quotes",
    "time": "a time",
}


def complaint(error: msgspec.ValidationError, kind: type, *, source: str, at: str) -> PolicyError:
    """Return what `error`, from reading the table `at` as `kind`, means to whoever wrote it."""
    message, _, path = str(error).partition(" - at `$")
    path = path.rstrip("`")
    key = f"{at}{path}".strip(".")
    if unknown := _UNKNOWN.fullmatch(message):
        return PolicyError(
            "there is no such key",
            source=source,
            at=f"{key}.{unknown[1]}".strip("."),
            hint=nearest(unknown[1], _keys(_within(kind, path))),
        )
    if missing := _MISSING.fullmatch(message):
        return PolicyError(
            "this key is missing",
            source=source,
            at=f"{key}.{missing[1]}".strip("."),
            hint=f"{key or 'the policy'} needs it",
        )
    return PolicyError(
        _plain(message),
        source=source,
        at=key or None,
        hint=_double(message, key) or _choices(_within(kind, path)),
    )


def nearest(given: str, known: Sequence[str]) -> str:
    """Return the hint that helps whoever wrote `given` where only `known` is understood."""
    close = difflib.get_close_matches(given, known, n=1)
    return f"did you mean `{close[0]}`?" if close else f"one of: {', '.join(known)}"


def _plain(message: str) -> str:
    """Say in the words of TOML what msgspec says in those of Python."""
    if message.endswith("of length >= 1"):
        return "expected at least one entry" if "array" in message else "expected some text"
    words = re.sub(r" \| null(?=`)", "", message)
    words = re.sub(r"`([a-z| ]+)`", lambda found: _words(found[1]), words)
    return words[:1].lower() + words[1:]


def _words(types: str) -> str:
    return " or ".join(dict.fromkeys(_TYPES.get(name, name) for name in types.split(" | ")))


def _within(kind: type, path: str) -> msgspec.inspect.Type:
    """Return the type that `kind` has at `path`, such as `.index[0].owns`."""
    described = _bare(msgspec.inspect.type_info(kind))
    for step in path.split(".")[1:]:
        name = step.partition("[")[0]
        if isinstance(described, msgspec.inspect.StructType):
            field = next(f for f in described.fields if f.encode_name == name)
            described = _bare(field.type)
    return described


def _bare(described: msgspec.inspect.Type) -> msgspec.inspect.Type:
    """Return what a list, an optional value or an annotation is about."""
    match described:
        case msgspec.inspect.Metadata():
            return _bare(described.type)
        case msgspec.inspect.UnionType():
            some = [t for t in described.types if not isinstance(t, msgspec.inspect.NoneType)]
            return _bare(some[0])
        case msgspec.inspect.VarTupleType() | msgspec.inspect.ListType():
            return _bare(described.item_type)
        case _:
            return described


def _double(message: str, key: str) -> str | None:
    wrong = message.startswith("Expected `array`, got `object`") and "." not in key
    return f"each of these tables begins with [[{key}]], in two brackets" if wrong else None


def _keys(described: msgspec.inspect.Type) -> list[str]:
    if isinstance(described, msgspec.inspect.StructType):
        return [field.encode_name for field in described.fields]
    return []


def _choices(described: msgspec.inspect.Type) -> str | None:
    match described:
        case msgspec.inspect.EnumType():
            return f"one of: {', '.join(str(member.value) for member in described.cls)}"
        case msgspec.inspect.LiteralType():
            return f"one of: {', '.join(map(str, described.values))}"
        case _:
            return None
