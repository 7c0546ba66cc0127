"""A rule's documentation page, made from the rule itself."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable
from datetime import timedelta

import msgspec

from guard.rules._base import Rule, Stage


def page(rule: type[Rule]) -> str:
    """Return the Markdown page of `rule`: what `guard rule ID` prints."""
    stage = {
        Stage.INDEX: "the index page is enough to decide",
        Stage.FILE: "the file must have been downloaded",
        Stage.BOTH: "the request is judged at once, what is inside when it has been downloaded",
    }[rule.stage]
    return (
        f"# `{rule.id}`\n\n{inspect.getdoc(rule)}\n\n"
        f"## Options\n\n| option | default | meaning |\n|---|---|---|\n{_options(rule)}\n"
        f"Since {rule.since}. Stage: {stage}.\n"
    )


def index(rules: Iterable[type[Rule]]) -> str:
    """Return the Markdown page that lists `rules`."""
    lines = [f"* [`{rule.id}`]({rule.id}.md): {summary(rule)}\n" for rule in rules]
    return "# Rules\n\n" + "".join(lines)


def summary(rule: type[Rule]) -> str:
    """Return the first line of the rule's documentation."""
    return (inspect.getdoc(rule) or "").partition("\n")[0]


def _options(rule: type[Rule]) -> str:
    defaults = rule()
    rows = []
    for field in msgspec.structs.fields(rule):
        name = rule.options().get(field.encode_name)
        if name is not None:
            value = getattr(defaults, name)
            rows.append(f"| `{field.encode_name}` | `{toml(value)}` | {_meaning(field)} |\n")
    return "".join(rows)


def _meaning(field: msgspec.structs.FieldInfo) -> str:
    schema = msgspec.json.schema_components((field.type,), schema_hook=lambda _: {})[0][0]
    described = schema.get("description")
    return described if isinstance(described, str) else "`deny`, `warn` or `off`."


def toml(value: object) -> str:
    """Return `value` as a policy file would have it."""
    if isinstance(value, timedelta):
        return json.dumps(str(value))
    if isinstance(value, tuple):
        return json.dumps(list(value))
    return json.dumps(value)
