"""Completions for the guard's own command line, made from its parser.

Every command becomes one row: the words that lead to it, the words that may follow, and for each
option with a value the values, if they are few.
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from guard.errors import UsageError


@dataclass(slots=True, kw_only=True)
class Row:
    """One command."""

    path: str
    """`guard`, `guard policy`, `guard policy show`."""

    commands: dict[str, str] = field(default_factory=dict)
    """The commands below it, with their help."""

    options: dict[str, str] = field(default_factory=dict)
    """Every spelling of every option, with its help."""

    values: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The options that take a value; those of which any is possible have none here."""

    words: tuple[str, ...] = ()
    """The values of its first argument, if they are few."""


def rows(parser: argparse.ArgumentParser, path: str = "guard") -> Iterator[Row]:
    """Yield the row of `parser`, then those of the commands below."""
    row, below = Row(path=path), []
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to be read
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            helps = {a.dest: a.help or "" for a in action._choices_actions}  # noqa: SLF001
            row.commands = {name: helps.get(name, "") for name in action.choices}
            below = [*action.choices.items()]
        elif not action.option_strings:
            row.words += tuple(map(str, action.choices or ()))
        else:
            for option in action.option_strings:
                row.options[option] = _plain(action.help)
                if action.nargs != 0:
                    row.values[option] = tuple(map(str, action.choices or ()))
    yield row
    for name, command in below:
        yield from rows(command, f"{path} {name}")


def completions(parser: argparse.ArgumentParser, shell: str) -> str:
    """Return the completions for `shell`. Raises `UsageError` for one that has none."""
    found = [*rows(parser)]
    match shell:
        case "bash":
            return _BASH.format(**_cases(found))
        case "zsh":
            return _ZSH.format(**_cases(found))
        case "fish":
            return _FISH + "".join(_fish(found))
        case _:
            raise UsageError(f"there are no completions for {shell}")


_BASH: Final = """\
# Completions of guard for bash, written by `guard shell completions bash`.
_wheelguard() {{
  local at=guard word choices='' i
  local current=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}}
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${{COMP_WORDS[i]}}
    case "$at $word" in {paths}) at="$at $word" ;; esac
  done
  case "$at $before" in
{values}
    *)
      case "$at" in
{words}
      esac ;;
  esac
  COMPREPLY=()
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$choices" -- "$current")
}}
complete -o default -F _wheelguard guard wheelguard
"""

_ZSH: Final = """\
#compdef guard wheelguard
# Completions of guard for zsh, written by `guard shell completions zsh`.
_wheelguard() {{
  local at=guard word choices='' i before=${{words[CURRENT-1]}}
  for ((i = 2; i < CURRENT; i++)); do
    word=${{words[i]}}
    case "$at $word" in {paths}) at="$at $word" ;; esac
  done
  case "$at $before" in
{values}
    *)
      case "$at" in
{words}
      esac ;;
  esac
  if [[ -n $choices ]]; then compadd -- ${{=choices}}; else _files; fi
}}
if [ "$funcstack[1]" = "_guard" ] || [ "$funcstack[1]" = "_wheelguard" ]; then
  _wheelguard "$@"
else
  compdef _wheelguard guard wheelguard
fi
"""

_FISH: Final = """\
# Completions of guard for fish, written by `guard shell completions fish`.
function __wheelguard_at
    set -l at
    for word in (commandline -opc)[2..-1]
        string match -q -- '-*' $word; and continue
        contains -- (string join ' ' $at $word) $__wheelguard_paths; and set -a at $word
    end
    test \"$at\" = \"$argv\"
end
"""


def _cases(found: list[Row]) -> dict[str, str]:
    paths = "|".join(shlex.quote(row.path) for row in found)
    values = [
        f"    {shlex.quote(f'{row.path} {option}')}) choices={shlex.quote(' '.join(choices))} ;;"
        for row in found
        for option, choices in row.values.items()
    ]
    words = [
        f"        {shlex.quote(row.path)}) choices={shlex.quote(_following(row))} ;;"
        for row in found
    ]
    return {"paths": paths, "values": "\n".join(values), "words": "\n".join(words)}


def _following(row: Row) -> str:
    return " ".join((*row.commands, *row.words, *row.options))


def _fish(found: list[Row]) -> Iterator[str]:
    paths = " ".join(shlex.quote(row.path.removeprefix("guard ")) for row in found[1:])
    yield f"set -g __wheelguard_paths {paths}\n"
    for row in found:
        at = row.path.removeprefix("guard").strip()
        begin = f"complete -c guard -n {shlex.quote(f'__wheelguard_at {at}'.strip())}"
        for name, words in row.commands.items():
            yield f"{begin} -f -a {name} -d {_fish_quoted(words)}\n"
        if row.words:
            yield f"{begin} -f -a {shlex.quote(' '.join(row.words))}\n"
        for option, words in row.options.items():
            yield f"{begin} {_fish_option(option, row)} -d {_fish_quoted(words)}\n"
    yield "complete -c wheelguard -w guard\n"


def _fish_option(option: str, row: Row) -> str:
    spelling = f"-l {option[2:]}" if option.startswith("--") else f"-s {option[1:]}"
    if option not in row.values:
        return spelling
    choices = row.values[option]
    return f"{spelling} -x -a {shlex.quote(' '.join(choices))}" if choices else f"{spelling} -r"


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _plain(words: str | None) -> str:
    return (words or "").replace("%%", "%")
