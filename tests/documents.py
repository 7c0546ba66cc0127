"""What is generated in the documentation: `make docs` writes it, `make lint` and a test compare it.

A generated part stands between `<!-- generated: NAME -->` and `<!-- end -->`. The pages of the
rules and capabilities are generated whole.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from guard.artifact import capabilities
from guard.cli.parser import parser
from guard.policy import PRESETS, load
from guard.policy.schema import cases_schema, schema
from guard.rules import CATALOGUE
from guard.rules._page import index, page, summary, toml
from guard.wrappers.coverage import _page as coverage
from tests.e2e.doors import table
from tests.morning import morning

ROOT: Final = Path(__file__).parents[1]

_REGION: Final = re.compile(r"(<!-- generated: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def pages() -> list[Path]:
    """Every page of the documentation, those in the root of the repository first."""
    return [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md"))]


def generated() -> dict[Path, str]:
    """Return every page that is generated, whole or in part, as it should be."""
    rules = {ROOT / f"docs/rules/{id_}.md": page(rule) for id_, rule in CATALOGUE.items()}
    rules[ROOT / "docs/rules/index.md"] = index(CATALOGUE.values())
    for name, capability in capabilities.capabilities().items():
        rules[ROOT / f"docs/capabilities/{name}.md"] = capabilities.page(capability)
    rules[ROOT / "docs/capabilities/index.md"] = capabilities.index()
    rules[ROOT / "docs/reference/policy.schema.json"] = schema()
    rules[ROOT / "docs/reference/policy-cases.schema.json"] = cases_schema()
    rules[ROOT / "docs/reference/coverage.md"] = coverage.page()
    others = {path: path.read_text(encoding="utf-8") for path in pages() if path not in rules}
    return rules | {path: _refreshed(text) for path, text in others.items()}


def stale() -> list[Path]:
    """Return the pages that differ from what they should be."""
    return [
        path
        for path, text in generated().items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]


def _refreshed(text: str) -> str:
    return _REGION.sub(lambda found: found[1] + _REGIONS[found[2]]() + found[3], text)


def commands() -> Mapping[str, argparse.ArgumentParser]:
    """Return the parser of each command by its name, `policy show` after `policy`."""
    found: dict[str, argparse.ArgumentParser] = {}
    for name, command in _subcommands(parser()):
        found[name] = command
        found |= {f"{name} {action}": below for action, below in _subcommands(command)}
    return found


def _subcommands(command: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in command._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()


def _helps(command: argparse.ArgumentParser) -> dict[str, str]:
    return {
        choice.dest: choice.help or ""
        for action in command._actions
        if isinstance(action, argparse._SubParsersAction)
        for choice in action._choices_actions
    }


def _command_table() -> str:
    rows = [f"| `guard {name}` | {words} |" for name, words in _helps(parser()).items()]
    return "\n".join(["| command | what it does |", "|---|---|", *rows, ""])


def _command_line() -> str:
    return "\n".join(_command(name, command) for name, command in commands().items())


def _command(name: str, command: argparse.ArgumentParser) -> str:
    below = _helps(command)
    lines = [f"## `guard {name}`", ""]
    if command.description:
        lines += [command.description, ""]
    if below:
        lines += ["| action | what it does |", "|---|---|"]
        lines += [f"| `guard {name} {action}` | {words} |" for action, words in below.items()]
        lines.append("")
    for group in command._action_groups:
        shown = [a for a in group._group_actions if a.dest not in {"help", "action"}]
        rows = [_row(action) for action in shown]
        if rows:
            title = "option" if group.title == "options" else group.title
            head = "argument" if group.title == "positional arguments" else title
            lines += [f"| {head} | meaning |", "|---|---|", *rows, ""]
    return "\n".join(lines)


def _row(action: argparse.Action) -> str:
    value = action.metavar or ("" if action.choices is None else "|".join(action.choices))
    named = " ".join(f"`{option}`" for option in action.option_strings)
    shown = " ".join(part for part in (named, f"`{value}`" if value else "") if part)
    return f"| {shown.replace('|', chr(92) + '|')} | {action.help or ''} |"


def _rule_table() -> str:
    rows = ["| rule | | default | strict |", "|---|---|---|---|"]
    default, strict = load("default"), load("strict")
    for id_, rule in CATALOGUE.items():
        levels = [str(policy.rule(rule).level) for policy in (default, strict)]
        rows.append(f"| [`{id_}`]({{}}rules/{id_}.md) | {summary(rule)} | {' | '.join(levels)} |")
    return "\n".join([*rows, ""])


def _option_table() -> str:
    policies = [load(name) for name in PRESETS]
    names = " | ".join(f"`{name}`" for name in PRESETS)
    rows = [f"| option | {names} | meaning |", "|---|---|---|---|---|"]
    for id_, rule in CATALOGUE.items():
        meanings = dict(re.findall(r"^\| `([\w-]+)` \| .* \| (.*) \|$", page(rule), re.MULTILINE))
        for key, name in rule.options().items():
            values = " | ".join(f"`{toml(getattr(p.rule(rule), name))}`" for p in policies)
            rows.append(f"| `rules.{id_}.{key}` | {values} | {meanings[key]} |")
    return "\n".join([*rows, ""])


@cache
def _demonstration() -> tuple[str, str]:
    with morning() as demonstration:
        return demonstration.transcript(), demonstration.report()


def _transcript() -> str:
    return f"```console\n{_demonstration()[0]}```\n"


def _denied() -> str:
    last = _demonstration()[0].rpartition("\n\n$ ")[2]
    shown = "$ " + last.partition("$ by-guard")[0].replace("--python by-guard ", "")
    return f"```console\n{shown}```\n"


def _report() -> str:
    return f"```json\n{_demonstration()[1]}```\n"


def _example(name: str) -> str:
    text = (ROOT / "docs/examples" / name).read_text(encoding="utf-8")
    return f"```toml\n{text}```\n"


@cache
def _tried() -> str:
    """Return what comes of the example, without the rules that it says nothing about."""
    words = ["policy", "test", "cases.toml", "--policy", "guard.toml"]
    command = [sys.executable, "-P", "-m", "guard", *words]
    folder = ROOT / "docs/examples"
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    lines = [line for line in done.stdout.splitlines() if not line.startswith("no case is about")]
    shown = "\n".join([f"$ guard {' '.join(words)}", *lines])
    return f"```console\n{shown}\n```\n"


def keys(table: type[msgspec.Struct]) -> list[str]:
    """Return the keys that a table of the policy file may have."""
    return [field.encode_name for field in msgspec.structs.fields(table)]


_REGIONS: Final[Mapping[str, Callable[[], str]]] = {
    "commands": _command_table,
    "command-line": _command_line,
    "rules": lambda: _rule_table().replace("{}", ""),
    "rules-from-root": lambda: _rule_table().replace("{}", "docs/"),
    "rule-options": _option_table,
    "morning": _transcript,
    "denied": _denied,
    "report": _report,
    "doors": table.tables,
    "cases": lambda: _example("cases.toml"),
    "cases-policy": lambda: _example("guard.toml"),
    "cases-tried": _tried,
}


def main() -> int:
    """Write what is stale; with `--check`, only name it."""
    check = "--check" in sys.argv[1:]
    written = generated()
    paths = stale()
    for path in paths:
        sys.stdout.write(f"{'stale' if check else 'written'}: {path.relative_to(ROOT)}\n")
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(written[path], encoding="utf-8")
    return 1 if check and paths else 0


if __name__ == "__main__":
    sys.exit(main())
