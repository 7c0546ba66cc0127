"""The page of the documentation that the tables make: `docs/reference/coverage.md`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from guard.wrappers.coverage import TABLES, Command, Handling, Option, Tool, Treatment, table
from guard.wrappers.coverage.environment import EITHER, GATEWAY, NATIVE, Variable

_HEAD: Final = """\
# What is covered

What the guard does with every command of the tools that it stands in for, and with every option
of those that can bring code in. This page is made from the tables that it acts by; a test compares
them with the help of each tool, of the lowest and the newest version.

A command is **judged** by the guard itself, judged behind the **gateway**, **passed** straight on
because it brings no code in, or **refused**. What is in no table is refused as well: a newer
version of a tool may have it, and nobody has looked at what it does. Abbreviated options are read
as the tool reads them; of a version that is newer than the table they are refused.

An option is *honored* (the guard's own is named), *judged* (it names what comes in), *harmless*,
or *refused*; with *shows* the tool prints something and does nothing else. Tools have some options
under other names than those of their help; these are here too.

`pip-compile` and `pip-sync` are none of these tools, and have no shim: [what to type
instead](../guides/pip.md#with-pip-tools).

Plugins that lie in a project run with every command of poetry and pdm, as they do without the
guard: they are part of the checkout.
"""

_FEW: Final = 6
"""Commands that are named one by one."""


def page() -> str:
    """Return the whole page."""
    parts = [_HEAD, *(_tool(table(name)) for name in TABLES), _environment()]
    return "\n".join(parts)


def _tool(tool: Tool) -> str:
    lowest, newest = tool.versions
    lines = [
        f"## `{tool.name}`",
        "",
        f"Compared with {tool.name} {lowest} and {newest}.",
        "",
        "| command | | why, or what to do instead |",
        "|---|---|---|",
        *(_command(tool, path, entry) for path, entry in tool.commands.items()),
        "",
    ]
    options = list(_options(tool))
    if options:
        lines += ["| option | of | | what it comes to |", "|---|---|---|---|", *options, ""]
    return "\n".join(lines)


def _command(tool: Tool, path: tuple[str, ...], entry: Command) -> str:
    said = entry.why
    if entry.unchanging:
        only = " or ".join(f"`{name}`" for name in sorted(entry.unchanging))
        said += f"; with {only} it only reads, and is passed"
    if entry.nearest:
        said += f"; instead: {entry.nearest}"
    return f"| {_code((tool.name, *path))} | {entry.handling.value} | {_cell(said)} |"


def _options(tool: Tool) -> Iterator[str]:
    """Yield a row for each way in which the commands that can bring code in treat an option."""
    found: dict[Option, list[tuple[str, ...]]] = {}
    for path, entry in tool.commands.items():
        if entry.handling in {Handling.NATIVE, Handling.GATEWAY}:
            for option in dict.fromkeys(entry.options.values()):
                found.setdefault(option, []).append(path)
    counted = sum(
        entry.handling in {Handling.NATIVE, Handling.GATEWAY} for entry in tool.commands.values()
    )
    for option, paths in sorted(found.items(), key=lambda item: item[0].name.lstrip("-")):
        few = ", ".join(_code(path) for path in paths) if len(paths) <= _FEW else "most"
        of = "all" if len(paths) == counted else few
        yield f"| {_names(option)} | {of} | {option.treatment.value} | {_cell(_note(option))} |"


def _names(option: Option) -> str:
    value = f" `{option.arity.value}`" if option.arity.value else ""
    return " ".join(f"`{name}`" for name in option.names) + value


def _note(option: Option) -> str:
    if option.treatment is Treatment.HONOURED:
        return f"`{option.note}`"
    said = option.note
    if option.allowed:
        values = " and ".join(f"`{value}`" for value in sorted(option.allowed))
        said += f"; {values} changes nothing, and is let through"
    return f"{said}; instead: {option.nearest}" if option.nearest else said


def _environment() -> str:
    return "\n".join(
        [
            "## Environment",
            "",
            "A variable is an option that nobody typed. Those of a tool's prefix that are not",
            "named here are dropped.",
            "",
            "Where the guard resolves and installs by itself:",
            "",
            *_variables(NATIVE),
            "Behind the gateway:",
            "",
            *_variables(GATEWAY),
            "In either case:",
            "",
            *_variables(EITHER),
        ]
    )


def _variables(variables: Iterable[Variable]) -> Iterator[str]:
    yield from ["| variable | | why |", "|---|---|---|"]
    for variable in variables:
        yield f"| `{variable.name}` | {variable.use.value} | {_cell(variable.why)} |"
    yield ""


def _code(path: tuple[str, ...]) -> str:
    return f"`{' '.join(path)}`" if path else "first"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
