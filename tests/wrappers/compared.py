"""The difference between a tool and its table."""

from __future__ import annotations

from collections.abc import Mapping

from guard.wrappers.coverage import Arity, Handling, table
from tests.wrappers.helps import Options


def missing(tool: str, found: Mapping[tuple[str, ...], Options]) -> list[str]:
    """What the tool has and the table has not, or has another way."""
    entries = table(tool)
    differences = []
    for path, names in found.items():
        said = " ".join((tool, *path))
        entry = entries.commands.get(entries.aliases.get(path, path))
        if entry is None:
            differences.append(f"no command `{said}`")
        elif entry.handling is not Handling.REFUSED or entry.unchanging:
            for name, valued in names.items():
                known = entry.options.get(name)
                if known is None:
                    differences.append(f"no option `{said} {name}`")
                elif (known.arity is not Arity.FLAG) is not valued:
                    differences.append(f"another arity `{said} {name}`")
    return differences
